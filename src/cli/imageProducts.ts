/** What the image commands leave in a folder: catalogs, images, PSF, region file, check image, numbers. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { psfMoments, psfFwhm_px, renderPsf } from '../astro/psf/renderPsf.ts';
import { card, writeFits } from '../formats/fits/index.ts';
import { writeExposure } from '../formats/exposureFits.ts';
import { encodePng } from '../formats/png.ts';
import { writeTableFile } from '../formats/tableFile.ts';
import type { Exposure } from '../model/image.ts';
import type { PsfModel } from '../model/psf.ts';
import { numbers } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { quantile } from '../numeric/statistics.ts';

export interface ImageProducts {
  /** Without sky, with PSF. */
  readonly exposure: Exposure;
  readonly background: Exposure;
  readonly catalog: Table;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Further tables by file name without extension. */
  readonly tables: Readonly<Record<string, Table>>;
}

/** Writes all products into a folder, which is made; files of the same name are overwritten. */
export function writeImageProducts(folder: string, { exposure, background, catalog, metadata, tables }: ImageProducts): void {
  mkdirSync(folder, { recursive: true });
  const put = (name: string, content: Uint8Array | string): void => { writeFileSync(path.join(folder, name), content); };
  for (const [name, table] of Object.entries({ catalog, ...tables })) {
    for (const form of ['parquet', 'fits']) put(`${name}.${form}`, writeTableFile(`${name}.${form}`, table));
  }
  put('exposure.fits', writeExposure(exposure));
  const { width, height } = background;
  put('background.fits', writeFits([{ kind: 'image', shape: [width, height], data: background.image, cards: [card('BUNIT', background.unit)] }]));
  if (exposure.psf !== null) put('psf.fits', psfFile(exposure.psf));
  put('sources.reg', regionFile(catalog));
  put('check.png', checkImage(exposure, catalog));
  put('summary.json', `${JSON.stringify(metadata, null, 2)}\n`);
}

const MESH = [3, 5] as const;

/** The PSF at 3 x 5 places of the image, one plane each, and a table of its size and shape there. */
function psfFile(psf: PsfModel): Uint8Array {
  const places = Array.from({ length: MESH[0] * MESH[1] }, (_, k) => {
    const at = (i: number, n: number, from: number, length: number): number => Math.round(from + ((i + 0.5) * length) / n);
    return { x: at(k % MESH[0], MESH[0], psf.x0, psf.width), y: at(Math.floor(k / MESH[0]), MESH[1], psf.y0, psf.height) };
  });
  const stamps = places.map(p => renderPsf(psf, p.x, p.y));
  const size = stamps[0]!.size;
  const data = new Float32Array(size * size * places.length);
  stamps.forEach((stamp, k) => data.set(stamp.data, k * size * size));
  const shapes = places.map(p => psfMoments(psf, p.x, p.y));
  const column = (name: string, unit: string, values: readonly number[]): { name: string; unit: string; type: 'numbers'; values: Float64Array } =>
    ({ name, unit, type: 'numbers', values: Float64Array.from(values) });
  return writeFits([
    { kind: 'image', shape: [size, size, places.length], data, cards: [card('NSTARS', psf.nStars), card('FWHM', psf.fwhm_px, '[pixel] centre')] },
    {
      kind: 'bintable', name: 'SHAPES', nRows: places.length, columns: [
        column('x', 'pixel', places.map(p => p.x)), column('y', 'pixel', places.map(p => p.y)),
        column('fwhm', 'pixel', places.map(p => psfFwhm_px(psf, p.x, p.y))),
        column('e1', '', shapes.map(s => (s.ixx - s.iyy) / (s.ixx + s.iyy))), column('e2', '', shapes.map(s => (2 * s.ixy) / (s.ixx + s.iyy))),
      ],
    },
  ]);
}

/** DS9 regions in image coordinates (first pixel 1, 1): stars of the PSF green, extended sources red, others yellow. */
function regionFile(catalog: Table): string {
  const [x, y, extended, psfUsed] = ['x', 'y', 'extendedness', 'psfUsed'].map(name => numbers(catalog, name)) as [
    Float64Array, Float64Array, Float64Array, Float64Array];
  const lines = Array.from(x.keys(), i => {
    const colour = psfUsed[i] === 1 ? 'green' : extended[i] === 1 ? 'red' : 'yellow';
    return `circle(${(x[i]! + 1).toFixed(3)},${(y[i]! + 1).toFixed(3)},6) # color=${colour}`;
  });
  return ['# Region file format: DS9 version 4.1', 'image', ...lines, ''].join('\n');
}

const LARGEST_SIDE = 1600;

/** The image, north of the array up, from 2 below to 10 sigma above the sky, with the sources: PSF stars green, extended red. */
function checkImage(exposure: Exposure, catalog: Table): Uint8Array {
  const step = Math.max(1, Math.ceil(Math.max(exposure.width, exposure.height) / LARGEST_SIDE));
  const [w, h] = [Math.ceil(exposure.width / step), Math.ceil(exposure.height / step)];
  const rgb = new Uint8Array(w * h * 3);
  const [low, middle] = [quantile(sampleOf(exposure.image), 0.16), quantile(sampleOf(exposure.image), 0.5)];
  const sigma = Math.max(middle - low, 1e-30);
  for (let j = 0; j < h; j++) {
    for (let i = 0; i < w; i++) {
      const value = exposure.image[Math.min(exposure.height - 1, j * step) * exposure.width + Math.min(exposure.width - 1, i * step)]!;
      const grey = Number.isNaN(value) ? 0 : Math.round(255 * Math.sqrt(Math.min(1, Math.max(0, ((value - middle) / sigma + 2) / 12))));
      rgb.fill(grey, 3 * ((h - 1 - j) * w + i), 3 * ((h - 1 - j) * w + i) + 3);
    }
  }
  markSources(rgb, w, h, step, catalog);
  return encodePng(w, h, rgb);
}

function sampleOf(image: Float32Array): number[] {
  const sample: number[] = [];
  const step = Math.max(1, Math.floor(image.length / 50_000)) | 1;
  for (let i = 0; i < image.length; i += step) if (!Number.isNaN(image[i]!)) sample.push(image[i]!);
  return sample;
}

function markSources(rgb: Uint8Array, w: number, h: number, step: number, catalog: Table): void {
  const [x, y, extended, psfUsed] = ['x', 'y', 'extendedness', 'psfUsed'].map(name => numbers(catalog, name)) as [
    Float64Array, Float64Array, Float64Array, Float64Array];
  for (let k = 0; k < x.length; k++) {
    const colour = psfUsed[k] === 1 ? [0, 220, 0] : extended[k] === 1 ? [255, 60, 60] : [240, 220, 0];
    for (let a = 0; a < 24; a++) {
      const i = Math.round(x[k]! / step + 6 * Math.cos((Math.PI * a) / 12));
      const j = h - 1 - Math.round(y[k]! / step + 6 * Math.sin((Math.PI * a) / 12));
      if (i >= 0 && j >= 0 && i < w && j < h) rgb.set(colour, 3 * (j * w + i));
    }
  }
}
