/** What an association database knows of the sky around the sources of a catalog. */
import type { KnownSky } from '../astro/association/updateDiaObjects.ts';
import type { Apdb } from '../model/apdb.ts';
import { column, concatTables, numbers, selectRows } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { htmIndex, htmTrixel } from '../sky/htm.ts';
import { offsetBy } from '../sky/sphere.ts';

/** Trixels of about 0.7 degrees. */
const HTM_LEVEL = 7;

/**
 * Latest objects in all trixels that a circle around a source may touch, and their sources as far back as the database
 * reads before the first visit.
 */
export function historyAround(db: Apdb, catalog: Table, radius_arcsec: number): KnownSky {
  const found = [...trixelsAround(catalog, radius_arcsec)].map(index => db.getDiaObjects(htmTrixel(index)));
  const objects = distinct(found.filter(t => t.nRows > 0));
  if (objects === null) return { objects: { nRows: 0, columns: {} }, sources: { nRows: 0, columns: {} } };
  const first_mjdTai = numbers(catalog, 'midpointMjdTai').reduce((least, t) => (t < least ? t : least), Infinity);
  const [ra, dec] = [numbers(catalog, 'ra'), numbers(catalog, 'dec')];
  const somewhere = htmTrixel(htmIndex(HTM_LEVEL, ra[0]!, dec[0]!));
  return { objects, sources: db.getDiaSources(somewhere, [...column(objects, 'diaObjectId', 'i64')], first_mjdTai) };
}

function trixelsAround(catalog: Table, radius_arcsec: number): Set<number> {
  const [ra, dec] = [numbers(catalog, 'ra'), numbers(catalog, 'dec')];
  const found = new Set<number>();
  for (let i = 0; i < ra.length; i++) {
    if (!Number.isFinite(ra[i]! + dec[i]!)) continue;
    found.add(htmIndex(HTM_LEVEL, ra[i]!, dec[i]!));
    for (let angle_deg = 0; angle_deg < 360; angle_deg += 45) {
      found.add(htmIndex(HTM_LEVEL, ...offsetBy(ra[i]!, dec[i]!, angle_deg, 1.2 * radius_arcsec)));
    }
  }
  return found;
}

/** An object on the border of two trixels is in both. */
function distinct(tables: readonly Table[]): Table | null {
  if (tables.length === 0) return null;
  const names = Object.keys(tables[0]!.columns).filter(name => tables.every(t => t.columns[name] !== undefined));
  const all = concatTables(tables.map(t => ({ nRows: t.nRows, columns: Object.fromEntries(names.map(name => [name, t.columns[name]!])) })));
  const seen = new Set<bigint>();
  const ids = column(all, 'diaObjectId', 'i64');
  return selectRows(all, Array.from(ids.keys()).filter(i => !seen.has(ids[i]!) && seen.add(ids[i]!)));
}
