/**
 * Makes the dataset package `sdss-stripe82` from the original files.
 *
 *     node datasets/make-sdss-stripe82.ts PAIR STARS
 *
 * PAIR is the folder with the fpC, fpM and tsField files of the two runs, STARS the reference catalog
 * `stars.fits.gz`. The package is written next to this script; the same input gives the same bytes.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { binTable, columnNumbers, readFits } from '../src/formats/fits/index.ts';
import { writeTable } from '../src/formats/parquet.ts';
import { readRawFrame } from '../src/formats/rawFits.ts';
import { sdss } from '../src/instruments/sdss/index.ts';
import { nJyOfAbMag } from '../src/model/photoCalib.ts';
import { tableFromRows } from '../src/model/table.ts';
import type { Table } from '../src/model/table.ts';
import type { SkyPolygon } from '../src/model/apdb.ts';
import { polygonContains, polygonOfBox } from '../src/sky/sphere.ts';
import { refcatColumns, shardByTrixel } from '../src/simulate/referenceCatalog.ts';

const BANDS = ['u', 'g', 'r', 'i', 'z'] as const;
/** Stars this far outside the frames stay in the catalog (450 pixels of 0.396 arcsec). */
const MARGIN_PX = 450;

interface FileEntry {
  readonly path: string;
  readonly role: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly dataId?: Readonly<Record<string, string | number>>;
}

const root = path.join(import.meta.dirname, 'sdss-stripe82');

function add(file: string, role: string, content: Uint8Array, dataId?: FileEntry['dataId']): FileEntry {
  const target = path.join(root, file);
  mkdirSync(path.dirname(target), { recursive: true });
  writeFileSync(target, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { path: file, role, bytes: content.length, sha256, ...(dataId === undefined ? {} : { dataId }) };
}

/** Each frame with its mask, and the polygon of the frame. */
function frames(pair: string): { entries: FileEntry[]; polygons: SkyPolygon[] } {
  const entries: FileEntry[] = [];
  const polygons: SkyPolygon[] = [];
  for (const name of readdirSync(pair).filter(f => f.startsWith('fpC-')).sort()) {
    const bytes = readFileSync(path.join(pair, name));
    const raw = readRawFrame(bytes);
    const { exposure, detector, wcs } = sdss.translate(raw.header);
    if (wcs === null) throw new Error(`${name}: no WCS`);
    const dataId = { instrument: 'sdss', exposure, detector };
    polygons.push(polygonOfBox(wcs, raw.width, raw.height, MARGIN_PX));
    entries.push(add(`raw/${name}`, 'raw', bytes, dataId));
    const mask = name.replace('fpC-', 'fpM-');
    entries.push(add(`raw/${mask}`, 'raw_mask', readFileSync(path.join(pair, mask)), dataId));
  }
  return { entries, polygons };
}

/** Stars inside any polygon: asinh magnitudes taken as AB (equal to 1e-3 mag at the fluxes that are used here). */
function starsInside(file: string, polygons: readonly SkyPolygon[]): Table {
  const hdu = readFits(readFileSync(file)).hdus[1];
  if (hdu === undefined) throw new Error(`${file}: no table`);
  const stars = binTable(hdu);
  const of = (name: string): ArrayLike<number | bigint> => columnNumbers(stars, name);
  const [id, ra, dec] = [of('sdssid'), of('ra'), of('dec')];
  const magnitudes = BANDS.map(band => [band, of(band), of(`${band}_err`)] as const);
  const rows: Record<string, number | bigint>[] = [];
  for (let i = 0; i < ra.length; i++) {
    const position = [(Number(ra[i]) + 360) % 360, Number(dec[i])] as const;
    if (!polygons.some(polygon => polygonContains(polygon, ...position))) continue;
    const row: Record<string, number | bigint> = { id: BigInt(id[i]!), ra: position[0], dec: position[1] };
    for (const [band, mag, magErr] of magnitudes) {
      const flux = nJyOfAbMag(Number(mag[i]));
      row[`${band}_flux`] = flux;
      row[`${band}_fluxErr`] = (flux * Number(magErr[i]) * Math.LN10) / 2.5;
    }
    rows.push(row);
  }
  rows.sort((a, b) => (a.id! < b.id! ? -1 : 1));
  return tableFromRows(refcatColumns(BANDS), rows);
}

function main(pair: string, stars: string): void {
  const { entries, polygons } = frames(pair);
  const shards = shardByTrixel(starsInside(stars, polygons))
    .map(({ htm7, table }) => add(`refcats/${htm7}.parquet`, 'refcat', writeTable(table), { htm7 }));
  const docs = readdirSync(pair).filter(f => f.startsWith('tsField-')).sort()
    .map(name => add(`doc/${name}`, 'doc', readFileSync(path.join(pair, name))));
  const manifest = {
    format: 'ap-verify-dataset/1',
    name: 'sdss-stripe82',
    title: 'SDSS Stripe 82, one field in 2003 and 2006, g and i',
    version: '1',
    licence: 'SDSS public data, Data Release 7; acknowledgement in README.md',
    description: 'Real corrected frames of one field in two epochs and two bands; each epoch is the template of the other. '
      + 'Asteroids cross the field in one epoch only.',
    instrument: 'sdss',
    bands: ['g', 'i'],
    pipeline: 'ApPipe',
    templates: { source: 'visits' },
    hasTruth: false,
    files: [...entries, ...shards, ...docs],
  };
  writeFileSync(path.join(root, 'dataset.yaml'), stringify(manifest));
}

const [pair, stars] = process.argv.slice(2);
if (pair === undefined || stars === undefined) {
  process.stderr.write('usage: node datasets/make-sdss-stripe82.ts PAIR STARS\n');
  process.exitCode = 64;
} else main(pair, stars);
