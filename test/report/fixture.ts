/**
 * Results as the harness writes them, for the tests of the report: the real metrics and specifications, judged by the
 * real judge, with seeded numbers.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { judge } from '../../src/harness/judge.ts';
import { loadMetrics } from '../../src/harness/loadMetrics.ts';
import { loadSpecifications } from '../../src/harness/loadSpecifications.ts';
import { overallVerdict } from '../../src/harness/verdict.ts';
import type { ImageSummary, Measurement, Metric, QuantumReport, Specification, VerificationResult } from '../../src/model/verification.ts';
import { wilsonInterval } from '../../src/numeric/intervals.ts';
import { random } from '../../src/numeric/random.ts';
import { BANDS, astrometryPlot, completenessBlobs, fixtureCutouts, photometryPlot, pullPlots } from './fixtureImages.ts';

const root = new URL('../../', import.meta.url);
const fileOf = (path: string): { path: string; text: string } => ({ path, text: readFileSync(new URL(path, root), 'utf8') });

/** All texts below `reports/`, as `renderReport` wants them. */
export const templates: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(new URL('reports', root), { recursive: true, encoding: 'utf8' }).map(path => path.replaceAll('\\', '/'))
    .filter(path => /\.(hbs|css|js)$/.test(path)).map(path => [path, fileOf(`reports/${path}`).text]));

export const metrics: readonly Metric[] = loadMetrics(
  readdirSync(new URL('metrics', root)).filter(f => f.endsWith('.yaml')).map(f => fileOf(`metrics/${f}`)));
const specifications = loadSpecifications([fileOf('metrics/specs/common.yaml'), fileOf('datasets/sim-small/specs.yaml')], metrics);

/** Name without package: value, half interval, n. Percentages without one get the interval of Wilson. */
const GOOD: Readonly<Record<string, readonly [number, number, number]>> = {
  numFailedQuanta: [0, 0, 54],
  numNewDiaObjects: [214, 14.6, 214], totalUnassociatedDiaObjects: [61, 7.8, 61],
  AssociationPurity: [99.4, 0, 310], AssociationCompleteness: [99.0, 0, 298],
  CompletenessSnr10: [97.9, 0, 243], CompletenessSnr5: [91.3, 0, 402], CompletenessBeforeCutsSnr10: [98.8, 0, 243], Purity: [94.2, 0, 388],
  TransientAstrometricOffset: [3.1, 0.8, 238], TransientAstrometricScatter: [18.4, 1.1, 238],
  TransientFluxBias: [-0.62, 0.35, 238], TransientFluxPull: [1.08, 0.05, 367],
  numSciSources: [18_442, 136, 18_442], fracDiaSourcesToSciSources: [2.21, 0, 18_442],
  DiaSourceDensityBeforeCuts: [4120, 95, 1890], DiaSourceDensity: [886.4, 44, 408],
  DipoleFraction: [3.9, 0, 408], NegativeFraction: [31.6, 0, 408], DifferenceWidth: [1.034, 0.006, 6],
  AstrometricOffset: [2.4, 0.3, 2210], AstrometricScatter: [9.71, 0.16, 2210], AstrometricRepeatability: [8.3, 0.2, 1406],
  PhotometricScatter: [11.9, 0.22, 2210], PhotometricRepeatability: [8.7, 0.18, 1406],
  PsfFwhm: [1.184, 0.03, 6], ScienceDepth: [23.62, 0.05, 6],
};
/** Every other metric. */
const ANY = [2.4, 0.3, 240] as const;
const TASKS = ['isr', 'calibrateImage', 'rewarpTemplate', 'subtractImages', 'detectAndMeasureDiaSource', 'filterDiaSource', 'associateApdb',
  'diaPipe', 'makeAlerts'] as const;
const TASK_SECONDS = [1.1, 6.4, 2.2, 11.8, 4.9, 0.2, 0.9, 1.7, 0.6];

type Changes = Readonly<Record<string, Partial<Measurement>>>;

function shortName(metric: Metric): string {
  return metric.name.replace(/^.*\./, '');
}

function measurementOf(metric: Metric, changes: Changes, loss: number): Measurement {
  const [value, half, n] = GOOD[shortName(metric)] ?? ANY;
  const share = wilsonInterval(Math.round((n * value) / 100), n);
  const interval = metric.unit === 'percent' && half === 0 && share !== null ? [100 * share[0], 100 * share[1]] as const
    : half === 0 ? null : [value - half, value + 1.2 * half] as const;
  const blobs: Readonly<Record<string, () => unknown>> = {
    CompletenessSnr5: () => completenessBlobs(loss), TransientFluxPull: () => pullPlots(367),
    AstrometricScatter: () => ({ residuals: astrometryPlot(740) }), PhotometricScatter: () => ({ residuals: photometryPlot(1900) }),
  };
  return {
    metric: metric.name, status: 'ok', value, unit: metric.unit, n, interval, reason: null, definitionHash: metric.definitionHash, keys: {},
    blobs: (blobs[shortName(metric)]?.() ?? {}) as Measurement['blobs'], ...changes[shortName(metric)],
  };
}

/** Time and memory of each task, from the quanta. */
function resourceMeasurements(quanta: readonly QuantumReport[]): Measurement[] {
  return metrics.filter(m => m.tags.includes('resource')).flatMap(metric => TASKS.map(task => {
    const values = quanta.filter(q => q.task === task).map(q => (metric.unit === 's' ? q.seconds : q.peakRss_MB)).filter(v => v !== null);
    const value = values[0] ?? null;
    return {
      metric: metric.name, status: value === null ? 'missing' : 'ok', value, unit: metric.unit, n: values.length, interval: null,
      reason: value === null ? 'no quantum ran' : null, definitionHash: metric.definitionHash, keys: { task }, blobs: {},
    } as const;
  }));
}

function quantaOf(visits: readonly number[]): QuantumReport[] {
  const draw = random(3, 'quanta');
  return visits.flatMap(visit => TASKS.map((task, k): QuantumReport => ({
    task, dataId: { instrument: 'SimCam', visit, detector: 0 }, message: null,
    status: task === 'isr' && visit === visits[0] ? 'reused' : 'succeeded',
    seconds: Number((TASK_SECONDS[k]! * (0.9 + 0.3 * draw.uniform())).toFixed(3)), cpu_s: Number((TASK_SECONDS[k]! * 0.93).toFixed(3)),
    peakRss_MB: Math.round(240 + 60 * TASK_SECONDS[k]! * draw.uniform()),
  })));
}

function imagesOf(visits: readonly number[], isProcessed: (visit: number) => boolean): ImageSummary[] {
  const draw = random(4, 'images');
  return visits.map((visit, k) => {
    const numbers = {
      processed: true, nSciSources: 2900 + draw.integer(400), nDiaSourcesBeforeCuts: 300 + draw.integer(60),
      nDiaSources: 60 + draw.integer(20),
      nNegative: 20, nDipoles: draw.integer(5), usableArea_deg2: 0.0766, usableFraction: 0.982 - 0.01 * draw.uniform(),
      differenceWidth: 1.02 + 0.03 * draw.uniform(), scienceFwhm_arcsec: 1.05 + 0.4 * draw.uniform(), templateFwhm_arcsec: 0.98,
      scienceDepth_mag: 23.5 + 0.3 * draw.uniform(), differenceDepth_mag: 23.1 + 0.3 * draw.uniform(),
      zeroPoint_mag: 31.4 + 0.02 * draw.normal(),
    };
    return { visit, detector: 0, band: BANDS[k % 3]!, numbers: isProcessed(visit) ? numbers : { processed: false } };
  });
}

interface Parts {
  readonly changes?: Changes;
  readonly loss?: number;
  readonly quanta?: readonly QuantumReport[];
  readonly isProcessed?: (visit: number) => boolean;
  readonly extra?: readonly Measurement[];
  readonly extraSpecifications?: readonly Specification[];
  readonly extraMetrics?: readonly Metric[];
}

const VISITS = [4192, 4193, 4194, 4201, 4202, 4203];

function build({
  changes = {}, loss = 0.02, quanta = quantaOf(VISITS), isProcessed = () => true, extra = [], extraSpecifications = [], extraMetrics = [],
}: Parts): VerificationResult {
  const all = [...metrics, ...extraMetrics];
  const measurements = [
    ...metrics.filter(m => !m.tags.includes('resource')).map(m => measurementOf(m, changes, loss)), ...resourceMeasurements(quanta), ...extra];
  const verdicts = judge([...specifications, ...extraSpecifications], measurements, all);
  return {
    format: 'ap-verify-result/1', dataset: { name: 'sim-small', version: '1.2.0', title: 'Simulated field, three bands' },
    pipeline: { name: 'ApPipe', version: '0.1.0', configHash: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9', query: null, overrides: [] },
    verdict: overallVerdict({ verdicts, metrics: all, quanta }),
    run: {
      started: '2026-03-14T15:09:26.535Z', seconds: 192.4, workers: 2, host: 'linux x64, 2 cores', node: '24.21.0',
      collection: 'u/ap-verify/b94d27b9934d', quanta,
    },
    metrics: all, measurements, verdicts, images: imagesOf(VISITS, isProcessed), cutouts: fixtureCutouts(6, 3),
  };
}

const NOTHING = { value: null, interval: null, n: null, blobs: {} } as const;
const WITHOUT_TRUTH: Partial<Measurement> = { ...NOTHING, status: 'not-applicable', reason: 'the dataset has no truth' };

export function passing(): VerificationResult {
  return build({});
}

export function failing(): VerificationResult {
  return build({
    loss: 0.14,
    changes: {
      CompletenessSnr10: { value: 86.8, n: 243, interval: [84.5, 88.8] }, Purity: { value: 89.7, n: 388, interval: [88.1, 91.1] },
      DifferenceWidth: { value: 1.212, interval: [1.19, 1.24], reason: 'two images of 0.9 arcsec seeing are sharper than the template' },
      DipoleFraction: { value: 22.3, interval: [20.3, 24.4] }, AssociationCompleteness: { ...NOTHING, status: 'invalid', reason: 'no object was seen twice' },
    },
  });
}

export function incomplete(): VerificationResult {
  return build({
    changes: {
      Purity: { value: 100, n: 4, interval: [70, 100] }, CompletenessSnr10: { ...NOTHING, status: 'missing', reason: 'no image was finished' },
    },
  });
}

export function pipelineFailed(): VerificationResult {
  const quanta = quantaOf(VISITS).map((q): QuantumReport => {
    const at = TASKS.indexOf(q.task as (typeof TASKS)[number]);
    const nothing = { seconds: null, cpu_s: null, peakRss_MB: null };
    if (q.dataId.visit === 4193 && at === 3) return { ...q, status: 'failed', message: 'TOO_FEW_STARS: 2 stars for the matching kernel, at least 5 needed' };
    if (q.dataId.visit === 4193 && at > 3) return { ...q, ...nothing, status: 'blocked', message: 'needs difference_image of visit 4193' };
    if (q.dataId.visit === 4202 && at === 2) return { ...q, ...nothing, status: 'noWork', message: 'no template overlaps the image' };
    return q;
  });
  return build({ quanta, isProcessed: visit => visit !== 4193, changes: { numFailedQuanta: { value: 1 } } });
}

/** A run in which nothing was asked for, and a dataset without truth. */
export function empty(): VerificationResult {
  const none = { ...NOTHING, status: 'missing', reason: 'there is no image' } as const;
  const changes = Object.fromEntries(metrics.map(m => [shortName(m), m.tags.includes('truth') ? WITHOUT_TRUTH : none]));
  const result = build({ changes, quanta: [] });
  return { ...result, images: [], cutouts: [], run: { ...result.run, seconds: 0, workers: 1 } };
}

/** A result with no definition at all. */
export function bare(): VerificationResult {
  return { ...empty(), metrics: [], measurements: [], verdicts: [], verdict: overallVerdict({ verdicts: [], metrics: [], quanta: [] }) };
}

export const MARKUP = '<img src=x onerror="alert(1)">&amp;\'"</style></title><script>alert(2)</script>{{7*7}}';
/** Turns what follows it around; a control character; half of a surrogate pair. */
export const UNSEEN = '\u202eevil\u0007\ud800';

/** Every text that comes from outside is markup or 10^5 characters long. */
export function hostile(): VerificationResult {
  const long = 'x'.repeat(100_000);
  const name = `evil.${MARKUP}${UNSEEN}`;
  const metric: Metric = {
    ...metrics[0]!, name, title: MARKUP, description: `${MARKUP} ${long}`, formula: MARKUP, reference: MARKUP, tags: [MARKUP], unit: 'mag',
  };
  const series = [MARKUP, long].map(s => ({ name: s, ...thinnedLine() }));
  const plot = { ...photometryPlot(40), title: MARKUP, description: long, series };
  const measured: Measurement = {
    metric: name, status: 'ok', value: 1e300, unit: 'mag', n: 3, interval: [-1e300, 1e300], reason: MARKUP, definitionHash: long,
    keys: { [MARKUP]: MARKUP, band: long }, blobs: { [MARKUP]: plot },
  };
  const specification: Specification = {
    name: `${name}.${MARKUP}`, metric: name, type: 'threshold', operator: '<', bound: 0, unit: 'mag', severity: 'fail', decision: 'point', keys: {},
    tags: [MARKUP], source: MARKUP,
  };
  const lost: QuantumReport = { task: MARKUP, dataId: { visit: long }, status: 'failed', message: long, seconds: 1, cpu_s: 1, peakRss_MB: 1 };
  const result = build({
    extra: [measured], extraMetrics: [metric], extraSpecifications: [specification], quanta: [...quantaOf(VISITS), lost],
  });
  return {
    ...result, dataset: { name: MARKUP, version: long, title: `${UNSEEN}${MARKUP}` }, pipeline: { name: long, version: MARKUP, configHash: long, query: MARKUP, overrides: [long, MARKUP] },
    run: { ...result.run, host: MARKUP, collection: long, node: MARKUP, started: MARKUP },
    images: result.images.map(i => ({ ...i, band: MARKUP })), cutouts: result.cutouts.map(c => ({ ...c, title: MARKUP, caption: long })),
  };
}

function thinnedLine(): { points: [number, number][]; total: number } {
  return { points: Array.from({ length: 9 }, (_, k) => [18 + k / 4, k - 4]), total: 9 };
}

/** All results by name. */
export const fixtures = { passing, failing, incomplete, pipelineFailed, empty, bare, hostile } as const;
