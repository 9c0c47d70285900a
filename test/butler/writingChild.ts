/** Commits notes into runs of its own until it has made so many; says when it is ready, and waits for a word to begin. */
import { openRepository } from '../../src/butler/repository.ts';
import { stageDataset } from '../../src/butler/staging.ts';

const note = { name: 'note', dimensions: ['instrument', 'detector'], storageClass: 'StructuredDataDict', isCalibration: false } as const;
const [, , root, prefix, n] = process.argv;
const repository = openRepository(root!);
process.stdout.write('ready\n');
process.stdin.once('data', () => {
  for (let k = 0; k < Number(n); k++) {
    const run = `${prefix!}/${k}`;
    repository.registerRun(run);
    repository.commit([0, 1].map(detector => stageDataset(repository.root, { type: note, dataId: { instrument: 'sim', detector }, run }, { prefix, k })));
  }
  repository.close();
  process.exit(0);
});
