/** Tables of solar-system objects and observers from files. */
import { ApError } from '../model/errors.ts';
import type { Table } from '../model/table.ts';
import { readTable } from './tableFiles.ts';

/**
 * The table of a file with the given numeric columns, and an integer `ssObjectId` unless it is told otherwise.
 * @throws ApError BAD_FORMAT naming what is missing, or what `readTable` throws.
 */
export async function ephemerisTable(file: string, names: readonly string[], hasObjects = true): Promise<Table> {
  const table = await readTable(file);
  const missing = names.filter(name => table.columns[name] === undefined || table.columns[name].type === 'string');
  if (missing.length > 0) throw new ApError('BAD_FORMAT', { where: file, found: `no number in ${missing.join(', ')}`, expected: names.join(', ') });
  if (names.includes('ra') && table.columns.midpointMjdTai === undefined && table.columns.mjd === undefined) {
    throw new ApError('BAD_FORMAT', { where: file, found: 'no column midpointMjdTai or mjd', expected: 'the time of each position' });
  }
  if (!hasObjects) return table;
  const ids = table.columns.ssObjectId;
  if (ids === undefined || ids.type === 'string' || ids.type === 'f64' || ids.type === 'f32') {
    throw new ApError('BAD_FORMAT', { where: file, found: ids === undefined ? 'no column ssObjectId' : `ssObjectId of type ${ids.type}`, expected: 'integers' });
  }
  if (ids.type === 'i64') return table;
  const values = BigInt64Array.from(ids.values, BigInt);
  return { nRows: table.nRows, columns: { ...table.columns, ssObjectId: { type: 'i64', unit: '', doc: ids.doc, values } } };
}
