/** DIASources and DIAObjects that Rubin's pipeline made, when ../shared/data is there; they may not be shipped. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { associateCatalog } from '../../../src/astro/association/associateCatalog.ts';
import { compareObjects } from '../../../src/astro/association/compareObjects.ts';
import type { Agreement } from '../../../src/astro/association/compareObjects.ts';
import { joinedDiaSources, standardDiaSources, uniqueDiaSources } from '../../../src/astro/association/diaSourceColumns.ts';
import { readTableFile } from '../../../src/formats/tableFile.ts';
import type { Table } from '../../../src/model/table.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../../../shared/data/ap_catalogs');
export const RUBIN_CATALOGS = ['hits2015', 'dc2'] as const;
export const TOLERANCE = { position_arcsec: 1e-6, relative: 1e-6 };

/** Files of one kind (dia_source, dia_object) of a data set; empty when the data are not here. */
export function rubinFiles(name: string, kind: string): string[] {
  const folder = path.join(FOLDER, name);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter(file => file.includes(kind)).sort().map(file => path.join(folder, file));
}

async function read(name: string, kind: string): Promise<Table> {
  return joinedDiaSources(await Promise.all(rubinFiles(name, kind).map(file => readTableFile(file, readFileSync(file)))));
}

/** Our objects from Rubin's sources against Rubin's objects; null when the data are not here. */
export async function agreementWithRubin(name: string, method: 'optimal' | 'greedy'): Promise<Agreement | null> {
  if (rubinFiles(name, 'dia_object').length === 0) return null;
  const sources = uniqueDiaSources(standardDiaSources(await read(name, 'dia_source'), name));
  const nothing = { objects: { nRows: 0, columns: {} }, sources: { nRows: 0, columns: {} } };
  const association = associateCatalog(sources, nothing, { association: { method }, summary: { position: 'mean' }, historyWindow_d: 360 });
  while (association.next() !== null);
  return compareObjects(sources, association.diaObjectId, association.objects(), await read(name, 'dia_object'), TOLERANCE);
}
