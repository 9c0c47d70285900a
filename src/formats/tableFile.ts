/** Tables of any of our formats, known by the name and the first bytes of the file. */
import { gunzipSync } from 'node:zlib';
import { ApError } from '../model/errors.ts';
import type { Table } from '../model/table.ts';
import { readCsv, writeCsv } from './csvTable.ts';
import { isEcsv, readEcsv, writeEcsv } from './ecsv.ts';
import { readFitsTable, writeFitsTable } from './fitsTable.ts';
import { readTable, writeTable } from './parquet.ts';

/** A gzipped table may not grow beyond this. */
const MAX_INFLATED_BYTES = 2 ** 31;
const TEXT_NAME = /\.(csv|tsv|tab|txt|dat|ecsv)$/i;

/**
 * The table of a Parquet, FITS, ECSV or CSV file (also tab-separated), gzipped or not. The content decides; the name only where the
 * content is plain text. Cells without a value are told by `_isNull` columns (tableNulls.ts).
 * @throws ApError BAD_FORMAT, or BAD_FITS and FILE_TRUNCATED for FITS files.
 */
export async function readTableFile(name: string, bytes: Uint8Array): Promise<Table> {
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipped(name, bytes) : bytes;
  const plainName = name.replace(/\.gz$/i, '');
  const start = Buffer.from(plain.subarray(0, 9)).toString('latin1');
  if (start.startsWith('PAR1')) return readTable(plain, { nulls: 'columns' });
  if (start === 'SIMPLE  =') return readFitsTable(plain).table;
  if (isEcsv(plain)) return readEcsv(plain);
  if (TEXT_NAME.test(plainName)) return readCsv(plain, /\.(tsv|tab)$/i.test(plainName) ? '\t' : undefined);
  throw new ApError('BAD_FORMAT', { where: name, found: JSON.stringify(start), expected: 'a Parquet, FITS, ECSV, CSV or TSV file' });
}

function gunzipped(name: string, bytes: Uint8Array): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: name, found: String((cause as Error).message), expected: 'a whole gzip stream' }, { cause });
  }
}

/**
 * The file of a table in the format that its name asks for: .parquet, .fits, .ecsv, .csv or .tsv.
 * @throws ApError BAD_FORMAT for another name, or for what the format cannot hold.
 */
export function writeTableFile(name: string, table: Table): Uint8Array {
  const extension = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase();
  switch (extension) {
    case 'parquet': case 'parq': return writeTable(table);
    case 'fits': case 'fit': return writeFitsTable(table);
    case 'ecsv': return writeEcsv(table);
    case 'csv': return writeCsv(table);
    case 'tsv': return writeCsv(table, '\t');
    default: throw new ApError('BAD_FORMAT', { where: name, found: `.${extension ?? ''}`, expected: '.parquet, .fits, .ecsv, .csv or .tsv' });
  }
}
