/** The digests of all images as the report draws them: what is kept, and how much of it. */
import type { CurvePlot, HistogramPlot, Plot, ScatterPlot } from '../model/plots.ts';
import type { DetectorView, PlotTopic, ScienceViews } from '../model/reportData.ts';
import { apdbRows } from './digests/apdbRows.ts';
import type { ApdbRows } from './digests/apdbRows.ts';
import { detectorView } from './digests/detectorView.ts';
import { truthRecovery } from './digests/truthRecovery.ts';
import type { TruthRecovery } from './digests/truthRecovery.ts';
import { chooseLightCurves } from './lightCurves.ts';
import { recoveryPlots } from './recoveryPlots.ts';
import type { Item } from './resultSource.ts';
import { fractionCurve, thinned } from './samples.ts';

/** Digests that must be computed for it. */
export const viewDigests = [detectorView, apdbRows] as const;

/** Detectors whose difference image is kept; more would make the page heavy. */
const MAX_PICTURES = 12;
/** Detectors whose star residuals and kernels are kept. */
const MAX_STAR_DETECTORS = 40;
const N_LIGHT_CURVES = 6;

/** The views of a run from the digests of `measureAll`. */
export function scienceViews(digests: ReadonlyMap<string, readonly Item<unknown>[]>): ScienceViews {
  const of = <T>(name: string): readonly Item<T>[] => (digests.get(name) ?? []) as readonly Item<T>[];
  const detectors = of<DetectorView>(detectorView.digest).map(({ value }) => value);
  const images = of<ApdbRows>(apdbRows.digest);
  const topic = (name: PlotTopic, plots: readonly Plot[]): { topic: PlotTopic; plot: Plot }[] => plots.map(plot => ({ topic: name, plot }));
  return {
    detectors: withinBudget(detectors), ...chooseLightCurves(images, N_LIGHT_CURVES),
    plots: [
      ...topic('recovery', recoveryPlots(of<TruthRecovery>(truthRecovery.digest))),
      ...topic('astrometry', astrometryPlots(detectors)), ...topic('difference', noisePlots(detectors)), ...topic('association', associationPlots(images)),
    ],
  };
}

/** Pictures of the images that look worst, by how far the width of their noise is from one; the rest keeps its numbers. */
export function withinBudget(detectors: readonly DetectorView[]): DetectorView[] {
  const byNeed = [...detectors].sort((a, b) => badness(b) - badness(a) || a.visit - b.visit || a.detector - b.detector);
  const pictured = new Set(byNeed.slice(0, MAX_PICTURES));
  const detailed = new Set(byNeed.slice(0, MAX_STAR_DETECTORS));
  return detectors.map(d => ({
    ...d, picture: pictured.has(d) ? d.picture : null,
    residuals: detailed.has(d) ? d.residuals : null, kernel: detailed.has(d) ? d.kernel : null,
  }));
}

/** |ln| of the width of the noise (half of the distance between the 16 and 84 percent points of the histogram). */
function badness({ noise: { edges, counts } }: DetectorView): number {
  const total = counts.reduce((a, b) => a + b, 0);
  if (total === 0) return Infinity;
  const at = (p: number): number => {
    let sum = 0;
    for (let b = 0; b < counts.length; b++) {
      if (sum + counts[b]! >= p * total) return edges[b]! + ((p * total - sum) / counts[b]!) * (edges[b + 1]! - edges[b]!);
      sum += counts[b]!;
    }
    return edges.at(-1)!;
  };
  return Math.abs(Math.log((at(0.8413) - at(0.1587)) / 2));
}

function astrometryPlots(detectors: readonly DetectorView[]): ScatterPlot[] {
  const stars = detectors.flatMap(d => (d.residuals === null ? [] : d.residuals.mag.map((mag, i) =>
    ({ band: d.band, mag, east: d.residuals!.east_mas[i]!, north: d.residuals!.north_mas[i]! }))));
  if (stars.length === 0) return [];
  return (['east', 'north'] as const).map(axis => ({
    kind: 'scatter', title: `Astrometric residuals by magnitude, ${axis}`,
    description: 'Source minus reference, S/N > 50. A slope is a centroid that depends on brightness; the fan at the faint end is noise.',
    x: { label: 'AB magnitude of the reference', unit: '' }, y: { label: axis, unit: 'mas' }, yLines: [{ value: 0, label: '' }],
    series: bandsOf(stars).map(band => ({ name: band, ...thinned(stars.filter(s => s.band === band).map(s => [s.mag, s[axis]])) })),
  }));
}

function bandsOf(items: readonly { readonly band: string }[]): string[] {
  return [...new Set(items.map(s => s.band))].sort();
}

function noisePlots(detectors: readonly DetectorView[]): HistogramPlot[] {
  const first = detectors[0]?.noise;
  if (first === undefined) return [];
  const counts = first.counts.map((_, b) => detectors.reduce((n, d) => n + d.noise.counts[b]!, 0));
  return [{
    kind: 'histogram', title: 'Noise of the difference images', unitNormal: true,
    description: 'Pixels without detection over the noise that the variance promises. The line is what a correct variance gives; a wider histogram means too many false detections.',
    x: { label: 'difference over noise', unit: 'σ' }, y: { label: 'pixels', unit: '' }, series: [{ name: 'all images', edges: first.edges, counts }],
  }];
}

function associationPlots(images: readonly Item<ApdbRows>[]): Plot[] {
  if (images.length === 0) return [];
  const counts = new Map<bigint, number>();
  for (const { value } of images) {
    for (const id of value.diaObjectId.slice(0, value.nDetections)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  const most = Math.max(1, ...counts.values());
  const edges = Array.from({ length: Math.min(most, 40) + 1 }, (_, k) => 0.5 + k * Math.ceil(most / 40));
  const perBin = edges.slice(0, -1).map((lo, b) => [...counts.values()].filter(n => n >= lo && n < edges[b + 1]!).length);
  return [
    {
      kind: 'histogram', title: 'DIASources in a DIAObject',
      description: 'Objects with one source only are transients, variables seen once, or false detections; with more visits the columns move to the right.',
      x: { label: 'DIASources', unit: '', whole: true }, y: { label: 'DIAObjects', unit: '' }, series: [{ name: 'all objects', edges, counts: perBin }],
    },
    separationPlot(images), ...newFraction(images),
  ];
}

function separationPlot(images: readonly Item<ApdbRows>[]): HistogramPlot {
  const values = images.flatMap(({ value }) => [...value.separation_arcsec].filter(s => s > 0));
  const top = Math.max(0.1, ...values.map(v => Math.min(v, 2)));
  const edges = Array.from({ length: 31 }, (_, k) => (top * k) / 30);
  const counts = new Array<number>(30).fill(0);
  for (const v of values) counts[Math.min(29, Math.floor((v / top) * 30))]!++;
  return {
    kind: 'histogram', title: 'Distance of a DIASource from its DIAObject',
    description: 'Sources of objects with more than one source, against the mean position after the visit. It should end well before the radius of the association.',
    x: { label: 'distance', unit: 'arcsec' }, y: { label: 'DIASources', unit: '' }, series: [{ name: 'all images', edges, counts }],
  };
}

/** Share of DIASources that made a new object, visit by visit in time. */
function newFraction(images: readonly Item<ApdbRows>[]): CurvePlot[] {
  const visits = [...new Set(images.map(i => Number(i.dataId.visit)))];
  const timeOf = (visit: number): number => Math.min(...images.filter(i => i.dataId.visit === visit)
    .flatMap(i => [...i.value.mjd.slice(0, 1)]));
  const ordered = visits.map(visit => ({ visit, time: timeOf(visit) })).sort((a, b) => a.time - b.time || a.visit - b.visit);
  const items = ordered.flatMap(({ visit }, k) => images.filter(i => i.dataId.visit === visit).flatMap(({ value }) =>
    Array.from({ length: value.nDetections }, (_, i) => ({ x: k + 1, hit: i < value.nNew }))));
  if (items.length === 0 || ordered.length < 2) return [];
  return [{
    kind: 'curve', title: 'DIASources that made a new DIAObject', description: 'The first visit makes an object of every source; what is real is found again, so that the share falls with time.',
    x: { label: 'visit in order of time', unit: '', whole: true }, y: { label: 'new objects', unit: '%' },
    series: [{ name: 'all images', bins: fractionCurve(items, ordered.map((_, k) => k + 0.5).concat(ordered.length + 0.5)) }],
  }];
}
