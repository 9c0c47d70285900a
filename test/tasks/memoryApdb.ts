/** The association database in memory, as slow and plain as can be: what the tasks' tests run against. */
import type { Apdb, ApdbVisit, SkyPolygon } from '../../src/model/apdb.ts';
import { concatTables, numbers, rowsOf, selectRows, column } from '../../src/model/table.ts';
import type { Table } from '../../src/model/table.ts';
import { polygonContains } from '../../src/sky/sphere.ts';

interface Stored {
  readonly visit: ApdbVisit;
  readonly objects: Table;
  readonly sources: Table;
  readonly forced: Table;
}

export class MemoryApdb implements Apdb {
  readonly stored: Stored[] = [];

  getDiaObjects(region: SkyPolygon): Table {
    const all = this.#all('objects');
    if (all.nRows === 0) return all;
    const ids = column(all, 'diaObjectId', 'i64');
    const latest = new Map(Array.from(ids, (id, i) => [id, i]));
    return this.#inside(selectRows(all, [...latest.values()]), region);
  }

  getDiaSources(region: SkyPolygon, objectIds: readonly bigint[] | null): Table {
    return this.#history('sources', region, objectIds);
  }

  getDiaForcedSources(region: SkyPolygon, objectIds: readonly bigint[] | null): Table {
    return this.#history('forced', region, objectIds);
  }

  containsVisitDetector(visit: number, detector: number): boolean {
    return this.stored.some(s => s.visit.visit === visit && s.visit.detector === detector);
  }

  forgetVisitDetector({ visit, detector }: ApdbVisit): void {
    const kept = this.stored.filter(s => s.visit.visit !== visit || s.visit.detector !== detector);
    this.stored.splice(0, this.stored.length, ...kept);
  }

  store(visit: ApdbVisit, objects: Table, sources: Table, forced: Table): void {
    this.stored.push({ visit, objects, sources, forced });
  }

  #all(kind: 'objects' | 'sources' | 'forced'): Table {
    const tables = this.stored.map(s => s[kind]).filter(t => t.nRows > 0);
    return tables.length === 0 ? { nRows: 0, columns: {} } : concatTables(tables);
  }

  #inside(table: Table, region: SkyPolygon): Table {
    const [ra, dec] = [numbers(table, 'ra'), numbers(table, 'dec')];
    return selectRows(table, Array.from(ra.keys()).filter(i => polygonContains(region, ra[i]!, dec[i]!)));
  }

  #history(kind: 'sources' | 'forced', region: SkyPolygon, objectIds: readonly bigint[] | null): Table {
    const all = this.#all(kind);
    if (all.nRows === 0) return all;
    if (objectIds === null) return this.#inside(all, region);
    const wanted = new Set(objectIds);
    return selectRows(all, rowsOf(all).flatMap((row, i) => (wanted.has(row.diaObjectId as bigint) ? [i] : [])));
  }
}
