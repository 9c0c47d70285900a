/** DIASource catalogs of any origin in the words of today's schema. */
import { DIA_SOURCE_COLUMNS } from '../../model/apdbColumns.ts';
import { ApError } from '../../model/errors.ts';
import { column, numbers, selectRows, withColumns } from '../../model/table.ts';
import type { Column, Table } from '../../model/table.ts';

/** Names of the schema of 2021 (and of the alerts and butler tables of that time) by those of today. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  diaSourceId: ['id'], visit: ['ccdVisitId'], midpointMjdTai: ['midPointTai', 'midpointMjdTAI', 'mjd'], band: ['filterName', 'filter'],
  dec: ['decl'], decErr: ['declErr', 'declSigma'], raErr: ['raSigma'], ra_dec_Cov: ['ra_decl_Cov', 'radecCov'],
  parentDiaSourceId: ['parent'], psfFlux: ['psFlux', 'psFluxMean'], psfFluxErr: ['psFluxErr'], psfLnL: ['psLnL'], psfChi2: ['psChi2'],
  psfNdata: ['psNdata'], scienceFlux: ['totFlux'], scienceFluxErr: ['totFluxErr'], trailDec: ['trailDecl'],
  dipoleMeanFlux: ['dipMeanFlux'], dipoleFluxDiff: ['dipFluxDiff'], dipoleLength: ['dipLength'], dipoleAngle: ['dipAngle'],
  dipoleChi2: ['dipChi2'], dipoleNdata: ['dipNdata'],
};

/** Without these there is no association. */
const NEEDED = ['diaSourceId', 'visit', 'midpointMjdTai', 'ra', 'dec', 'band'] as const;
/** What may be missing although the database demands it, and the value that means "none". */
const COUNTS = ['psfNdata', 'trailNdata', 'dipoleNdata', 'bboxSize'];

/**
 * The catalog with today's names and the types of identifiers, visit, detector (0 when there is none: `ccdVisitId` of 2021
 * numbers both) and band, and single precision where the schema has it. Counts that are missing are 0, `timeProcessedMjdTai` is the time of the observation when it is missing.
 * @param where - for the message. @throws ApError BAD_FORMAT when a column is missing that the association needs.
 */
export function standardDiaSources(table: Table, where: string): Table {
  const columns: Record<string, Column> = { ...table.columns };
  for (const [name, others] of Object.entries(ALIASES)) {
    const old = name in columns ? undefined : others.find(other => other in columns);
    if (old === undefined) continue;
    for (const suffix of ['', '_isNull']) {
      if (columns[old + suffix] === undefined) continue;
      columns[name + suffix] = columns[old + suffix]!;
      delete columns[old + suffix];
    }
  }
  // A column without a single value has no type of its own: it is as good as absent.
  for (const [name, c] of Object.entries(columns)) {
    if (c.type !== 'string' || table.nRows === 0 || columns[`${name}_isNull`]?.values.includes(0 as never) !== false) continue;
    delete columns[name];
    delete columns[`${name}_isNull`];
  }
  const missing = NEEDED.filter(name => columns[name] === undefined);
  if (missing.length > 0) {
    throw new ApError('BAD_FORMAT', { where, found: `no column ${missing.join(', ')}`, expected: 'a DIASource catalog' });
  }
  const named: Table = { nRows: table.nRows, columns };
  const fill = (name: string, values: () => Column['values'], type: 'i32' | 'f64', unit = ''): void => {
    if (columns[name] === undefined) columns[name] = { type, unit, doc: '', values: values() } as Column;
  };
  for (const name of ['diaSourceId', 'visit', 'diaObjectId', 'ssObjectId', 'parentDiaSourceId']) {
    if (columns[name] !== undefined) columns[name] = integers(named, name, where);
  }
  for (const { name, type } of DIA_SOURCE_COLUMNS) {
    const c = columns[name];
    // Text formats know no single precision: what they hold is the shortest decimal of it.
    if (type === 'f32' && c?.type === 'f64') columns[name] = { ...c, type, values: Float32Array.from(c.values) };
  }
  for (const name of ['detector', ...COUNTS]) fill(name, () => new Int32Array(table.nRows), 'i32');
  if (columns.band!.type !== 'string') throw new ApError('BAD_FORMAT', { where: `${where}, band`, found: columns.band!.type, expected: 'text' });
  columns.band = { ...columns.band!, values: columns.band!.values.map(band => band.trim()) };
  fill('timeProcessedMjdTai', () => numbers(named, 'midpointMjdTai').slice(), 'f64', 'd');
  return named;
}

/** A column of 64-bit integers; text formats and FITS may have it as another number. */
function integers(table: Table, name: string, where: string): Column {
  const c = table.columns[name]!;
  if (c.type === 'i64') return c;
  const isExact = (value: number): boolean => Number.isSafeInteger(value);
  if (c.type === 'string' || !Array.from(c.values, Number).every((v, i) => isExact(v) || table.columns[`${name}_isNull`]?.values[i] === 1)) {
    throw new ApError('BAD_FORMAT', { where: `${where}, ${name}`, found: `a column of type ${c.type} with values that are not whole`, expected: 'integers' });
  }
  const values = BigInt64Array.from(c.values, v => (isExact(Number(v)) ? BigInt(Number(v)) : 0n));
  return { type: 'i64', unit: c.unit, doc: c.doc, values };
}

/**
 * One row for each identifier: catalogs of overlapping regions repeat sources.
 * @throws ApError BAD_FORMAT when two rows of one identifier are not the same source.
 */
export function uniqueDiaSources(table: Table): Table {
  const ids = column(table, 'diaSourceId', 'i64');
  const [ra, dec, time, visit] = ['ra', 'dec', 'midpointMjdTai', 'visit'].map(name => numbers(table, name));
  const first = new Map<bigint, number>();
  const rows: number[] = [];
  ids.forEach((id, i) => {
    const j = first.get(id);
    if (j === undefined) {
      first.set(id, i);
      rows.push(i);
    } else if ([ra, dec, time, visit].some(values => !Object.is(values![i], values![j]))) {
      throw new ApError('BAD_FORMAT', { where: `diaSourceId ${id}`, found: 'two different sources', expected: 'identifiers that are unique' });
    }
  });
  return rows.length === table.nRows ? table : selectRows(table, rows);
}

/** The common columns of several catalogs, one below the other; a flag of nulls that one lacks is 0 there. */
export function joinedDiaSources(tables: readonly Table[]): Table {
  const filled = tables.filter(t => t.nRows > 0);
  const all = [...new Set(filled.flatMap(t => Object.keys(t.columns)))];
  const isNullFlag = (name: string): boolean => name.endsWith('_isNull');
  const common = all.filter(name => !isNullFlag(name) && filled.every(t => t.columns[name] !== undefined));
  const names = [...common, ...all.filter(name => isNullFlag(name) && common.includes(name.slice(0, -'_isNull'.length)))];
  const withFlags = (table: Table): Table => withColumns({ nRows: table.nRows, columns: {} }, Object.fromEntries(names.map(name =>
    [name, table.columns[name] ?? { type: 'bool', unit: '', doc: '', values: new Uint8Array(table.nRows) } as Column])));
  return concatSameTypes(filled.map(withFlags), names);
}

/** Columns of which the tables disagree in the type (a column of nulls has none of its own) become float64 or are left out. */
function concatSameTypes(tables: readonly Table[], names: readonly string[]): Table {
  const nRows = tables.reduce((n, t) => n + t.nRows, 0);
  const columns: Record<string, Column> = {};
  for (const name of names) {
    const parts = tables.map(t => t.columns[name]!);
    const types = new Set(parts.map(c => c.type));
    if (types.size === 1) {
      columns[name] = joined(parts, nRows);
    } else if (!types.has('string')) {
      const values = new Float64Array(nRows);
      let at = 0;
      for (const table of tables) {
        values.set(numbers(table, name), at);
        at += table.nRows;
      }
      columns[name] = { type: 'f64', unit: parts[0]!.unit, doc: parts[0]!.doc, values };
    }
  }
  return { nRows, columns };
}

function joined(parts: readonly Column[], nRows: number): Column {
  const [first] = parts;
  if (first!.type === 'string') return { ...first!, values: parts.flatMap(c => c.values as readonly string[]) };
  const values = new (first!.values.constructor as Float64ArrayConstructor)(nRows);
  let at = 0;
  for (const part of parts) {
    values.set(part.values as Float64Array, at);
    at += part.values.length;
  }
  return { ...first!, values } as unknown as Column;
}
