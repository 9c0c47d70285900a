/** One alert for each associated source of a visit and detector: its records, its history, its cutouts. */
import { alertCutout, alertRecord } from '../astro/association/alertPacket.ts';
import { rowsByObject } from '../astro/association/sourceHistory.ts';
import type { Alert, AlertBatch, AlertRecord } from '../model/alert.ts';
import type { Exposure } from '../model/image.ts';
import { column, numbers, type Table } from '../model/table.ts';

export interface AlertImages {
  readonly difference: Exposure;
  readonly science: Exposure;
  readonly template: Exposure;
}

export interface AlertTables {
  /** Sources of this visit and detector with their diaObjectId; 0 for those of solar-system objects. */
  readonly sources: Table;
  /** Versions of their objects that this visit has made. */
  readonly objects: Table;
  /** Earlier sources of these objects, in parts. */
  readonly earlierSources: readonly Table[];
  /** Forced sources of these objects up to this visit, in parts. */
  readonly forcedSources: readonly Table[];
  /** Rows of SSSource of this visit, by diaSourceId; absent when no solar-system association was made. */
  readonly ssSources?: Table;
  /** Rows of mpc_orbits, by designation. */
  readonly orbits?: Table;
}

export interface AlertOptions {
  /** Sides of a cutout in pixels: that of the footprint's box within these limits. */
  readonly minCutoutSize_px: number;
  readonly maxCutoutSize_px: number;
  readonly observationReason: string | null;
  readonly targetName: string | null;
}

/**
 * As Rubin packs them (`PackageAlertsTask`): `prvDiaSources` null without earlier sources, `prvDiaForcedSources` empty
 * without forced ones; histories by rising time. A source of a solar-system object has its record of SSSource and its
 * orbit instead of an object and histories. A cutout is null when the source lies outside that image.
 */
export function packageAlerts(images: AlertImages, tables: AlertTables, options: AlertOptions): AlertBatch {
  const { sources, objects } = tables;
  const ids = column(sources, 'diaSourceId', 'i64');
  const objectIds = column(sources, 'diaObjectId', 'i64');
  const [x, y, bboxSize] = [numbers(sources, 'x'), numbers(sources, 'y'), numbers(sources, 'bboxSize')];
  const objectRow = rowBy(objects, 'diaObjectId');
  const earlier = histories(tables.earlierSources);
  const forced = histories(tables.forcedSources);
  const solarSystem = solarSystemRecords(tables);
  const alerts = Array.from(ids, (diaSourceId, row): Alert => {
    const objectAt = objectRow.get(objectIds[row]!);
    const hasObject = objectAt !== undefined;
    const size = Math.min(Math.max(bboxSize[row]!, options.minCutoutSize_px), options.maxCutoutSize_px);
    const cutout = (image: Exposure): Alert['cutoutScience'] => alertCutout(image, x[row]!, y[row]!, size);
    const before = hasObject ? earlier(objectIds[row]!) : [];
    return {
      diaSourceId, observation_reason: options.observationReason, target_name: options.targetName, diaSource: alertRecord(sources, row),
      prvDiaSources: before.length > 0 ? before : null, prvDiaForcedSources: hasObject ? forced(objectIds[row]!) : null,
      diaObject: hasObject ? alertRecord(objects, objectAt) : null, ...solarSystem(diaSourceId),
      cutoutDifference: cutout(images.difference), cutoutScience: cutout(images.science), cutoutTemplate: cutout(images.template),
    };
  });
  return { visit: images.difference.visitInfo.visit, detector: images.difference.detector, alerts };
}

function rowBy(table: Table, name: string): Map<bigint, number> {
  return table.nRows === 0 ? new Map() : new Map(Array.from(column(table, name, 'i64'), (id, row) => [id, row]));
}

/** Records of an object from all tables by rising time. They are made when they are asked for: most objects have no alert. */
function histories(tables: readonly Table[]): (id: bigint) => AlertRecord[] {
  const parts = tables.filter(t => t.nRows > 0).map(table => ({ table, rows: rowsByObject(table), time: numbers(table, 'midpointMjdTai') }));
  return id => parts
    .flatMap(({ table, rows, time }) => (rows.get(id) ?? []).map(row => ({ time: time[row]!, table, row })))
    .sort((a, b) => a.time - b.time)
    .map(({ table, row }) => alertRecord(table, row));
}

function solarSystemRecords({ ssSources, orbits }: AlertTables): (id: bigint) => Pick<Alert, 'ssSource' | 'mpc_orbits'> {
  const none = { ssSource: null, mpc_orbits: null };
  if (ssSources === undefined || ssSources.nRows === 0) return () => none;
  const rows = rowBy(ssSources, 'diaSourceId');
  const names = column(ssSources, 'designation', 'string');
  const orbitRow = new Map((orbits === undefined ? [] : column(orbits, 'designation', 'string')).map((name, row) => [name, row]));
  return id => {
    const row = rows.get(id);
    if (row === undefined) return none;
    const orbit = orbitRow.get(names[row]!);
    return { ssSource: alertRecord(ssSources, row), mpc_orbits: orbit === undefined ? null : alertRecord(orbits!, orbit) };
  };
}
