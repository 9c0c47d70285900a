/** What the data repository holds: dimensions, data IDs, dataset types. */
export const DIMENSIONS = [
  'instrument', 'band', 'physical_filter', 'detector', 'group', 'day_obs', 'exposure', 'visit', 'visit_system',
  'skymap', 'tract', 'patch', 'htm7', 'healpix9',
] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** Values of dimensions. Integers are safe integers; strings otherwise. */
export type DataId = Readonly<Partial<Record<Dimension, string | number>>>;

/** How a dataset is kept; `butler/storageClasses.ts` binds each to a file format. */
export type StorageClass =
  | 'Exposure' // model Exposure, FITS
  | 'RawFits' // model RawFrame, the file as ingested
  | 'Mask' // model Mask, FITS
  | 'Table' // model Table, Parquet
  | 'StructuredDataDict' // JSON object
  | 'TaskMetadata' // JSON
  | 'LogRecords' // Rubin's ButlerLogRecords, JSON
  | 'Packages' // versions by name of package, YAML
  | 'ConfigText' // string, assignments in Python's syntax
  | 'MatchingKernel' // model MatchingKernel, JSON
  | 'AlertPackets' // model AlertBatch, Avro object container (alert schema 11.0)
  | 'Bytes'; // Uint8Array, as is

/** Name, dimensions and in-memory type of everything that the repository may hold. */
export interface DatasetType<T = unknown> {
  readonly name: string;
  readonly dimensions: readonly Dimension[];
  readonly storageClass: StorageClass;
  readonly isCalibration: boolean;
  readonly _type?: T;
}

/** A dataset that exists: type, data ID, run, and identity. */
export interface DatasetRef {
  readonly id: string;
  readonly datasetType: string;
  readonly dataId: DataId;
  readonly run: string;
}

/** One text for a data ID, the dimensions in universe order: `{instrument: 'sim', visit: 1}`. */
export function dataIdText(dataId: DataId): string {
  return `{${DIMENSIONS.filter(d => dataId[d] !== undefined).map(d => `${d}: ${String(dataId[d])}`).join(', ')}}`;
}

/** One row of a dimension table: the key values, implied dimensions and metadata, as far as the caller knows them. */
export type DimensionRecord = Readonly<Record<string, string | number | bigint | boolean | Uint8Array | null | TimeSpan>>;

/** Half-open interval of TAI nanoseconds since 1970; null: unbounded. */
export interface TimeSpan {
  readonly begin_ns: bigint | null;
  readonly end_ns: bigint | null;
}
