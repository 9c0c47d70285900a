import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { instruments } from '../../src/instruments/index.ts';
import { applyOverrides, loadPipeline } from '../../src/pipeline/pipelineYaml.ts';
import { resolvePipeline } from '../../src/pipeline/resolvePipeline.ts';
import type { ResolvedPipeline } from '../../src/pipeline/resolvePipeline.ts';
import { tasks } from '../../src/tasks/index.ts';

const ROOT = path.join(import.meta.dirname, '../../src/pipelines');

function resolve(file: string, set: readonly string[] = [], fragment = ''): ResolvedPipeline {
  const { ir, selection } = loadPipeline(path.join(ROOT, file) + fragment, { readText: location => readFileSync(location, 'utf8') });
  const instrument = Object.values(instruments).find(({ className }) => className === ir.instrument);
  return resolvePipeline(applyOverrides(ir, set), tasks, { selection, overrides: instrument?.overrides ?? {} });
}

const ORDER = [
  'isr', 'calibrateImage', 'rewarpTemplate', 'subtractImages', 'detectAndMeasureDiaSource', 'filterDiaSource',
  'standardizeDiaSource', 'associateApdb',
];
const connectionOf = (pipeline: ResolvedPipeline, label: string, name: string) =>
  pipeline.tasks.find(task => task.label === label)!.inputs.find(input => input.name === name)!;
const configOf = (pipeline: ResolvedPipeline, label: string) => pipeline.tasks.find(task => task.label === label)!.config;

describe('pipeline definitions', () => {
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.yaml')).sort();

  it('are the ones that this test knows', () => {
    expect(files).to.deep.equal(['ApPipe-2021.yaml', 'ApPipe.yaml', path.join('sdss', 'ApPipe-2021.yaml'), path.join('sdss', 'ApPipe.yaml')]);
  });

  for (const file of files.filter(name => !name.includes('2021'))) {
    it(`${file} resolves to the whole of alert production`, () => {
      const pipeline = resolve(file);
      expect(pipeline.tasks.map(({ label }) => label)).to.deep.equal(ORDER);
      expect(pipeline.warnings).to.deep.equal([]);
      expect([...pipeline.subsets.keys()].sort()).to.deep.equal(['apPipe', 'apPipeDifference', 'apPipeSingleFrame']);
      expect([...pipeline.subsets.get('apPipe')!.members].sort()).to.deep.equal([...ORDER].sort());
    });
  }

  for (const [file, template] of [['ApPipe-2021.yaml', 'template_exposure'], ['sdss/ApPipe-2021.yaml', 'preliminary_visit_image']] as const) {
    it(`${file} resolves to the five tasks of 2021`, () => {
      const pipeline = resolve(file);
      expect(pipeline.warnings).to.deep.equal([]);
      expect(pipeline.tasks.map(({ label, task }) => [label, task.name])).to.deep.equal([
        ['isr', 'IsrTask'], ['characterizeImage', 'CharacterizeImageTask'], ['calibrate', 'CalibrateTask'],
        ['imageDifference', 'ImageDifferenceTask'], ['diaPipe', 'DiaPipelineTask'],
      ]);
      expect(connectionOf(pipeline, 'imageDifference', 'templates').datasetType.name).to.equal(template);
      // What metrics read has the names of the present pipeline.
      const made = (p: ResolvedPipeline): string[] => p.tasks.flatMap(task => task.outputs.map(({ datasetType }) => datasetType.name));
      expect(made(pipeline)).to.include.members(made(resolve(file.replace('-2021', ''))));
    });
  }

  it('the parts of 2021 have the settings of the present tasks', () => {
    for (const folder of ['', 'sdss/']) {
      const [present, old] = [resolve(`${folder}ApPipe.yaml`), resolve(`${folder}ApPipe-2021.yaml`)];
      const difference = configOf(old, 'imageDifference');
      const parts: readonly (readonly [string, string])[] = [
        ['rewarpTemplate', 'getTemplate'], ['subtractImages', 'subtract'], ['detectAndMeasureDiaSource', 'detectAndMeasure'],
        ['filterDiaSource', 'filter'], ['standardizeDiaSource', 'standardize'],
      ];
      for (const [label, part] of parts) {
        for (const [name, value] of Object.entries(configOf(present, label))) expect(difference[`${part}.${name}`], `${part}.${name}`).to.deep.equal(value);
      }
      const whole = configOf(present, 'calibrateImage');
      expect({ ...configOf(old, 'characterizeImage'), ...configOf(old, 'calibrate') }).to.deep.include(whole);
    }
  });

  it('take templates from files by default', () => {
    const templates = connectionOf(resolve('ApPipe.yaml'), 'rewarpTemplate', 'templates');
    expect([templates.datasetType.name, templates.producer]).to.deep.equal(['template_exposure', null]);
  });

  it('take the other visits as templates of SDSS', () => {
    const pipeline = resolve('sdss/ApPipe.yaml');
    const templates = connectionOf(pipeline, 'rewarpTemplate', 'templates');
    expect([templates.datasetType.name, templates.producer]).to.deep.equal(['preliminary_visit_image', 'calibrateImage']);
    expect(configOf(pipeline, 'isr')).to.include({ doBias: false, doFlat: false, doOverscan: false, softBias_adu: 1000 });
    expect(configOf(pipeline, 'filterDiaSource').doRemoveDipoles).to.equal(true);
    expect(configOf(resolve('ApPipe.yaml'), 'filterDiaSource').doRemoveDipoles).to.equal(false);
    expect(connectionOf(pipeline, 'isr', 'rawMask').required).to.equal(false);
  });

  it('can be run in part', () => {
    const labels = (fragment: string): string[] => resolve('ApPipe.yaml', [], fragment).tasks.map(({ label }) => label);
    expect(labels('#apPipeSingleFrame')).to.deep.equal(ORDER.slice(0, 2));
    expect(labels('#apPipeDifference')).to.deep.equal(ORDER.slice(2, 7));
    expect(labels('#..filterDiaSource')).to.deep.equal(ORDER.slice(0, 6));
  });

  const broken: readonly (readonly [string, string[], RegExp])[] = [
    ['sky sources that stay', ['filterDiaSource:doRemoveSkySources=False'], /sky sources that are measured must be removed/],
    ['a template that nothing subtracts', ['rewarpTemplate:connections.template=t2'], /template|t2/],
    ['coverage that would be an error later', ['rewarpTemplate:requiredTemplateFraction=0.05', 'subtractImages:minTemplateFractionForExpectedSuccess=0.01'],
      /too small for a subtraction/],
    ['a field that is none', ['detectAndMeasureDiaSource:threshold=5'], /threshold/],
  ];
  for (const [name, set, message] of broken) {
    it(`refuse ${name}`, () => expect(() => resolve('ApPipe.yaml', set)).to.throw(message));
  }
});
