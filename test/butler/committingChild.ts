/** Commits note after note of ever new runs until it is killed; says each one that is committed. */
import { openRepository } from '../../src/butler/repository.ts';
import { stageDataset } from '../../src/butler/staging.ts';

const note = { name: 'note', dimensions: ['instrument', 'detector'], storageClass: 'StructuredDataDict', isCalibration: false } as const;
const repository = openRepository(process.argv[2]!);
for (let k = 0; ; k++) {
  const run = `child/${k}`;
  repository.registerRun(run);
  const staged = [0, 1].map(detector => stageDataset(repository.root, { type: note, dataId: { instrument: 'sim', detector }, run }, { k }));
  repository.commit(staged);
  process.stdout.write(`${k}\n`);
}
