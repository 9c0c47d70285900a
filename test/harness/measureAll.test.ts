import { expect } from 'chai';
import { defineDigest, defineMeasure, measured, missing, notApplicable } from '../../src/harness/measure.ts';
import type { ImageFacts, Measure, RunFacts } from '../../src/harness/measure.ts';
import { measureAll } from '../../src/harness/measureAll.ts';
import type { ResultSource } from '../../src/harness/resultSource.ts';
import { sortedDataIds } from '../../src/harness/resultSource.ts';
import * as types from '../../src/model/datasetTypes.ts';
import type { Exposure } from '../../src/model/image.ts';
import { tableFromRows } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import type { Measurement } from '../../src/model/verification.ts';
import { memorySource } from './memorySource.ts';
import { HASH, metricOf } from './results.ts';

const images: readonly ImageFacts[] = [
  { visit: 10, detector: 0, band: 'r' }, { visit: 2, detector: 1, band: 'g' }, { visit: 2, detector: 0, band: 'g' },
];
const run: RunFacts = { hasTruth: true, images, quanta: [] };
const id = (visit: number, detector: number): { instrument: string; visit: number; detector: number } => ({ instrument: 'sim', visit, detector });
const rows = (n: number): Table => ({ nRows: n, columns: {} });
const image = (n: number): Exposure => ({ width: n } as Exposure);

const countRows = defineMeasure({
  metric: 'pkg.M', requires: { stars: types.starCatalog },
  measure: ({ stars }) => measured({ value: stars.reduce((n, s) => n + s.value.nRows, 0), n: stars.length, interval: null }),
});
const width = defineDigest({ digest: 'width', inputs: { difference: types.differenceImage }, compute: ({ difference }) => difference.width });
const widest = defineMeasure({
  metric: 'pkg.M', requires: { widths: width },
  measure: ({ widths }) => measured({ value: Math.max(...widths.map(w => w.value)), n: widths.length, interval: null }),
});

async function measureOne(measure: Measure<never> | object, source: ResultSource, facts = run): Promise<Measurement> {
  const { measurements } = await measureAll({ metrics: [metricOf()], measures: [measure as Measure<never>], source, run: facts });
  expect(measurements).to.have.length(1);
  return measurements[0]!;
}

describe('harness/measureAll', () => {
  it('a measurement has the unit and the hash of its definition', async () => {
    const source = memorySource().put(types.starCatalog, id(2, 0), rows(3)).put(types.starCatalog, id(2, 1), rows(4))
      .put(types.starCatalog, id(10, 0), rows(5));
    expect(await measureOne(countRows, source)).to.deep.equal({
      metric: 'pkg.M', unit: 'mas', definitionHash: HASH, status: 'ok', value: 12, n: 3, interval: null, reason: null, keys: {}, blobs: {},
    });
  });

  it('says so when some images have no data', async () => {
    const source = memorySource().put(types.starCatalog, id(2, 0), rows(3)).put(types.differenceImage, id(10, 0), image(7));
    expect(await measureOne(countRows, source)).to.include({ status: 'ok', value: 3, reason: 'from 1 of 3 images' });
    expect(await measureOne(widest, source)).to.include({ status: 'ok', value: 7, reason: 'from 1 of 3 images' });
    const talkative = defineMeasure({
      metric: 'pkg.M', requires: { stars: types.starCatalog }, measure: () => measured({ value: 1, n: 1, interval: null, reason: 'clipped' }),
    });
    expect((await measureOne(talkative, source)).reason).to.equal('clipped; from 1 of 3 images');
  });

  const absences: readonly [string, object, Partial<RunFacts>, Measurement['status'], string][] = [
    ['no dataset', countRows, {}, 'missing', 'the run has not produced any single_visit_star_unstandardized'],
    ['no image for a digest', widest, {}, 'missing', 'the run has not produced any difference_image'],
    ['no truth in the dataset', { metric: 'pkg.M', requires: { truth: types.truth }, measure: () => [] }, { hasTruth: false }, 'not-applicable', 'no truth'],
    ['truth that should be there', { metric: 'pkg.M', requires: { truth: types.truth }, measure: () => [] }, {}, 'missing', 'any truth'],
    ['no truth for a digest', {
      metric: 'pkg.M', measure: () => [], requires: { d: defineDigest({ digest: 'd', inputs: { truth: types.truth }, compute: () => 1 }) },
    }, { hasTruth: false }, 'not-applicable', 'no truth'],
    ['another metric only', { ...countRows, metric: 'pkg.Other' }, {}, 'missing', 'there is no measure for this metric'],
    ['a measure without outcomes', { metric: 'pkg.M', requires: {}, measure: () => [] }, {}, 'missing', 'the measure gave no value'],
    ['a measure that throws', { metric: 'pkg.M', requires: {}, measure: () => { throw new Error('division by zero'); } }, {}, 'failed', 'division by zero'],
    ['a measure that throws a word', { metric: 'pkg.M', requires: {}, measure: () => { throw 'word'; } }, {}, 'failed', 'word'],
    ['NaN', { metric: 'pkg.M', requires: {}, measure: () => measured({ value: NaN, n: 4, interval: [1, 2] }) }, {}, 'invalid', 'the value is NaN'],
    ['missing by the measure', { metric: 'pkg.M', requires: {}, measure: () => missing('too dark') }, {}, 'missing', 'too dark'],
    ['not applicable by the measure', { metric: 'pkg.M', requires: {}, measure: () => notApplicable('one visit') }, {}, 'not-applicable', 'one visit'],
  ];
  for (const [name, measure, facts, status, reason] of absences) {
    it(`${name}: ${status}`, async () => {
      const measurement = await measureOne(measure, memorySource(), { ...run, ...facts });
      expect(measurement).to.include({ status, value: null, interval: null });
      expect(measurement.reason).to.include(reason);
    });
  }

  it('a digest that throws on one image fails the measures that need it, and no others', async () => {
    const broken = defineDigest({
      digest: 'broken', inputs: { difference: types.differenceImage },
      compute: ({ difference }, { visit }) => { if (visit === 10) throw new Error('bad pixels'); return difference.width; },
    });
    const needsIt = defineMeasure({ metric: 'pkg.Needs', requires: { broken }, measure: () => measured({ value: 1, n: 1, interval: null }) });
    const source = memorySource();
    for (const { visit, detector } of images) source.put(types.differenceImage, id(visit, detector), image(visit));
    const { measurements } = await measureAll({
      metrics: [metricOf({ name: 'pkg.Needs' }), metricOf()], measures: [needsIt, widest] as unknown as Measure<never>[], source, run,
    });
    expect(measurements.map(m => [m.metric, m.status, m.value])).to.deep.equal([['pkg.Needs', 'failed', null], ['pkg.M', 'ok', 10]]);
    expect(measurements[0]!.reason).to.include('visit 10, detector 0: bad pixels');
  });

  it('loads an image once for all digests, in order of visit and detector, with what belongs to it', async () => {
    const seen: string[] = [];
    const note = (digest: string): ReturnType<typeof defineDigest> => defineDigest({
      digest, inputs: { difference: types.differenceImage, truth: types.truth },
      compute: ({ difference, truth }, facts) => {
        seen.push(`${digest} ${facts.visit}.${facts.detector}.${facts.band} ${difference.width} ${truth.nRows}`);
        return difference.width;
      },
    });
    const source = memorySource().put(types.truth, { instrument: 'sim', visit: 2 }, rows(22)).put(types.truth, { instrument: 'sim', visit: 10 }, rows(11));
    for (const { visit, detector } of images) source.put(types.differenceImage, id(visit, detector), image(10 * visit + detector));
    const { digests } = await measureAll({ metrics: [], measures: [], extraDigests: [note('a'), note('b'), note('a')], source, run });
    expect(seen).to.deep.equal(['a 2.0.g 20 22', 'b 2.0.g 20 22', 'a 2.1.g 21 22', 'b 2.1.g 21 22', 'a 10.0.r 100 11', 'b 10.0.r 100 11']);
    expect(source.loaded.filter(t => t === 'difference_image')).to.have.length(3);
    expect(digests.get('a')).to.deep.equal([
      { dataId: { visit: 2, detector: 0, band: 'g' }, value: 20 }, { dataId: { visit: 2, detector: 1, band: 'g' }, value: 21 },
      { dataId: { visit: 10, detector: 0, band: 'r' }, value: 100 }]);
  });

  it('a digest skips an image of which one of its inputs is not there', async () => {
    const both = defineDigest({ digest: 'both', inputs: { a: types.differenceImage, b: types.visitImage }, compute: () => 1 });
    const source = memorySource().put(types.differenceImage, id(2, 0), image(1)).put(types.differenceImage, id(2, 1), image(1))
      .put(types.visitImage, id(2, 1), image(1));
    const { digests } = await measureAll({ metrics: [], measures: [], extraDigests: [both], source, run });
    expect(digests.get('both')!.map(d => d.dataId)).to.deep.equal([{ visit: 2, detector: 1, band: 'g' }]);
  });

  it('tables come in the order of their data IDs, numbers by size', async () => {
    const order = defineMeasure({
      metric: 'pkg.M', requires: { stars: types.starCatalog },
      measure: ({ stars }) => stars.map(s => measured({ value: 1, n: 1, interval: null, keys: { visit: Number(s.dataId.visit) } })),
    });
    const source = memorySource();
    for (const visit of [10, 9, 100]) source.put(types.starCatalog, id(visit, 0), tableFromRows([], []));
    const { measurements } = await measureAll({ metrics: [metricOf()], measures: [order as never], source, run });
    expect(measurements.map(m => m.keys.visit)).to.deep.equal([9, 10, 100]);
    // The detector comes before the visit among the dimensions.
    expect(sortedDataIds([{ visit: 1, detector: 10 }, { visit: 22, detector: 9 }, { visit: 3, detector: 9 }]))
      .to.deep.equal([{ visit: 3, detector: 9 }, { visit: 22, detector: 9 }, { visit: 1, detector: 10 }]);
  });
});
