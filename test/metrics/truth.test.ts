/** Measures against the truth: completeness, purity, positions, fluxes, association. */
import { expect } from 'chai';
import { majorityCount } from '../../metrics/associationCounts.ts';
import { completenessCurves } from '../../metrics/completenessCurves.ts';
import { usableChanges } from '../../metrics/truthSamples.ts';
import type { TrueChange } from '../../src/harness/digests/truthRecovery.ts';
import type { Outcome } from '../../src/harness/measure.ts';
import { diaSourceApdb } from '../../src/model/datasetTypes.ts';
import { poissonInterval, wilsonInterval } from '../../src/numeric/intervals.ts';
import { changeOf, itemsOf, matchOf, measure, recoveryOf, runOf, tableOf } from './inputs.ts';

const ofChanges = (metric: string, ...images: readonly (readonly TrueChange[])[]): Outcome =>
  measure(metric, { recovery: itemsOf(...images.map(changes => recoveryOf(changes))) });
const found = (match: Parameters<typeof matchOf>[0] = {}, change: Partial<TrueChange> = {}): TrueChange =>
  changeOf({ match: matchOf(match), ...change });
const missed = (change: Partial<TrueChange> = {}): TrueChange => changeOf(change);

describe('metrics: completeness and purity', () => {
  const sample = [
    [found(), found({}, { snr: 7 }), missed({ snr: 7 }), missed({ snr: 30, usable: false }), found({}, { snr: 3 })],
    [missed({ snr: 12 }), missed({ snr: 15, foundBeforeCuts: false }), found({}, { snr: 10 }), missed({ snr: 5 })],
  ];
  // Above 10: 20 found, 12 and 15 missed; the ones of exactly 10 and 5 do not count there.
  for (const [metric, k, n] of [
    ['ap_verify.CompletenessSnr10', 1, 3], ['ap_verify.CompletenessSnr5', 3, 6], ['ap_verify.CompletenessBeforeCutsSnr10', 2, 3],
  ] as const) {
    it(`${metric}: ${k} of ${n}`, () => {
      const outcome = ofChanges(metric, ...sample);
      expect(outcome).to.include({ status: 'ok', value: (100 * k) / n, n });
      expect(outcome.interval).to.deep.equal(wilsonInterval(k, n)!.map(x => 100 * x));
    });
  }

  it('all found is 100 % with a lower limit; only faint or unusable truth is no sample', () => {
    expect(ofChanges('ap_verify.CompletenessSnr10', [found(), found()]).interval![0]).to.be.lessThan(100);
    expect(ofChanges('ap_verify.CompletenessSnr10', [found({}, { snr: 9 }), found({}, { usable: false })]))
      .to.include({ status: 'missing', reason: 'no usable truth with S/N > 10' });
  });

  it('Purity counts sources, not changes', () => {
    const recovery = itemsOf(recoveryOf([], { nSources: 7, nTrueSources: 5 }), recoveryOf([], { nSources: 3, nTrueSources: 1 }));
    expect(measure('ap_verify.Purity', { recovery })).to.include({ status: 'ok', value: 60, n: 10 });
  });

  it('curves: by signal to noise of all bands, by magnitude one a band; bins add up', () => {
    const changes = usableChanges(itemsOf(recoveryOf(sample[0]!), recoveryOf(sample[1]!)));
    const { bySnr, byMagnitude } = completenessCurves(changes);
    expect(bySnr.series[0]!.bins.filter(b => b.n > 0).map(b => [b.lo, b.n, b.value])).to.deep.equal([
      [3, 1, 100], [5, 1, 0], [7, 2, 50], [10, 2, 50], [13, 1, 0], [17, 1, 100]]);
    expect(byMagnitude.series.map(s => s.name)).to.deep.equal(['g']);
    // 1000 nJy is 23.9 mag.
    expect(byMagnitude.series[0]!.bins.map(b => [b.lo, b.hi, b.n, b.value])).to.deep.equal([[23.5, 24, 8, 50]]);
    const none = completenessCurves([]);
    expect(none.byMagnitude.series).to.deep.equal([]);
    expect(none.bySnr.series[0]!.bins.every(b => b.value === null && b.n === 0)).to.equal(true);
  });
});

describe('metrics: positions and fluxes of transients', () => {
  const around = (east: number, north: number, spread: number): TrueChange[] =>
    [-2, -1, 0, 1, 2].map(k => found({ east_mas: east + k * spread, north_mas: north - k * spread }));

  it('offset: the length of the mean, whatever the scatter', () => {
    const outcome = ofChanges('ap_verify.TransientAstrometricOffset', around(30, 40, 2), [found({ east_mas: 30, north_mas: 40 })]);
    expect(outcome).to.include({ status: 'ok', n: 6 });
    expect(outcome.value).to.be.closeTo(50, 1e-9);
    expect(outcome.blobs.residuals).to.deep.include({ kind: 'scatter' });
  });

  it('scatter: 1.4826 MAD per axis, whatever the offset', () => {
    const outcome = ofChanges('ap_verify.TransientAstrometricScatter', around(30, 40, 2));
    expect(outcome.value).to.be.closeTo(1.482602218505602 * 2, 1e-9);
  });

  it('flux bias: the median, in percent, of rising and fading ones alike', () => {
    const outcome = ofChanges('ap_verify.TransientFluxBias', [
      found({ flux: 1020 }), found({ flux: -1030 }, { deltaFlux: -1000 }), found({ flux: 5000 }), found({ flux: 980 }),
      found({ flux: 1025 }), found({ flux: NaN })]);
    expect(outcome).to.include({ status: 'ok', n: 5 });
    expect(outcome.value).to.be.closeTo(2.5, 1e-9);
  });

  it('pull: 1.4826 median of |pull| about zero; a flux without a value or an error is none', () => {
    const outcome = ofChanges('ap_verify.TransientFluxPull', [
      found({ flux: 1050 }), found({ flux: 900 }), found({ flux: 1500 }, { snr: 6 }), found({ flux: NaN }), found({ fluxErr: 0 }),
      found({ fluxErr: NaN }), found({ flux: 1050 }, { snr: 4 })]);
    expect(outcome).to.include({ status: 'ok', n: 3 });
    expect(outcome.value).to.be.closeTo(1.482602218505602 * 2, 1e-9);
    const histogram = outcome.blobs.histogram as { series: { edges: number[]; counts: number[] }[] };
    expect(histogram.series[0]!.counts.reduce((a, b) => a + b), 'the pull of 10 is not drawn').to.equal(2);
    expect(histogram.series[0]!.counts[12], '1 .. 1.5').to.equal(1);
  });

  for (const metric of ['TransientAstrometricOffset', 'TransientAstrometricScatter', 'TransientFluxBias', 'TransientFluxPull']) {
    it(`${metric}: faint, missed and unusable ones do not count`, () => {
      expect(ofChanges(`ap_verify.${metric}`, [found({}, { snr: 5 }), missed(), found({}, { usable: false })])).to.include({ status: 'missing', n: 0 });
    });
  }

  it('three or more have an interval around the value, fewer have none', () => {
    for (const metric of ['TransientAstrometricOffset', 'TransientAstrometricScatter', 'TransientFluxBias', 'TransientFluxPull']) {
      const { value, interval } = ofChanges(`ap_verify.${metric}`, around(30, 40, 2).map((c, k) => ({ ...c, match: { ...c.match!, flux: 1000 + 10 * k } })));
      expect(interval![0], metric).to.be.at.most(value!);
      expect(interval![1], metric).to.be.at.least(value!);
      expect(ofChanges(`ap_verify.${metric}`, [found(), found()]).interval, metric).to.equal(null);
    }
  });
});

describe('metrics: association', () => {
  /** Images with stored sources: [source, object, truth or null, kind]. */
  type Stored = readonly [number, number, string | null, string?];
  function associate(metric: string, images: readonly (readonly Stored[])[], run = runOf()): Outcome {
    return measure(metric, {
      sources: itemsOf(...images.map(rows =>
        tableOf(diaSourceApdb, rows.map(([diaSourceId, diaObjectId]) => ({ diaSourceId, diaObjectId }))))),
      recovery: itemsOf(...images.map(rows => recoveryOf(rows.flatMap(([source, , id, kind = 'transient']) =>
        (id === null ? [] : [found({ diaSourceId: String(source) }, { id, kind })]))))),
    }, run);
  }

  it('purity: objects that hold sources of several truths', () => {
    const images: readonly (readonly Stored[])[] = [[[1, 10, 'a'], [2, 20, 'b'], [9, 10, null]], [[3, 10, 'a'], [4, 10, 'b'], [5, 20, 'b']]];
    expect(associate('ap_association.AssociationPurity', images)).to.include({ status: 'ok', value: 80, n: 5 });
    expect(associate('ap_association.AssociationPurity', [[[1, 10, 'a'], [2, 20, 'a']]])).to.include({ value: 100, n: 2 });
  });

  it('completeness: truths whose sources lie in several objects; moving ones and single detections are left out', () => {
    const images: readonly (readonly Stored[])[] = [
      [[1, 10, 'a'], [2, 20, 'b'], [3, 30, 'm', 'moving'], [4, 40, 'once']],
      [[5, 10, 'a'], [6, 21, 'b'], [7, 31, 'm', 'moving']], [[8, 20, 'b']],
    ];
    expect(associate('ap_association.AssociationCompleteness', images)).to.include({ status: 'ok', value: 80, n: 5 });
    expect(associate('ap_association.AssociationCompleteness', [[[4, 40, 'once']]])).to.include({ status: 'missing', reason: 'no true object was detected twice' });
    const oneVisit = runOf({ images: [0, 1].map(detector => ({ visit: 1, detector, band: 'g' })) });
    expect(associate('ap_association.AssociationCompleteness', images, oneVisit))
      .to.include({ status: 'not-applicable', reason: 'the run has only one visit' });
  });

  it('new objects and objects seen once', () => {
    const sources = itemsOf(
      tableOf(diaSourceApdb, [{ diaSourceId: 1, diaObjectId: 1 }, { diaSourceId: 2, diaObjectId: 2 }, { diaSourceId: 3, diaObjectId: 9 }]),
      // Object 9 was there before the run; the order is that of data IDs, not of time.
      tableOf(diaSourceApdb, [{ diaSourceId: 4, diaObjectId: 1 }, { diaSourceId: 5, diaObjectId: 5 }, { diaSourceId: 6, diaObjectId: 9 }]));
    expect(measure('ap_association.numNewDiaObjects', { sources })).to.deep.include({ status: 'ok', value: 3, n: 3, interval: poissonInterval(3) });
    expect(measure('ap_association.totalUnassociatedDiaObjects', { sources }))
      .to.deep.include({ status: 'ok', value: 2, n: 4, interval: poissonInterval(2) });
  });

  it('the majority of every group', () => {
    const pairs = [['g', 1], ['g', 1], ['g', 2], ['h', 2], ['h', 3], ['h', 3]].map(([group, sub]) => ({ group, sub }));
    expect(majorityCount(pairs)).to.equal(4);
    expect(majorityCount([])).to.equal(0);
  });
});
