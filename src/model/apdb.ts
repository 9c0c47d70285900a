/**
 * The association database as the tasks see it. Backends are in apdb/; rows are tables whose columns
 * are named as in the `dax_apdb` schema 10.0.0 (DiaSource, DiaObject, DiaForcedSource).
 */
import type { Table } from './table.ts';

/** Convex region on the sky: vertices in degrees, counter-clockwise as seen from outside (ra, dec). */
export interface SkyPolygon {
  readonly vertices_deg: readonly (readonly [number, number])[];
}

export interface ApdbVisit {
  readonly visit: number;
  readonly detector: number;
  readonly time_mjdTai: number;
}

export interface Apdb {
  /** Latest version of the DIAObjects inside the region. */
  getDiaObjects(region: SkyPolygon): Table;
  /** DIASources of the region (or of the given objects) within the read-back window before the visit time. */
  getDiaSources(region: SkyPolygon, objectIds: readonly bigint[] | null, time_mjdTai: number): Table;
  getDiaForcedSources(region: SkyPolygon, objectIds: readonly bigint[] | null, time_mjdTai: number): Table;
  /** True when sources of this visit and detector are stored already. */
  containsVisitDetector(visit: number, detector: number): boolean;
  /** Undo an earlier store of this visit and detector, so that it can be processed again. */
  forgetVisitDetector(visit: ApdbVisit): void;
  /** Store one visit and detector in a single transaction. */
  store(visit: ApdbVisit, objects: Table, sources: Table, forced: Table): void;
}
