/** Seeded cutouts and plots for the fixtures of the report, in the shapes that the harness and the metrics make. */
import { completenessCurves } from '../../metrics/completenessCurves.ts';
import type { BandChange } from '../../metrics/truthSamples.ts';
import { thinned } from '../../src/harness/samples.ts';
import type { HistogramPlot, ScatterPlot } from '../../src/model/plots.ts';
import type { Cutout, CutoutPanel } from '../../src/model/verification.ts';
import { random } from '../../src/numeric/random.ts';
import type { Random } from '../../src/numeric/random.ts';

export const BANDS = ['g', 'r', 'i'] as const;
const SIZE = 41;
const SEED = 20;

interface Star { readonly x: number; readonly y: number; readonly flux: number; readonly sigma: number }

/** Three panels of one place: a galaxy and stars that do not change, and something that does. */
function panelsOf(draw: Random, change: number, isDipole: boolean, holeAtEdge: boolean): CutoutPanel[] {
  const still: Star[] = Array.from({ length: 4 }, () => (
    { x: 40 * draw.uniform(), y: 40 * draw.uniform(), flux: 4000 * draw.uniform() ** 3 + 200, sigma: 1.7 + 1.5 * draw.uniform() }));
  const shift = isDipole ? 0.8 : 0;
  const science = [...still, { x: 20, y: 20, flux: 3000 + change, sigma: 1.8 }];
  const template = [...still, { x: 20 + shift, y: 20 + shift / 2, flux: 3000, sigma: 1.8 }];
  const [a, b] = [science, template].map((stars, k) => pixels(stars, 14 - 4 * k, draw));
  const lacksData = (i: number): boolean => holeAtEdge && i % SIZE > 34;
  const planes = { science: a!, template: b!, difference: a!.map((v, i) => v - b![i]!) };
  return Object.entries(planes).map(([label, data]) => ({
    label, width: SIZE, height: SIZE, data: data.map((v, i) => (lacksData(i) ? null : Number(v.toPrecision(5)))),
  }));
}

function pixels(stars: readonly Star[], noise: number, draw: Random): number[] {
  return Array.from({ length: SIZE * SIZE }, (_, i) => {
    const [x, y] = [i % SIZE, Math.floor(i / SIZE)];
    const light = stars.map(s => (
      (s.flux * Math.exp((-0.5 * ((x - s.x) ** 2 + (y - s.y) ** 2)) / s.sigma ** 2)) / (2 * Math.PI * s.sigma ** 2)));
    return light.reduce((sum, v) => sum + v, 0) + noise * draw.normal();
  });
}

export function fixtureCutouts(nSources: number, nResiduals: number): Cutout[] {
  const draw = random(SEED, 'cutouts');
  const sources = Array.from({ length: nSources }, (_, k): Cutout => {
    const [isDipole, isNegative] = [k % 5 === 3, k % 5 === 2];
    const flux = (isNegative ? -1 : 1) * (5200 - 350 * k);
    const word = isDipole ? ', dipole' : isNegative ? ', negative' : '';
    return {
      kind: 'source', title: `S/N ${(96.4 - 7.3 * k).toFixed(1)}${word}, visit ${4192 + (k % 3)}, detector ${k % 2}, ${BANDS[k % 3]}`,
      caption: `ra 319.0${4000 + 137 * k}, dec -0.6${2000 + 71 * k}; x ${812 + k}.4, y ${377 + 11 * k}.9; ${flux} ± 61 nJy`,
      panels: panelsOf(draw, isDipole ? 0 : flux, isDipole, k === 4),
    };
  });
  const residuals = Array.from({ length: nResiduals }, (_, k): Cutout => ({
    kind: 'residual', title: `Residual, visit 4193, detector ${k}, r`,
    caption: `x ${1200 + 37 * k}, y ${88 + 5 * k}; mean of 5 x 5 pixels is ${(8.2 - k).toFixed(1)} sigma from zero; not a DIASource after the cuts`,
    panels: panelsOf(draw, 300, true, false),
  }));
  return [...sources, ...residuals];
}

/** True changes of which the bright ones are found; `loss` is the share that is lost at any brightness. */
export function fixtureChanges(n: number, loss: number): BandChange[] {
  const draw = random(SEED, 'changes');
  return Array.from({ length: n }, (_, k) => {
    const snr = 3 * 10 ** (2 * draw.uniform());
    const isFound = draw.uniform() < (1 - loss) / (1 + Math.exp(-2.4 * (snr - 5.2)));
    const deltaFlux = 60 * snr * (draw.uniform() < 0.3 ? -1 : 1);
    return {
      snr, deltaFlux, mag: 31.4 - 2.5 * Math.log10(Math.abs(deltaFlux)), band: BANDS[k % 3]!, usable: true,
      match: isFound ? { flux: deltaFlux, fluxErr: 60 } : null,
    } as BandChange;
  });
}

export function completenessBlobs(loss: number): Readonly<Record<string, unknown>> {
  return completenessCurves(fixtureChanges(640, loss)) as unknown as Readonly<Record<string, unknown>>;
}

export function astrometryPlot(n: number): ScatterPlot {
  const draw = random(SEED, 'astrometry');
  const points = (band: string): ReturnType<typeof thinned> => thinned(
    Array.from({ length: n }, () => [7 * draw.normal() + (band === 'i' ? 4 : 0), 7 * draw.normal() * (draw.uniform() < 0.01 ? 8 : 1)] as const));
  return {
    kind: 'scatter', title: 'Positions against the reference catalog', equalAxes: true,
    description: 'Source minus reference, S/N > 50. Round and centred is good; an arm or a second cloud is an image with a bad WCS.',
    x: { label: 'east', unit: 'mas' }, y: { label: 'north', unit: 'mas' },
    xLines: [{ value: 0, label: '' }], yLines: [{ value: 0, label: '' }],
    series: BANDS.map(band => ({ name: band, ...points(band) })),
  };
}

export function photometryPlot(n: number): ScatterPlot {
  const draw = random(SEED, 'photometry');
  const star = (): readonly [number, number] => {
    const mag = 22.5 - 6 * draw.uniform() ** 2;
    return [mag, (9 + 70 * 10 ** (0.4 * (mag - 22.5))) * draw.normal()];
  };
  return {
    kind: 'scatter', title: 'Magnitudes against the reference catalog',
    description: 'Calibrated minus reference magnitude, S/N > 10. A slope is a non-linearity or a wrong background; the bright end shows the floor.',
    x: { label: 'reference AB magnitude', unit: '' }, y: { label: 'measured - reference', unit: 'mmag' }, yLines: [{ value: 0, label: '' }],
    series: BANDS.map(band => ({ name: band, ...thinned(Array.from({ length: n }, star)) })),
  };
}

export function pullPlots(n: number): { histogram: HistogramPlot; bySnr: ScatterPlot } {
  const draw = random(SEED, 'pulls');
  const points = Array.from({ length: n }, () => [5 * 10 ** (1.7 * draw.uniform()), 1.1 * draw.normal()] as const);
  const edges = Array.from({ length: 41 }, (_, k) => -5 + k * 0.25);
  const y = { label: '(measured - true) / error', unit: '' };
  return {
    histogram: {
      kind: 'histogram', title: 'Flux pull of transients', unitNormal: true, x: y, y: { label: 'DIASources', unit: '' },
      description: 'Measured minus true flux in units of its error. The line is what correct errors give; pulls beyond 5 are not drawn.',
      series: [{ name: 'pulls', edges, counts: edges.slice(0, -1).map((lo, b) => points.filter(p => p[1] >= lo && p[1] < edges[b + 1]!).length) }],
    },
    bySnr: {
      kind: 'scatter', title: 'Flux pull by signal to noise', x: { label: 'true S/N', unit: '', log: true }, y,
      description: 'Outliers at high S/N are errors of scale (zero point, PSF, kernel sum); at low S/N they are noise.',
      yLines: [{ value: 0, label: '' }, { value: 3, label: '+3' }, { value: -3, label: '-3' }],
      series: [{ name: 'pulls', ...thinned(points) }],
    },
  };
}
