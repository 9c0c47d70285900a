/** `ap-verify apdb light-curve`: all fluxes of one object, as a table or a picture. */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { openApdb } from '../../../apdb/openApdb.ts';
import { writeTableFile } from '../../../formats/tableFile.ts';
import type { LightCurvePoint } from '../../../model/alertView.ts';
import { ApError } from '../../../model/errors.ts';
import { column, numbers, tableFromRows } from '../../../model/table.ts';
import type { Table } from '../../../model/table.ts';
import { drawLightCurve } from '../../../report/charts/lightCurve.ts';
import { standaloneSvg } from '../../../report/charts/standaloneSvg.ts';
import { writeTableAt } from '../../tableFiles.ts';

interface Options {
  readonly db: string;
  readonly svg?: string;
  readonly table?: string;
}

/** All of it, however old. */
const EVER_DAYS = 1e6;

export function addApdbLightCurveCommand(apdb: Command): void {
  apdb.command('light-curve <objectId>')
    .description('fluxes of a DIAObject: DIASources and forced photometry, as CSV on standard output, a table file or an SVG')
    .requiredOption('--db <url>', 'association database')
    .option('--table <file>', 'write the table (.parquet, .fits, .ecsv or .csv) instead of printing it')
    .option('--svg <file>', 'draw it')
    .action((text: string, options: Options) => {
      const table = lightCurve(options.db, objectIdOf(text));
      if (options.svg !== undefined) writeFileSync(options.svg, standaloneSvg(drawLightCurve(`DIAObject ${text}`, pointsOf(table))));
      if (options.table !== undefined) writeTableAt(options.table, table);
      else if (options.svg === undefined) process.stdout.write(writeTableFile('light-curve.csv', table));
    });
}

function objectIdOf(text: string): bigint {
  if (!/^-?\d{1,19}$/.test(text)) throw new ApError('USAGE', { where: 'objectId', found: text, expected: 'an integer' });
  return BigInt(text);
}

/** Rows in the order of time; `kind` is source or forced. */
function lightCurve(url: string, id: bigint): Table {
  const db = openApdb(url, { history: { sources: EVER_DAYS, forcedSources: EVER_DAYS } });
  try {
    // With identifiers the region does not matter.
    const anywhere = { vertices_deg: [[0, 0], [1, 0], [0, 1]] } as const;
    const rows = [
      ...rowsOfKind(db.getDiaSources(anywhere, [id], 0), 'source', 'diaSourceId'),
      ...rowsOfKind(db.getDiaForcedSources(anywhere, [id], 0), 'forced', 'diaForcedSourceId'),
    ].sort((a, b) => a.midpointMjdTai - b.midpointMjdTai);
    if (rows.length === 0) throw new ApError('APDB', { where: url, found: `no source of DIAObject ${id}`, expected: 'at least one' });
    const f64 = (name: string, unit: string): { name: string; type: 'f64'; unit: string; doc: string } => ({ name, type: 'f64', unit, doc: '' });
    return tableFromRows([
      { name: 'kind', type: 'string', unit: '', doc: '' }, { name: 'id', type: 'i64', unit: '', doc: '' },
      { name: 'visit', type: 'i64', unit: '', doc: '' }, { name: 'detector', type: 'i32', unit: '', doc: '' },
      { name: 'band', type: 'string', unit: '', doc: '' }, f64('midpointMjdTai', 'd'),
      f64('psfFlux', 'nJy'), f64('psfFluxErr', 'nJy'), f64('scienceFlux', 'nJy'), f64('scienceFluxErr', 'nJy'),
    ], rows);
  } finally {
    db.close();
  }
}

type Row = Record<'midpointMjdTai' | 'psfFlux' | 'psfFluxErr' | 'scienceFlux' | 'scienceFluxErr' | 'visit' | 'detector', number>
  & { readonly kind: string; readonly id: bigint; readonly band: string };

function rowsOfKind(table: Table, kind: string, idName: string): Row[] {
  if (table.nRows === 0) return [];
  const [ids, bands] = [column(table, idName, 'i64'), column(table, 'band', 'string')];
  const names = ['midpointMjdTai', 'psfFlux', 'psfFluxErr', 'scienceFlux', 'scienceFluxErr', 'visit', 'detector'] as const;
  const values = names.map(name => [name, numbers(table, name)] as const);
  return Array.from(ids, (id, i) => ({
    ...Object.fromEntries(values.map(([name, v]) => [name, v[i]!])) as Record<(typeof names)[number], number>, kind, id, band: bands[i]!,
  }));
}

/** Difference fluxes with a time; what has none is in the table only. */
function pointsOf(table: Table): LightCurvePoint[] {
  const [kind, band] = [column(table, 'kind', 'string'), column(table, 'band', 'string')];
  const [time, flux, fluxErr] = [numbers(table, 'midpointMjdTai'), numbers(table, 'psfFlux'), numbers(table, 'psfFluxErr')];
  return Array.from(time.keys()).filter(i => Number.isFinite(time[i]! + flux[i]!)).map((i): LightCurvePoint => ({
    kind: kind[i] === 'forced' ? 'forced' : 'detection', band: band[i]!, time_mjd: time[i]!, flux_nJy: flux[i]!, fluxErr_nJy: fluxErr[i]!,
  }));
}
