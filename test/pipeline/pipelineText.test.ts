import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pipelineYaml } from '../../src/pipeline/pipelineText.ts';
import { addTasks, applyOverrides, deleteTasks, loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import { taskAliases } from '../../src/tasks/aliases.ts';
import { tasks } from '../../src/tasks/index.ts';

const HOME = path.resolve(import.meta.dirname, '..', '..', 'src', 'pipelines');
const load = (name: string): ReturnType<typeof loadPipeline>['ir'] =>
  loadPipeline(path.join(HOME, name), { readText: file => readFileSync(file, 'utf8'), variables: { AP_PIPE_DIR: path.dirname(HOME) } }).ir;

describe('pipelines as one text', () => {
  for (const name of ['ApPipe.yaml', 'ApPipe-2021.yaml', 'sdss/ApPipe.yaml']) {
    it(`${name} is read back as the same pipeline, overrides included`, () => {
      const ir = load(name);
      const [label] = [...ir.tasks.keys()];
      const changed = applyOverrides(ir, [`${label}:growSaturation_px=3`, `${label}:growSaturation_px=4`]);
      const again = loadPipeline('again.yaml', { readText: () => pipelineYaml(changed) }).ir;
      const texts = [changed, again].map(each => resolvePipeline(each, tasks, { aliases: taskAliases }));
      expect(texts[1]!.configText).to.equal(texts[0]!.configText).and.to.include('"growSaturation_px":4');
      expect([...texts[1]!.subsets.keys()]).to.deep.equal([...texts[0]!.subsets.keys()]);
      expect(again.contracts.map(({ expression }) => expression)).to.deep.equal(changed.contracts.map(({ expression }) => expression));
      expect(pipelineYaml(again)).to.equal(pipelineYaml(changed));
    });
  }

  it('tasks are added and deleted by class, label and subset', () => {
    const ir = load('ApPipe.yaml');
    const single = deleteTasks(ir, [...ir.subsets.keys()].filter(label => label !== 'apPipeSingleFrame'));
    expect(single.tasks.size).to.be.lessThan(ir.tasks.size);
    const added = addTasks(deleteTasks(ir, ['isr']), ['lsst.ip.isr.IsrTask:isr', 'IsrTask']);
    expect([...added.tasks.keys()]).to.include.members(['isr', 'IsrTask']);
    expect(() => addTasks(ir, ['IsrTask:isr'])).to.throw(/-t IsrTask:isr.*label 'isr'.*--delete/s);
    expect(() => addTasks(ir, ['a:b:c'])).to.throw(/CLASS or CLASS:label/);
    expect(() => deleteTasks(ir, ['isrr'])).to.throw(/--delete isrr.*isr/s);
  });
});
