/** What the graph builder asks of the repository. The caller implements it over the butler. */
import type { DataId, DatasetRef, DatasetType, DimensionRecord, TimeSpan } from '../model/dataset.ts';

/** One exposure as seen by one detector, with its visit (one to one with the exposure). */
export interface GraphRow {
  /** Expanded: instrument, exposure, visit, detector, band, physical_filter, day_obs, and whatever else is known. */
  readonly dataId: DataId;
  readonly timespan: TimeSpan;
  /** Begin of the exposure for messages, ISO UTC. */
  readonly date: string;
  /** Dimension records by element name (exposure, visit, detector, physical_filter ...). */
  readonly records: Readonly<Record<string, DimensionRecord>>;
}

export interface GraphCatalog {
  /** The collections that are searched, for messages. */
  readonly collections?: readonly string[];
  /** Every exposure and detector of the instrument that the repository knows. */
  rows(): readonly GraphRow[];
  /** Existing datasets of a type in the input collections, the first found for each data ID. */
  datasets(datasetType: DatasetType): readonly DatasetRef[];
  /** The calibration that is valid at the row's time; null when there is none. */
  calibration(datasetType: DatasetType, row: GraphRow): DatasetRef | null;
  /** Existing datasets of the row's band whose region overlaps the row's region. */
  overlapping(datasetType: DatasetType, row: GraphRow): readonly DatasetRef[];
  /** True when the regions of two rows overlap. */
  overlaps(a: GraphRow, b: GraphRow): boolean;
  /** Reference catalog shards that overlap the row's region. */
  refcats(datasetType: DatasetType, row: GraphRow): readonly DatasetRef[];
}
