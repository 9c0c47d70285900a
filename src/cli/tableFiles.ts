/** Tables in files of the command line. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readTableFile, writeTableFile } from '../formats/tableFile.ts';
import { ApError } from '../model/errors.ts';
import type { Table } from '../model/table.ts';

/** @throws ApError FILE_NOT_FOUND, or what `readTableFile` throws. */
export async function readTable(file: string): Promise<Table> {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'a Parquet, FITS, ECSV or CSV file' });
  return readTableFile(file, readFileSync(file));
}

/** Writes a table in the format that the name asks for; the file appears whole or not at all. */
export function writeTableAt(file: string, table: Table): void {
  const bytes = writeTableFile(file, table);
  const temporary = `${file}.writing`;
  try {
    writeFileSync(temporary, bytes);
    renameSync(temporary, file);
  } catch (cause) {
    throw new ApError('FILE_NOT_FOUND', { where: file, found: (cause as Error).message, expected: 'a place to write' }, { cause });
  }
}
