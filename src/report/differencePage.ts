/** One difference of two images as a self-contained page: pictures, kernel, numbers, the strongest sources. No script, no network. */
import Handlebars from 'handlebars';
import type { Exposure } from '../model/image.ts';
import { numbers, type Table } from '../model/table.ts';
import type { CutoutPanel } from '../model/verification.ts';
import { numberText } from './format.ts';
import { readableText } from './readable.ts';
import { SafeHtml } from './safeHtml.ts';
import { stretchCutout, type Stretched } from './stretch.ts';

export interface DifferencePageInput {
  readonly science: Exposure;
  readonly matchedTemplate: Exposure;
  readonly difference: Exposure;
  readonly diaSources: Table;
  readonly kernelImages: readonly { readonly x: number; readonly y: number; readonly data: Float64Array }[];
  readonly metadata: Readonly<Record<string, number | string | boolean>>;
}

/** Where the differences came from and how long they took; goes into diff.json and the page. */
export interface DifferencePageFacts {
  readonly science: string;
  readonly template: string;
  readonly version: string;
  readonly method: string;
  readonly notes: readonly string[];
  readonly times_s: Readonly<Record<string, number>>;
}

export const DIFFERENCE_TEMPLATE = 'difference.hbs';

export interface DifferencePageTools {
  /** Texts of `DIFFERENCE_TEMPLATE` and `style.css` below `reports/`. */
  readonly template: string;
  readonly style: string;
  readonly encodePng: (width: number, height: number, rgb: Uint8Array) => Uint8Array;
}

const MAX_SOURCES = 18;
const HALF_PX = 20;
/** Longest side of the pictures of the whole images. */
const OVERVIEW_PX = 700;

/** The page as text. Sources with flags come last among the strongest. */
export function renderDifferencePage(input: DifferencePageInput, facts: DifferencePageFacts, tools: DifferencePageTools): string {
  const picture = ({ width, height, rgb, label }: Stretched): object => ({
    label, width, height, address: `data:image/png;base64,${base64(tools.encodePng(width, height, rgb))}`,
  });
  const images = [['science', input.science], ['template', input.matchedTemplate], ['difference', input.difference]] as const;
  const overview = stretchCutout({ kind: 'source', title: '', caption: '', panels: images.map(([label, image]) => binned(label, image)) });
  const engine = Handlebars.create();
  return engine.compile(tools.template, { strict: true, knownHelpersOnly: true, preventIndent: true })({
    title: `${readableText(facts.science)} − ${readableText(facts.template)}`, style: new SafeHtml(tools.style), version: facts.version,
    method: facts.method, notes: facts.notes.map(readableText), overview: overview.map(picture),
    kernels: input.kernelImages.map(k => ({ ...picture(kernelPicture(k.data)), place: `x ${k.x}, y ${k.y}` })),
    times: Object.entries(facts.times_s).map(([step, s]) => ({ name: step, value: `${numberText(s, 3)} s` })),
    figures: Object.entries(input.metadata).map(([name, value]) => ({
      name, value: typeof value === 'number' ? numberText(value, 5) : readableText(String(value)),
    })),
    sources: strongest(input.diaSources).map(row => sourceCard(input, row, images, picture)),
  });
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let k = 0; k < bytes.length; k += 0x8000) text += String.fromCharCode(...bytes.subarray(k, k + 0x8000));
  return btoa(text);
}

/** Means of square blocks. */
function binned(label: string, { width, height, image }: Exposure): CutoutPanel {
  const bin = Math.max(1, Math.ceil(Math.max(width, height) / OVERVIEW_PX));
  const [w, h] = [Math.floor(width / bin), Math.floor(height / bin)];
  const data = Array.from({ length: w * h }, (_, k) => {
    let [sum, n] = [0, 0];
    for (let j = 0; j < bin; j++) {
      for (let i = 0; i < bin; i++) {
        const v = image[(Math.floor(k / w) * bin + j) * width + (k % w) * bin + i]!;
        if (Number.isFinite(v)) { sum += v; n++; }
      }
    }
    return n === 0 ? null : sum / n;
  });
  return { label, width: w, height: h, data };
}

/** Grey with 0 in the middle, each pixel as 4 x 4. */
function kernelPicture(data: Float64Array): Stretched {
  const size = Math.sqrt(data.length);
  const peak = data.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const [zoom, side] = [4, size * 4];
  const rgb = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const v = data[(size - 1 - Math.floor(y / zoom)) * size + Math.floor(x / zoom)]! / peak;
      const grey = Math.round(127.5 * (1 + Math.sign(v) * Math.sqrt(Math.abs(v))));
      rgb.fill(grey, (y * side + x) * 3, (y * side + x) * 3 + 3);
    }
  }
  return { label: 'kernel', width: side, height: side, rgb };
}

function flagsOf(table: Table, row: number): string[] {
  return Object.entries(table.columns).filter(([name, c]) => c.type === 'bool' && /^(flag|isDipole)/.test(name) && c.values[row] !== 0)
    .map(([name]) => name.replace(/^flag|^is/, '').replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase());
}

function strongest(table: Table): number[] {
  const [snr, isSky] = [numbers(table, 'snr'), numbers(table, 'isSky')];
  const isFlagged = (row: number): number => (flagsOf(table, row).length > 0 ? 1 : 0);
  return Array.from(snr.keys()).filter(row => isSky[row] === 0)
    .sort((a, b) => isFlagged(a) - isFlagged(b) || snr[b]! - snr[a]! || a - b).slice(0, MAX_SOURCES);
}

function sourceCard(
  { diaSources, difference }: DifferencePageInput, row: number, images: readonly (readonly [string, Exposure])[],
  picture: (stretched: Stretched) => object,
): object {
  const value = (name: string): number => numbers(diaSources, name)[row]!;
  const [x, y] = [Math.round(value('x')), Math.round(value('y'))];
  const panels = images.map(([label, image]) => stamp(label, image, x, y));
  const flags = flagsOf(diaSources, row);
  return {
    heading: `S/N ${value('snr').toFixed(1)}${value('isNegative') !== 0 ? ', fainter' : ''}`,
    text: `ra ${value('ra').toFixed(6)}, dec ${value('dec').toFixed(6)}; x ${value('x').toFixed(2)}, y ${value('y').toFixed(2)} (first pixel 0); `
      + `${numberText(value('psfFlux'), 4)} ± ${numberText(value('psfFluxErr'), 2)} ${difference.unit}${flags.length > 0 ? `; ${flags.join(', ')}` : ''}`,
    panels: stretchCutout({ kind: 'source', title: '', caption: '', panels }).map(picture),
  };
}

function stamp(label: string, { width, height, image }: Exposure, x: number, y: number): CutoutPanel {
  const size = 2 * HALF_PX + 1;
  const data = Array.from({ length: size * size }, (_, k) => {
    const [i, j] = [x - HALF_PX + (k % size), y - HALF_PX + Math.floor(k / size)];
    const v = i >= 0 && j >= 0 && i < width && j < height ? image[j * width + i]! : NaN;
    return Number.isFinite(v) ? v : null;
  });
  return { label, width: size, height: size, data };
}
