/** Definitions, measures and specifications belong together, and none is left alone. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { measures } from '../../metrics/index.ts';
import { taskResources } from '../../metrics/taskResources.ts';
import { declarativeMeasures } from '../../src/harness/declarative.ts';
import * as datasetTypes from '../../src/model/datasetTypes.ts';
import { loadMetrics } from '../../src/harness/loadMetrics.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import type { Requirement } from '../../src/harness/measure.ts';
import { measureAll } from '../../src/harness/measureAll.ts';
import { truth } from '../../src/model/datasetTypes.ts';
import { memorySource } from '../harness/memorySource.ts';
import { emptyItems, runOf } from './inputs.ts';

const read = (path: string): { path: string; text: string } => ({ path, text: readFileSync(path, 'utf8') });
const yamlFiles = (dir: string): string[] => readdirSync(dir).filter(f => f.endsWith('.yaml')).map(f => `${dir}/${f}`);
const metrics = loadMetrics(yamlFiles('metrics').map(read));
const common = yamlFiles('metrics/specs').map(read);
const datasetSpecs = readdirSync('datasets').flatMap(name => {
  try {
    return [read(`datasets/${name}/specs.yaml`)];
  } catch {
    return [];
  }
});

/** Measures in code and declared ones. */
const all = [...measures, ...declarativeMeasures(metrics, Object.values(datasetTypes))];

const namedMeasure = (metric: string): (typeof all)[number] => all.find(m => m.metric === metric)!;
const needsTruth = (metric: string): boolean => Object.values(namedMeasure(metric).requires as Record<string, Requirement>)
  .some(r => ('compute' in r ? Object.values(r.inputs) : [r]).some(t => t.name === truth.name));

describe('metrics: definitions', () => {
  it('every metric has exactly one measure and every measure a metric', () => {
    expect(metrics.length).to.be.greaterThan(25);
    expect(all.map(m => m.metric).sort()).to.deep.equal(metrics.map(m => m.name).sort());
  });

  it('the file of a measure is named as its metric, and listed in the index', () => {
    const files = readdirSync('metrics/measures').map(f => f.replace(/\.ts$/, ''));
    const lowerFirst = (word: string): string => word[0]!.toLowerCase() + word.slice(1);
    const inTables = new Set(taskResources.map(m => m.metric));
    const ofFiles = metrics.filter(m => m.declaration === undefined && !inTables.has(m.name));
    expect(ofFiles.map(m => lowerFirst(m.name.split('.')[1]!.replace(/^[A-Z]+(?=\d)/, word => word.toLowerCase()))).sort()).to.deep.equal(files.sort());
  });

  it('the tag `truth` says which measures need truth; `resource` which depend on the machine', () => {
    for (const metric of metrics) expect(metric.tags.includes('truth'), metric.name).to.equal(needsTruth(metric.name));
    const resources = ['ap_verify.TaskTime', 'ap_verify.TaskMemory', ...taskResources.map(m => m.metric)];
    expect(metrics.filter(m => m.tags.includes('resource')).map(m => m.name)).to.have.members(resources);
  });

  it('titles are unique and definitions have different hashes', () => {
    for (const key of ['title', 'definitionHash'] as const) expect(new Set(metrics.map(m => m[key])).size, key).to.equal(metrics.length);
  });

  it('the common specifications load, and none gates on a resource', () => {
    const specifications = loadSpecifications(common, metrics);
    expect(specifications.length).to.be.greaterThan(4);
    for (const s of specifications) expect(metrics.find(m => m.name === s.metric)!.tags, s.name).not.to.include('resource');
    expect(specifications.some(s => s.metric === 'ap_verify.numFailedQuanta' && s.severity === 'block')).to.equal(true);
  });

  for (const file of datasetSpecs) {
    it(`${file.path} loads on top of them`, () => {
      expect(loadSpecifications([...common, file], metrics).length).to.be.at.least(loadSpecifications(common, metrics).length);
    });
  }
});

describe('metrics: absence', () => {
  for (const { name } of metrics) {
    const isOfRun = Object.keys(namedMeasure(name).requires as object).length === 0;
    it(`${name}: a run that has produced nothing has no value`, async () => {
      const { measurements } = await measureAll({ metrics, measures: all, source: memorySource(), run: runOf() });
      const own = measurements.filter(m => m.metric === name);
      expect(own).to.have.length(1);
      expect(own[0]).to.include({ status: 'missing', value: null });
      expect(own[0]!.reason).to.include(isOfRun ? 'no quant' : 'has not produced any');
    });
    if (needsTruth(name)) {
      it(`${name}: not applicable to a dataset without truth`, async () => {
        const { measurements } = await measureAll({ metrics, measures: all, source: memorySource(), run: runOf({ hasTruth: false }) });
        expect(measurements.find(m => m.metric === name)).to.include({ status: 'not-applicable', value: null, reason: 'the dataset has no truth' });
      });
    }
  }

  /** Counts of nothing are 0 and say so with an upper limit; everything else of nothing is no number. */
  const COUNTS = ['ip_diffim.numSciSources', 'ip_diffim.numUnmeasuredFlux', 'ap_association.numNewDiaObjects', 'ap_association.totalUnassociatedDiaObjects'];
  const INVALID = ['ip_diffim.DifferenceWidth', 'pipe_tasks.PsfFwhm', 'pipe_tasks.ScienceDepth'];
  for (const { measure, requires, metric } of all) {
    it(`${metric}: outputs that are there and empty`, () => {
      const values = Object.fromEntries(Object.entries(requires as Record<string, Requirement>).map(([key, r]) => [key, emptyItems(r)]));
      const outcome = [measure(values as never, runOf({ images: [1, 2, 3].map(visit => ({ visit, detector: 0, band: 'g' })) }))].flat()[0]!;
      if (COUNTS.includes(metric)) {
        expect(outcome).to.include({ status: 'ok', value: 0 });
        expect(outcome.interval![0]).to.equal(0);
        expect(outcome.interval![1]).to.be.closeTo(1.841, 0.001);
        return;
      }
      expect(outcome).to.include({ status: INVALID.includes(metric) ? 'invalid' : 'missing', value: null });
      expect(outcome.reason).to.be.a('string').with.length.greaterThan(5);
      expect(outcome.n).to.equal(0);
    });
  }
});
