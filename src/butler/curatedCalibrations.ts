/** Calibrations that people keep by hand, in folders as the data packages of Rubin's cameras have them. */
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import path from 'node:path';
import { readTableFile } from '../formats/tableFile.ts';
import type { TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { Detector, Instrument } from '../model/instrument.ts';
import { tableFromRows } from '../model/table.ts';
import type { ColumnSpec, Table } from '../model/table.ts';
import { taiNsOfTaiIso } from '../sky/time.ts';
import { withFile } from './staging.ts';

export interface CuratedDefects {
  readonly detector: number;
  readonly table: Table;
  /** Begin of the validity as the file names it, `YYYYMMDDThhmmss`. */
  readonly stamp: string;
  readonly timespan: TimeSpan;
}

const FILE_NAME = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)\.(ecsv|csv|parq|parquet|fits)$/;
const RECTANGLE = ['x0', 'y0', 'width', 'height'];

/**
 * Defects of `<folder>/defects/<detector>/<YYYYMMDDThhmmss>.ecsv`: the detector by name (any case) or number, columns x0,
 * y0, width, height (pixels). Each table holds from the time (TAI) in its name until the next of the detector begins;
 * one of 1970-01-01 from ever. Other files and detectors are listed as skipped.
 * @throws ApError FILE_NOT_FOUND without such a folder; BAD_FORMAT naming the file for a table without the columns.
 */
export async function readCuratedDefects(
  folder: string, instrument: Instrument,
): Promise<{ readonly found: readonly CuratedDefects[]; readonly skipped: readonly { readonly what: string; readonly reason: string }[] }> {
  const root = path.join(folder, 'defects');
  if (!existsSync(root)) throw new ApError('FILE_NOT_FOUND', { where: root, expected: '<detector>/<begin of validity>.ecsv' });
  const found: CuratedDefects[] = [];
  const skipped: { what: string; reason: string }[] = [];
  for (const name of readdirSync(root).sort()) {
    const detector = detectorNamed(instrument, name);
    if (detector === undefined) skipped.push({ what: path.join(root, name), reason: `${instrument.name} has no detector '${name}'` });
    else found.push(...await defectsOf(path.join(root, name), detector.id, skipped));
  }
  return { found, skipped };
}

/**
 * The defects that come with the camera, one table a detector and begin; each holds until the next of the detector.
 * @throws ApError FILE_NOT_FOUND for a camera without any.
 */
export function curatedDefectsOf(instrument: Instrument): readonly CuratedDefects[] {
  const sets = instrument.defects ?? [];
  if (sets.length === 0) {
    throw new ApError('FILE_NOT_FOUND', {
      where: `instrument ${instrument.name}`, found: 'no defects that come with the camera', expected: 'a folder', todo: 'give --from',
    });
  }
  const ordered = sets.toSorted((a, b) => a.detector - b.detector || a.begin.localeCompare(b.begin));
  return ordered.map(({ detector, begin, defects }, k) => {
    const begin_ns = taiNsOfTaiIso(begin);
    const next = ordered[k + 1];
    return {
      detector, table: tableFromRows(RECTANGLE_COLUMNS, defects.map(d => ({ ...d }))), stamp: begin.slice(0, 19).replaceAll(/[-:]/g, ''),
      timespan: { begin_ns: begin_ns === 0n ? null : begin_ns, end_ns: next?.detector === detector ? taiNsOfTaiIso(next.begin) : null },
    };
  });
}

const RECTANGLE_COLUMNS: readonly ColumnSpec[] = [
  ...RECTANGLE.map((name): ColumnSpec => ({ name, type: 'i32', unit: 'pixel', doc: 'rectangle in detector pixels, 0-based' })),
  { name: 'plane', type: 'string', unit: '', doc: 'mask plane that is set' },
];

function detectorNamed(instrument: Instrument, name: string): Detector | undefined {
  return instrument.detectors.find(d => d.name.toLowerCase() === name.toLowerCase() || String(d.id) === name);
}

async function defectsOf(folder: string, detector: number, skipped: { what: string; reason: string }[]): Promise<CuratedDefects[]> {
  const files = readdirSync(folder).sort();
  const dated = files.filter(name => FILE_NAME.test(name));
  for (const name of files) {
    if (!dated.includes(name)) skipped.push({ what: path.join(folder, name), reason: 'its name is no time, like 20260111T000000.ecsv' });
  }
  const begins = dated.map(beginOf);
  const tables: CuratedDefects[] = [];
  for (const [k, name] of dated.entries()) {
    const table = await tableOf(path.join(folder, name));
    const begin_ns = begins[k]! === 0n ? null : begins[k]!;
    const stamp = name.slice(0, name.lastIndexOf('.')).replaceAll(/[-:]/g, '');
    tables.push({ detector, table, stamp, timespan: { begin_ns, end_ns: begins[k + 1] ?? null } });
  }
  return tables;
}

function beginOf(name: string): bigint {
  const [, year, month, day, hour, minute, second] = FILE_NAME.exec(name)!;
  return taiNsOfTaiIso(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
}

async function tableOf(file: string): Promise<Table> {
  try {
    const table = await readTableFile(file, readFileSync(file));
    const missing = RECTANGLE.filter(name => table.columns[name] === undefined);
    if (missing.length > 0) throw new ApError('BAD_FORMAT', { found: `no column ${missing.join(', ')}`, expected: RECTANGLE.join(', ') });
    return table;
  } catch (error) {
    throw withFile(error, file);
  }
}
