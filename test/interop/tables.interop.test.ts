import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readTableFile, writeTableFile } from '../../src/formats/tableFile.ts';
import { column, type Table } from '../../src/model/table.ts';
import { asciiSample, sample } from '../formats/tables.ts';
import { pythonJson } from './rubinPython.ts';

const PACKAGES = ['astropy', 'pandas', 'pyarrow', 'pyyaml'];
const IMPORTS = 'import astropy, pandas, pyarrow, yaml';
/** Exact text of a value; None for masked and null. */
const SHOW = `
import json, math, sys
import numpy as np
def show(v):
    if v is None or v is np.ma.masked: return None
    if isinstance(v, (bool, np.bool_)): return bool(v)
    if isinstance(v, (int, np.integer)): return str(int(v))
    if isinstance(v, (float, np.floating)): return float(v).hex()
    return str(v)
`;
const READ_ARROW = `${SHOW}
import pyarrow.parquet as pq, pandas as pd
t = pq.read_table(sys.argv[1])
frame = pd.read_parquet(sys.argv[1], dtype_backend="pyarrow")
json.dump({
  "columns": {n: [show(v) for v in t[n].to_pylist()] for n in t.column_names},
  "types": {f.name: str(f.type) for f in t.schema},
  "units": {f.name: {k.decode(): v.decode() for k, v in (f.metadata or {}).items()} for f in t.schema},
  "pandas": {n: [None if v is pd.NA or v is None else show(v) for v in frame[n].tolist()] for n in frame.columns},
}, sys.stdout)
`;
const READ_ASTROPY = `${SHOW}
from astropy.table import Table
kind = {"parquet": dict(format="parquet"), "ecsv": dict(format="ascii.ecsv"), "fits": dict(format="fits", hdu=1, mask_invalid=False), "csv": dict(format="ascii.csv")}[sys.argv[2]]
t = Table.read(sys.argv[1], **kind)
json.dump({
  "columns": {n: [show(v) for v in t[n]] for n in t.colnames}, "types": {n: str(t[n].dtype) for n in t.colnames},
  "units": {n: str(t[n].unit or "") for n in t.colnames}, "docs": {n: t[n].description or "" for n in t.colnames},
}, sys.stdout)
`;
const WRITE = `
import json, sys
import numpy as np, pandas as pd
import astropy.units as u
from astropy.table import MaskedColumn, Table
folder = sys.argv[1]
t = Table()
t["ra"] = np.array([1 / 3, np.nan, -0.0]) * u.deg
t["id"] = MaskedColumn(np.array([2**63 - 1, 5, -(2**63) + 1]), mask=[False, True, False], description="beyond 2^53")
t["flux"] = MaskedColumn(np.array([1.5, 2, -np.inf], dtype="f4"), unit="nJy", mask=[False, True, False])
t["flag"] = [True, False, True]
t["band"] = ["r", "", "a b"]
t.write(f"{folder}/a.ecsv", format="ascii.ecsv")
t.write(f"{folder}/a.fits", format="fits")
plain = t.copy()
for n in ("id", "flux"): plain.remove_column(n)
plain["id"] = np.array([2**63 - 1, 5, -(2**63) + 1])
plain.write(f"{folder}/a.parquet", format="parquet")
frame = pd.DataFrame({"id": pd.array([2**63 - 1, None, 3], dtype="Int64"), "x": [1.5, np.nan, 2.0], "s": ["a", None, ""], "f": pd.array([True, None, False], dtype="boolean")})
frame.to_parquet(f"{folder}/p.parquet", index=False)
frame.to_csv(f"{folder}/p.csv", index=False)
json.dump("written", sys.stdout)
`;

interface Shown {
  columns: Record<string, unknown[]>; types: Record<string, string>; units: Record<string, unknown>;
  docs: Record<string, string>; pandas: Record<string, unknown[]>;
}

/** An interpreter with astropy, pandas and pyarrow: `TABLES_PYTHON`, or a virtual environment in the temporary folder. */
function tablesPython(): { readonly python: string } | { readonly reason: string } {
  const given = process.env.TABLES_PYTHON;
  const environment = path.join(os.tmpdir(), 'ap-verify-tables');
  const python = given ?? path.join(environment, 'bin', 'python');
  const run = (command: string, args: string[]): { status: number | null; text: string } => {
    const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 600_000 });
    return { status, text: (error?.message ?? stderr).trim().split('\n').at(-1)! };
  };
  const isReady = (): boolean => run(python, ['-c', IMPORTS]).status === 0;
  if (isReady()) return { python };
  if (given !== undefined) return { reason: `${given} cannot ${IMPORTS}` };
  const made = existsSync(python) ? { status: 0, text: '' } : run('python3', ['-m', 'venv', environment]);
  if (made.status !== 0) return { reason: `no virtual environment: ${made.text}` };
  const installed = run(python, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  return isReady() ? { python } : { reason: `pip cannot install ${PACKAGES.join(', ')}: ${installed.text}` };
}

/** A table as the Python side shows it: integers as digits, floats compared as numbers, nulls as null. */
function shown(table: Table, name: string): unknown[] {
  const c = table.columns[name]!;
  const isNull = table.columns[`${name}_isNull`]?.values;
  return Array.from(c.values as ArrayLike<number | bigint | string>, (v, i) => {
    if (isNull?.[i]) return null;
    if (c.type === 'bool') return v !== 0;
    return c.type === 'i32' || c.type === 'i64' ? String(v) : v;
  });
}

/** Python's hexadecimal floats as numbers. */
function asNumbers(cells: readonly unknown[]): unknown[] {
  return cells.map(cell => {
    const match = typeof cell === 'string' ? /^(-?)0x([01])\.([0-9a-f]+)p([+-]\d+)$/.exec(cell) : null;
    if (match !== null) {
      const fraction = Number(`0x${match[3]}`) / 16 ** match[3]!.length;
      return (match[1] === '-' ? -1 : 1) * (Number(match[2]) + fraction) * 2 ** Number(match[4]);
    }
    return cell === 'nan' ? NaN : cell === '-inf' ? -Infinity : cell === 'inf' ? Infinity : cell;
  });
}

describe('tables that astropy, pandas and pyarrow read', () => {
  const found = tablesPython();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'ap-tables-'));
  after(() => rmSync(folder, { recursive: true }));
  before(function () {
    if ('reason' in found) {
      console.warn(`    skipped: ${found.reason}`);
      this.skip();
    }
  });
  const python = (program: string, ...args: string[]): Shown => pythonJson((found as { python: string }).python, program, args) as Shown;
  const written = (name: string, table: Table): string => {
    const file = path.join(folder, name);
    writeFileSync(file, writeTableFile(name, table));
    return file;
  };

  it('Parquet in pyarrow and pandas: values, nulls apart from NaN, exact ids, types, units', () => {
    const { columns, types, units, pandas } = python(READ_ARROW, written('t.parquet', sample));
    for (const name of Object.keys(columns)) {
      expect(asNumbers(columns[name]!), name).to.deep.equal(shown(sample, name));
      expect(asNumbers(pandas[name]!).map(String), `${name} in pandas`).to.deep.equal(shown(sample, name).map(v => (Object.is(v, -0) ? '0' : String(v))));
    }
    expect(Object.keys(columns)).to.deep.equal(['ra', 'flux', 'id', 'detector', 'flag', 'band']);
    expect(types).to.deep.equal({ ra: 'double', flux: 'float', id: 'int64', detector: 'int32', flag: 'bool', band: 'string' });
    expect([units.ra, units.flux, units.id]).to.deep.equal([{ unit: 'deg', description: 'right ascension' }, { unit: 'nJy' }, { description: 'beyond 2^53' }]);
  });
  it('Parquet in astropy: units, descriptions, exact ids where there are no nulls', () => {
    const { id, ra } = sample.columns as Required<Table['columns']>;
    const { columns, types, units, docs } = python(READ_ASTROPY, written('full.parquet', { nRows: 3, columns: { id: id!, ra: ra! } }), 'parquet');
    expect(columns.id).to.deep.equal(column(sample, 'id', 'i64').toString().split(','));
    expect([types.id, units.ra, docs.ra]).to.deep.equal(['int64', 'deg', 'right ascension']);
  });
  for (const format of ['ecsv', 'fits'] as const) {
    it(`${format} in astropy: values, masks, types, units`, () => {
      const table = format === 'fits' ? asciiSample : sample;
      const { columns, types, units, docs } = python(READ_ASTROPY, written(`t.${format}`, table), format);
      for (const name of ['ra', 'id', 'detector', 'band']) {
        // Astropy takes empty text of ECSV for a masked one.
        expect(asNumbers(columns[name]!).map(v => (name === 'band' ? v ?? '' : v)), name).to.deep.equal(shown(table, name));
      }
      expect([units.ra, units.flux]).to.deep.equal(['deg', 'nJy']);
      // In FITS astropy keeps descriptions in a block of comments of its own.
      if (format === 'ecsv') expect([docs.ra, docs.id]).to.deep.equal(['right ascension', 'beyond 2^53']);
      expect([types.ra, types.id, types.detector].map(t => t!.replace('>', '').replace('f8', 'float64').replace('i8', 'int64').replace('i4', 'int32')))
        .to.deep.equal(['float64', 'int64', 'int32']);
      if (format === 'ecsv') expect([asNumbers(columns.flux!), columns.flag]).to.deep.equal([shown(table, 'flux'), shown(table, 'flag')]);
    });
  }
  it('we read what they wrote', async () => {
    python(WRITE, folder);
    const read = (name: string): Promise<Table> => readTableFile(name, readFileSync(path.join(folder, name)));
    for (const name of ['a.ecsv', 'a.fits', 'a.parquet']) {
      const table = await read(name);
      expect(shown(table, 'ra'), name).to.deep.equal([1 / 3, NaN, -0]);
      expect(table.columns.ra!.unit, name).to.equal('deg');
      expect(shown(table, 'id').map((v, i) => (i === 1 ? '' : v)), name).to.deep.equal(['9223372036854775807', '', '-9223372036854775807']);
      expect(shown(table, 'id')[1], name).to.equal(name === 'a.parquet' ? '5' : null);
      expect([shown(table, 'flag'), shown(table, 'band')], name).to.deep.equal([[true, false, true], ['r', '', 'a b']]);
    }
    for (const name of ['p.parquet', 'p.csv']) {
      const table = await read(name);
      expect(shown(table, 'id'), name).to.deep.equal(['9223372036854775807', null, '3']);
      expect(shown(table, 'f'), name).to.deep.equal([true, null, false]);
    }
    expect(shown(await read('p.parquet'), 's')).to.deep.equal(['a', null, '']);
  });
});
