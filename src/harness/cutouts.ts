/** Science, template and difference around the strongest DIASources and the worst residuals of every image. */
import * as types from '../model/datasetTypes.ts';
import type { Exposure } from '../model/image.ts';
import { maskOf } from '../model/mask.ts';
import { numbers } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import type { Cutout } from '../model/verification.ts';
import { defineDigest } from './measure.ts';
import type { ImageFacts } from './measure.ts';

const HALF = 20;
const SIZE = 2 * HALF + 1;
const N_STRONGEST = 4;
const N_RESIDUALS = 2;
/** A residual this close to a DIASource is that source. */
const APART_PX = 12;
/** Half of the box whose pull is a residual. */
const BOX_HALF = 2;
const BAD = maskOf('BAD', 'SAT', 'NO_DATA', 'EDGE', 'CR', 'SAT_TEMPLATE');

/** Cutouts of one image: the strongest sources after the flag cuts, then the strongest residuals that are no source. */
export const imageCutouts = defineDigest({
  digest: 'imageCutouts',
  inputs: {
    science: types.visitImage, template: types.templateMatched, difference: types.differenceImage, filtered: types.diaSourceDetector,
    unfiltered: types.diaSourceUnfiltered,
  },
  compute(inputs, facts): readonly Cutout[] {
    const strongest = strongestRows(inputs.filtered, N_STRONGEST);
    const [x, y] = [numbers(inputs.filtered, 'x'), numbers(inputs.filtered, 'y')];
    const residuals = worstResiduals(inputs.difference, x, y, N_RESIDUALS);
    return [
      ...strongest.map(row => sourceCutout(inputs, facts, row)),
      ...residuals.map(r => ({
        kind: 'residual' as const,
        title: `Residual, ${imageName(facts)}`,
        caption: `x ${r.x}, y ${r.y}; mean of ${2 * BOX_HALF + 1} x ${2 * BOX_HALF + 1} pixels is ${r.pull.toFixed(1)} sigma from zero; ${fateOf(inputs.unfiltered, r)}`,
        panels: panels(inputs, r.x, r.y),
      })),
    ];
  },
});

/** Why there is no DIASource at a residual: nothing was detected, or the flags of the detection. */
function fateOf(unfiltered: Table, { x, y }: Residual): string {
  const [xs, ys, isSky] = ['x', 'y', 'isSky'].map(name => numbers(unfiltered, name)) as [Float64Array, Float64Array, Float64Array];
  const row = xs.findIndex((value, i) => isSky[i] === 0 && Math.hypot(value - x, ys[i]! - y) < APART_PX);
  if (row < 0) return 'not detected as a source';
  const flags = Object.keys(unfiltered.columns).filter(name => /^(flag|isDipole)/.test(name) && numbers(unfiltered, name)[row] !== 0)
    .map(name => name.replace(/^flag|^is/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase());
  return flags.length === 0 ? 'detected, and rejected by the cuts' : `detected, and flagged: ${flags.join(', ')}`;
}

export interface Images {
  readonly science: Exposure;
  readonly template: Exposure;
  readonly difference: Exposure;
}

function imageName({ visit, detector, band }: ImageFacts): string {
  return `visit ${visit}, detector ${detector}, ${band}`;
}

function strongestRows(sources: Table, n: number): number[] {
  const snr = numbers(sources, 'snr');
  return Array.from(snr.keys()).filter(i => Number.isFinite(snr[i])).sort((a, b) => snr[b]! - snr[a]! || a - b).slice(0, n);
}

function sourceCutout(inputs: Images & { readonly filtered: Table }, facts: ImageFacts, row: number): Cutout {
  const value = (name: string): number => numbers(inputs.filtered, name)[row]!;
  const kind = value('isDipole') !== 0 ? ', dipole' : value('isNegative') !== 0 ? ', negative' : '';
  return {
    kind: 'source',
    title: `Detection S/N ${value('snr').toFixed(1)}${kind}, ${imageName(facts)}`,
    caption: `ra ${value('ra').toFixed(5)}, dec ${value('dec').toFixed(5)}; x ${value('x').toFixed(1)}, y ${value('y').toFixed(1)}; `
      + `${value('psfFlux').toFixed(0)} ± ${value('psfFluxErr').toFixed(0)} nJy`,
    panels: panels(inputs, Math.round(value('x')), Math.round(value('y'))),
  };
}

/** The three images around a pixel, 41 x 41. */
export function panels({ science, template, difference }: Images, x: number, y: number): Cutout['panels'] {
  return ([['science', science], ['template', template], ['difference', difference]] as const)
    .map(([label, image]) => ({ label, width: SIZE, height: SIZE, data: stamp(image, x, y) }));
}

/** Pixels around (x, y), five digits; null outside and where there is no data. */
function stamp({ width, height, image }: Exposure, x: number, y: number): (number | null)[] {
  return Array.from({ length: SIZE * SIZE }, (_, k) => {
    const i = x - HALF + (k % SIZE);
    const j = y - HALF + Math.floor(k / SIZE);
    const value = i >= 0 && j >= 0 && i < width && j < height ? image[j * width + i]! : NaN;
    return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
  });
}

interface Residual {
  readonly x: number;
  readonly y: number;
  /** Sum of the box over the root of the sum of its variance. */
  readonly pull: number;
}

/** Boxes of usable pixels with the largest |pull|, apart from each other and from the given sources. */
function worstResiduals(difference: Exposure, xs: Float64Array, ys: Float64Array, n: number): Residual[] {
  const size = 2 * BOX_HALF + 1;
  const candidates: Residual[] = [];
  for (let y = BOX_HALF; y < difference.height - BOX_HALF; y += size) {
    for (let x = BOX_HALF; x < difference.width - BOX_HALF; x += size) {
      const pull = boxPull(difference, x, y);
      if (Math.abs(pull) > 5) candidates.push({ x, y, pull });
    }
  }
  candidates.sort((a, b) => Math.abs(b.pull) - Math.abs(a.pull) || a.y - b.y || a.x - b.x);
  const chosen: Residual[] = [];
  for (const c of candidates) {
    if (chosen.length === n) break;
    const isNear = (x: number, y: number): boolean => Math.hypot(x - c.x, y - c.y) < APART_PX;
    if (xs.some((x, i) => isNear(x, ys[i]!)) || chosen.some(r => isNear(r.x, r.y))) continue;
    chosen.push(c);
  }
  return chosen;
}

/** NaN when a pixel of the box cannot be used. */
function boxPull({ width, image, variance, mask }: Exposure, x: number, y: number): number {
  let sum = 0;
  let noise = 0;
  for (let j = y - BOX_HALF; j <= y + BOX_HALF; j++) {
    for (let i = x - BOX_HALF; i <= x + BOX_HALF; i++) {
      const p = j * width + i;
      if ((mask[p]! & BAD) !== 0) return NaN;
      sum += image[p]!;
      noise += variance[p]!;
    }
  }
  return sum / Math.sqrt(noise);
}

/**
 * Cutouts of all images for the report, sources before residuals; of each kind the first of every image, then
 * the second of every image, and so on, at most `limit` of a kind.
 */
export function chooseCutouts(perImage: readonly (readonly Cutout[])[], limit: number): Cutout[] {
  return (['source', 'residual'] as const).flatMap(kind => {
    const own = perImage.map(cutouts => cutouts.filter(c => c.kind === kind));
    const ranks = Array.from({ length: Math.max(0, ...own.map(c => c.length)) }, (_, rank) => rank);
    return ranks.flatMap(rank => own.flatMap(c => c.slice(rank, rank + 1))).slice(0, limit);
  });
}
