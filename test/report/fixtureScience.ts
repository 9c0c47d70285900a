/** A result with everything the report can draw: detectors, light curves, earlier runs, a baseline. Seeded. */
import type { BaselineComparison, ChangedSource, DetectorView, RunHistory, ScienceViews } from '../../src/model/reportData.ts';
import type { VerificationResult } from '../../src/model/verification.ts';
import { withinBudget } from '../../src/harness/scienceViews.ts';
import { random } from '../../src/numeric/random.ts';
import { failing, hostile, passing, MARKUP } from './fixture.ts';
import { fixtureCutouts } from './fixtureImages.ts';

export interface Size {
  readonly nImages: number;
  readonly nSources: number;
  readonly nPictures: number;
}

export function detectorOf(k: number, nSources: number, hasPicture: boolean): DetectorView {
  const draw = random(k, 'detector');
  const list = (n: number, value: () => number, decimals = 1): number[] =>
    Array.from({ length: n }, () => Number(value().toFixed(decimals)));
  const [width, height] = [2048, 1489];
  const ra = 30 + 0.2 * (k % 20);
  const dec = -5 + 0.2 * Math.floor(k / 20);
  const edges = Array.from({ length: 49 }, (_, i) => -6 + i / 4);
  return {
    visit: 4192 + k, detector: k % 3, band: 'gri'[k % 3]!, width, height, north_px: [0.01, 2.5], east_px: [-2.5, 0.01],
    corners_deg: [[ra, dec], [ra - 0.22, dec], [ra - 0.22, dec + 0.16], [ra, dec + 0.16]],
    sources: {
      x: list(nSources, () => draw.uniform() * width), y: list(nSources, () => draw.uniform() * height),
      ra_deg: list(nSources, () => ra - 0.22 * draw.uniform(), 6),
      dec_deg: list(nSources, () => dec + 0.16 * draw.uniform(), 6), snr: list(nSources, () => 5 + 40 * draw.uniform()),
      flux_nJy: list(nSources, () => 9000 * draw.uniform(), 0), fluxErr_nJy: list(nSources, () => 150 + 50 * draw.uniform(), 0),
      flags: list(nSources, () => draw.integer(4), 0),
    },
    psf: {
      x: Array.from({ length: 25 }, (_, i) => 200 + 400 * (i % 5)), y: Array.from({ length: 25 }, (_, i) => 150 + 300 * Math.floor(i / 5)),
      fwhm_arcsec: list(25, () => 1.1 + 0.1 * draw.uniform(), 4),
      e1: list(25, () => 0.05 * draw.normal(), 4), e2: list(25, () => 0.05 * draw.normal(), 4),
    },
    kernel: { size: 17, convolved: 'template', sums: list(9, () => 1 + 0.01 * draw.normal(), 4), stamps: Array.from({ length: 9 }, () => list(289, () => draw.normal() / 30, 3)) },
    noise: {
      edges, counts: edges.slice(1).map(e => Math.round(20_000 * Math.exp(-0.5 * (e - 0.125) ** 2))),
      correlation: [[1, 0.02, 0.001, 0], [0.015, 0.003, 0, -0.002], [0, 0, 0, 0], [0, 0, 0, 0]],
    },
    residuals: {
      x: list(200, () => draw.uniform() * width, 0), y: list(200, () => draw.uniform() * height, 0),
      east_mas: list(200, () => 9 * draw.normal()),
      north_mas: list(200, () => 9 * draw.normal()), mag: list(200, () => 16 + 5 * draw.uniform(), 3), total: 740,
    },
    picture: hasPicture ? pictureOf(k) : null,
  };
}

function pictureOf(k: number): DetectorView['picture'] {
  const draw = random(k, 'picture');
  const [width, height] = [410, 298];
  const bytes = Uint8Array.from({ length: width * height }, () => Math.min(255, Math.max(1, 128 + 6 * Math.round(2 * draw.normal()))));
  return { width, height, block_px: 5, bytes: Buffer.from(bytes).toString('base64'), peak: 40 };
}

export function scienceOf({ nImages, nSources, nPictures }: Size): ScienceViews {
  const draw = random(7, 'light');
  const curve = (kind: 'variable' | 'measured', k: number): ScienceViews['lightCurves'][number] => ({
    kind, diaObjectId: String(17_179_869_208 + k), ra_deg: 30.1, dec_deg: -4.9, reducedChi2: kind === 'variable' ? 812 / (k + 1) : 1.1,
    points: Array.from({ length: 8 }, (_, i) => ({ mjd: 60_300.2 + i, band: 'gr'[i % 2]!, flux_nJy: 900 + 400 * draw.normal(), fluxErr_nJy: 60, isForced: i % 3 === 2 })),
  });
  return {
    detectors: Array.from({ length: nImages }, (_, k) => detectorOf(k, nSources, k < nPictures)), nDiaObjects: 299,
    lightCurves: [0, 1].flatMap(k => [curve('variable', k), curve('measured', k + 5)]),
    plots: [{
      topic: 'association', plot: {
        kind: 'histogram', title: 'DIASources in a DIAObject', description: 'Columns.', x: { label: 'DIASources', unit: '', whole: true },
        y: { label: 'DIAObjects', unit: '' }, series: [{ name: 'all', edges: [0.5, 1.5, 2.5], counts: [40, 12] }],
      },
    }],
  };
}

/** Twelve earlier runs; the completeness of the fixture was below its bound in two of them. */
export function historyOf(result: VerificationResult): RunHistory {
  const draw = random(9, 'history');
  return {
    runs: Array.from({ length: 12 }, (_, k) => ({ started: `2026-05-${String(k + 1).padStart(2, '0')}T04:00:00Z`, revision: `r${k}`, exitCode: k === 4 || k === 5 ? 1 : 0 })),
    series: result.measurements.filter(m => m.value !== null).map(m => ({
      metric: m.metric, keys: m.keys, values: Array.from({ length: 12 }, (_, k) =>
        (k === 7 ? null : m.metric.endsWith('CompletenessSnr10') ? (k === 4 || k === 5 ? 91 : 97 + draw.uniform()) : m.value! * (1 + 0.01 * draw.normal()))),
    })),
  };
}

export function comparisonOf(result: VerificationResult): BaselineComparison {
  const changed = (kind: ChangedSource['kind'], k: number): ChangedSource => ({
    kind, visit: 4192, detector: 0, band: 'g', x: 100 + k, y: 200.5, ra_deg: 29.9, dec_deg: -4.95, snr: 30 - k, what: kind === 'changed' ? 'moved by 0.7 px' : 'not in the baseline',
    cutout: fixtureCutouts(1, 0)[0]!,
  });
  const kinds = ['same', 'better', 'worse', 'same', 'gone'] as const;
  return {
    baseline: { started: '2026-05-01T04:00:00Z', version: '0.0.9+0123456789ab', collection: 'runs/0123' },
    changes: result.measurements.filter(m => Object.keys(m.keys).length === 0).map((m, k) => ({
      metric: m.metric, keys: {}, before: m.value === null ? 3 : m.value * 1.1, after: m.value,
      difference: m.value === null ? null : -0.1 * m.value, isSignificant: true,
      change: m.value === null ? 'gone' : kinds[k % 4]!,
    })),
    catalog: { nBefore: 400, nAfter: 402, nGained: 14, nLost: 12, nChanged: 1, sources: [changed('gained', 0), changed('lost', 1), changed('changed', 2)] },
  };
}

function full(base: VerificationResult, size: Size): VerificationResult {
  const quanta = base.run.quanta.map((q, k) => ({ ...q, began: new Date(Date.UTC(2026, 5, 1) + 4000 * k).toISOString() }));
  return {
    ...base, pipeline: { ...base.pipeline, configuration: { isr: 'doBias: true\n  nested: 1', calibrateImage: 'x: 1' } }, science: scienceOf(size),
    run: { ...base.run, quanta, log: 'logs/0123.log', history: historyOf(base), comparison: comparisonOf(base) },
  };
}

export const small: Size = { nImages: 3, nSources: 40, nPictures: 2 };

export function complete(): VerificationResult {
  return full(failing(), small);
}

/** 200 detector-visits and 50,000 DIASources. */
export function large(): VerificationResult {
  const result = full(passing(), { nImages: 200, nSources: 250, nPictures: 200 });
  const { images, run, cutouts } = result;
  return {
    ...result, images: Array.from({ length: 200 }, (_, k) => ({ ...images[k % images.length]!, visit: 4192 + k })),
    science: { ...result.science!, detectors: withinBudget(result.science!.detectors) },
    cutouts: [...cutouts, ...fixtureCutouts(24, 12)].slice(0, 48),
    run: {
      ...run, quanta: Array.from({ length: 200 }, (_, k) => run.quanta.slice(0, 9).map((q, t) => ({
        ...q, dataId: { ...q.dataId, visit: 4192 + k }, began: new Date(Date.UTC(2026, 5, 1) + 9000 * k + 1000 * t).toISOString(),
      }))).flat(),
    },
  };
}

/** Markup wherever a text of the science can stand. */
export function hostileScience(): VerificationResult {
  const result = full(hostile(), small);
  const { science, run } = result;
  const long = 'y'.repeat(100_000);
  return {
    ...result, pipeline: { ...result.pipeline, configuration: { [MARKUP]: `${MARKUP}\n${long}` } },
    science: {
      ...science!, detectors: science!.detectors.map(d => ({ ...d, band: MARKUP, picture: d.picture === null ? null : { ...d.picture, bytes: `${MARKUP}${long}` } })),
      lightCurves: science!.lightCurves.map(c => ({ ...c, diaObjectId: MARKUP, points: c.points.map(p => ({ ...p, band: MARKUP })) })),
      plots: science!.plots.map(({ topic, plot }) => ({ topic, plot: { ...plot, title: MARKUP, description: long } })),
    },
    run: {
      ...run, log: `javascript:alert(1)//${MARKUP}`, quanta: run.quanta.map(q => ({ ...q, task: MARKUP })),
      comparison: { ...run.comparison!, baseline: { started: MARKUP, version: long, collection: MARKUP }, catalog: {
        ...run.comparison!.catalog!, sources: run.comparison!.catalog!.sources.map(s => ({ ...s, band: MARKUP, what: long })) } },
    },
  };
}
