/** Dimension records of a repository by key, and what they say about a data ID. */
import type { Repository } from '../butler/repository.ts';
import type { DataId, DimensionRecord } from '../model/dataset.ts';
import type { SkyRegion } from '../sky/region.ts';
import { decodeRegion } from '../sky/regionEncoding.ts';

export interface DimensionIndex {
  record(element: string, dataId: DataId): DimensionRecord | undefined;
  /** With what the exposure or the visit implies: visit, physical_filter, band, day_obs, group. */
  expand(dataId: DataId): DataId;
  /** Region of a visit and detector; null: not known. */
  region(dataId: DataId): SkyRegion | null;
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  detector: ['instrument', 'detector'], physical_filter: ['instrument', 'physical_filter'],
  exposure: ['instrument', 'exposure'], visit: ['instrument', 'visit'],
  visit_detector_region: ['instrument', 'visit', 'detector'],
};

/** All records that data IDs refer to, read once. */
export function dimensionIndex(repository: Repository): DimensionIndex {
  const byKey = new Map(Object.entries(KEYS).map(([element, keys]) => [element, new Map(repository.records(element).map(record =>
    [keys.map(key => String(keyOf(record, element, key))).join(' '), record] as const))]));
  const record = (element: string, dataId: DataId): DimensionRecord | undefined =>
    byKey.get(element)!.get(KEYS[element]!.map(key => String(dataId[key as keyof DataId])).join(' '));
  const visits = new Map(repository.records('visit_definition').map(r => [`${String(r.instrument)} ${String(r.exposure)}`, Number(r.visit)]));
  const regions = new Map<string, SkyRegion | null>();
  return {
    record,
    expand: dataId => expanded(dataId, record, visits),
    region: dataId => {
      const key = `${String(dataId.instrument)} ${String(dataId.visit)} ${String(dataId.detector)}`;
      if (!regions.has(key)) {
        const bytes = record('visit_detector_region', dataId)?.region;
        regions.set(key, bytes instanceof Uint8Array ? decodeRegion(bytes) : null);
      }
      return regions.get(key)!;
    },
  };
}

/** A record of a dimension names its own key `id` or `name`; one of a relation names the dimension. */
function keyOf(record: DimensionRecord, element: string, key: string): unknown {
  if (record[key] !== undefined) return record[key];
  return element === key ? record.id ?? record.name : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function expanded(
  dataId: DataId, record: DimensionIndex['record'], visits: ReadonlyMap<string, number>,
): DataId {
  const visit = dataId.visit ?? visits.get(`${String(dataId.instrument)} ${String(dataId.exposure)}`);
  const known = { ...dataId, ...(visit === undefined ? {} : { visit }) };
  const source = record('exposure', known) ?? record('visit', known);
  const filter = text(source?.physical_filter) ?? text(dataId.physical_filter);
  const band = filter === undefined ? undefined : text(record('physical_filter', { ...known, physical_filter: filter })?.band);
  const day_obs = source?.day_obs === undefined ? undefined : Number(source.day_obs);
  const implied = { physical_filter: filter, band, day_obs, group: text(source?.group) };
  return { ...known, ...Object.fromEntries(Object.entries(implied).filter(([, value]) => value !== undefined)) };
}
