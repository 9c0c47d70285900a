/**
 * The text of `export.yaml`, version 1.0.2: what a repository exports and another one imports, with the YAML tags of the
 * real client for identities, times, timespans, regions and hashes.
 */
import { LineCounter, Scalar, YAMLMap, isMap, parseDocument } from 'yaml';
import type { CollectionTag, ScalarTag } from 'yaml';
import type { DataId, DimensionRecord, TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { bytesOfHex, decodeRegion, hexOfBytes } from '../sky/regionEncoding.ts';
import { isBox, isCircle, isEllipse, isPolygon } from '../sky/region.ts';
import { isoOfTaiNs, taiNsOfTaiIso } from '../sky/time.ts';
import type { CollectionType } from './collections.ts';
import { elementColumns } from './schema.ts';
import { UNIVERSE } from './universe.ts';

const FORMAT_VERSION = '1.0.2';

export interface ExportedDataset {
  /** One file may hold several datasets: as many identities as data IDs. */
  readonly ids: readonly string[];
  readonly dataIds: readonly DataId[];
  /** Relative to the folder of the export, or a `file:` address. */
  readonly path: string;
  readonly formatter: string | null;
}

/** One item of the list `data`, in the order in which it must be imported. */
export type ExportBlock =
  | { readonly type: 'dimension'; readonly element: string; readonly records: readonly DimensionRecord[] }
  | { readonly type: 'collection'; readonly collectionType: CollectionType; readonly name: string; readonly children: readonly string[] }
  | {
    readonly type: 'dataset_type'; readonly name: string; readonly dimensions: readonly string[]; readonly storageClass: string;
    readonly isCalibration: boolean;
  }
  | { readonly type: 'dataset'; readonly datasetType: string; readonly run: string; readonly records: readonly ExportedDataset[] }
  | { readonly type: 'associations'; readonly collection: string; readonly ids: readonly string[]; readonly timespan: TimeSpan | null };

/** The document; the same blocks give the same text. */
export function exportText(blocks: readonly ExportBlock[]): string {
  const head = `description: Butler Data Repository Export\nversion: ${FORMAT_VERSION}\nuniverse_version: ${UNIVERSE.version}\n`
    + `universe_namespace: ${UNIVERSE.namespace}\ndata:`;
  return `${head}${blocks.length === 0 ? ' []' : `\n${blocks.map(blockText).join('\n')}`}\n`;
}

function blockText(block: ExportBlock): string {
  switch (block.type) {
    case 'dimension': return [
      `- type: dimension\n  element: ${block.element}\n  records:`, ...block.records.map(record => recordText(block.element, record)),
    ].join('\n');
    case 'collection': return collectionText(block);
    case 'dataset_type': return `- type: dataset_type\n  name: ${block.name}\n  dimensions: [${block.dimensions.join(', ')}]\n`
      + `  storage_class: ${block.storageClass}\n  is_calibration: ${block.isCalibration}`;
    case 'dataset': return [
      `- type: dataset\n  dataset_type: ${block.datasetType}\n  run: ${quoted(block.run)}\n  records:`, ...block.records.map(datasetText),
    ].join('\n');
    default: return associationsText(block);
  }
}

function collectionText({ collectionType, name, children }: Extract<ExportBlock, { type: 'collection' }>): string {
  const more = collectionType === 'RUN' ? '\n  host: null\n  timespan_begin: null\n  timespan_end: null'
    : collectionType === 'CHAINED' ? `\n  children: [${children.map(quoted).join(', ')}]` : '';
  return `- type: collection\n  collection_type: ${collectionType}\n  name: ${quoted(name)}${more}`;
}

function associationsText({ collection, ids, timespan }: Extract<ExportBlock, { type: 'associations' }>): string {
  const head = `- type: associations\n  collection: ${quoted(collection)}\n  collection_type: ${timespan === null ? 'TAGGED' : 'CALIBRATION'}\n`;
  const list = (indent: string): string => ids.map(id => `${indent}- !uuid '${id}'`).join('\n');
  if (timespan === null) return `${head}  dataset_ids:\n${list('  ')}`;
  const time = (ns: bigint | null): string => (ns === null ? 'null' : timeText(ns));
  return `${head}  validity_ranges:\n  - timespan: !lsst.daf.butler.Timespan\n      begin: ${time(timespan.begin_ns)}\n      end: ${time(timespan.end_ns)}\n`
    + `    dataset_ids:\n${list('    ')}`;
}

function datasetText({ ids, dataIds, path, formatter }: ExportedDataset): string {
  const dataId = (id: DataId): string => Object.entries(id).map(([name, value]) => `${name}: ${scalarText(value)}`).join(', ');
  return `  - dataset_id:\n${ids.map(id => `    - !uuid '${id}'`).join('\n')}\n    data_id:\n${dataIds.map(id => `    - {${dataId(id)}}`).join('\n')}\n`
    + `    path: ${quoted(path)}${formatter === null ? '' : `\n    formatter: ${formatter}`}`;
}

function recordText(element: string, record: DimensionRecord): string {
  const types = new Map(elementColumns(element).map(({ name, type }) => [name, type]));
  const lines = Object.entries(record).flatMap(([name, value]) => {
    if (name === 'timespan') return timespanLines(value as TimeSpan | null);
    return [`${name}: ${fieldText(types.get(name) ?? '', value)}`];
  });
  return `  - ${lines.join('\n    ')}`;
}

/** The pair of names is what the importer takes for a timespan. */
function timespanLines(timespan: TimeSpan | null): string[] {
  if (timespan === null) return [];
  const line = (name: string, ns: bigint | null): string => `datetime_${name}: ${ns === null ? 'null' : timeText(ns)}`;
  return [line('begin', timespan.begin_ns), line('end', timespan.end_ns)];
}

function fieldText(type: string, value: DimensionRecord[string]): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Uint8Array) return type === 'region' ? regionText(value) : `!!binary '${Buffer.from(value).toString('base64')}'`;
  if (type === 'float' && typeof value === 'number') return floatText(value);
  return scalarText(value as string | number | bigint | boolean);
}

function regionText(bytes: Uint8Array): string {
  const region = decodeRegion(bytes);
  const name = isPolygon(region) ? 'ConvexPolygon' : isCircle(region) ? 'Circle' : isBox(region) ? 'Box' : isEllipse(region) ? 'Ellipse'
    : region.operator === 'union' ? 'UnionRegion' : 'IntersectionRegion';
  return `!<lsst.sphgeom.${name}>\n      encoded: ${quoted(hexOfBytes(bytes))}`;
}

function timeText(ns: bigint): string {
  return `!butler_time/tai/iso '${isoOfTaiNs(ns).replace('T', ' ')}'`;
}

/** YAML 1.1 reads `1e-05` as text: a float needs its point and the sign of the exponent. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf';
  const [mantissa = '', exponent] = String(value).split('e');
  return (mantissa.includes('.') ? mantissa : `${mantissa}.0`) + (exponent === undefined ? '' : `e${exponent}`);
}

function scalarText(value: string | number | bigint | boolean): string {
  return typeof value === 'string' ? quoted(value) : typeof value === 'number' && !Number.isSafeInteger(value) ? floatText(value) : String(value);
}

/** A double-quoted JSON string is one of YAML, too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}

const UUID: ScalarTag = { tag: '!uuid', resolve: text => text.toLowerCase() };
const TIME: ScalarTag = { tag: '!butler_time/tai/iso', resolve: text => new Scalar(taiNsOfTaiIso(text)) };
const BINARY: ScalarTag = { tag: 'tag:yaml.org,2002:binary', resolve: text => new Scalar(Uint8Array.from(Buffer.from(text, 'base64'))) };
const TIMESPAN: CollectionTag = {
  tag: '!lsst.daf.butler.Timespan', collection: 'map', nodeClass: YAMLMap,
  resolve: map => {
    const end = (name: string): bigint | null => (isMap(map) ? (map.get(name) as bigint | null | undefined) ?? null : null);
    return new Scalar({ begin_ns: end('begin'), end_ns: end('end') });
  },
};
const REGIONS = ['ConvexPolygon', 'Box', 'Circle', 'Ellipse', 'UnionRegion', 'IntersectionRegion'].map((name): CollectionTag => ({
  tag: `lsst.sphgeom.${name}`, collection: 'map', nodeClass: YAMLMap,
  resolve: map => new Scalar(bytesOfHex(isMap(map) ? String(map.get('encoded')) : '')),
}));

/**
 * The blocks of a document. Fields that a record leaves out stay out.
 * @throws ApError BAD_FORMAT with line and column of a mistake, or for a version or universe that is not known.
 */
export function parseExport(text: string, where: string): ExportBlock[] {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, customTags: [UUID, TIME, BINARY, TIMESPAN, ...REGIONS] });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    throw new ApError('BAD_FORMAT', { where: `${where}:${line}:${col}`, found: problem.message.split('\n')[0], expected: 'an export of a repository' });
  }
  const root = document.toJS({ maxAliasCount: -1 }) as Record<string, unknown> | null;
  checkVersion(root, where);
  if (!Array.isArray(root!.data)) throw new ApError('BAD_FORMAT', { where, found: 'no list data', expected: 'data: [...]' });
  return root!.data.flatMap((item: unknown, k) => {
    try {
      return blocksOf(item as Record<string, unknown>);
    } catch (cause) {
      const found = cause instanceof ApError ? String(cause.context.found) : (cause as Error).message;
      throw new ApError('BAD_FORMAT', { where: `${where}, data[${k}]`, found, expected: 'a block of an export' }, { cause });
    }
  });
}

/** Universe 6 brought groups and days as they are now; records of older ones would have to be rewritten. */
const OLDEST_UNIVERSE = 6;

function checkVersion(root: Record<string, unknown> | null, where: string): void {
  const version = String(root?.version ?? 'none');
  const [major, minor] = version.split('.').map(Number);
  if (root === null || (version !== '0' && (major !== 1 || minor !== 0))) {
    throw new ApError('BAD_FORMAT', { where, found: `version ${version}`, expected: `version ${FORMAT_VERSION}` });
  }
  const universe = Number(root.universe_version ?? 0);
  const namespace = String(root.universe_namespace ?? UNIVERSE.namespace);
  if (universe < OLDEST_UNIVERSE || universe > UNIVERSE.version || namespace !== UNIVERSE.namespace) {
    const expected = `${UNIVERSE.namespace} ${OLDEST_UNIVERSE} to ${UNIVERSE.version}`;
    throw new ApError('BAD_FORMAT', { where, found: `dimension universe ${namespace} ${universe}`, expected });
  }
}

function blocksOf(item: Record<string, unknown>): ExportBlock[] {
  switch (item.type) {
    case 'dimension': return [{
      type: 'dimension', element: textOf(item, 'element'), records: listOf(item, 'records').map(r => recordOf(r as DimensionRecord)),
    }];
    case 'run': return [{ type: 'collection', collectionType: 'RUN', name: textOf(item, 'name'), children: [] }];
    case 'collection': return [{
      type: 'collection', collectionType: collectionTypeOf(textOf(item, 'collection_type')), name: textOf(item, 'name'),
      children: item.children === undefined ? [] : listOf(item, 'children').map(String),
    }];
    case 'dataset_type': return [{
      type: 'dataset_type', name: textOf(item, 'name'), dimensions: listOf(item, 'dimensions').map(String),
      storageClass: textOf(item, 'storage_class'), isCalibration: item.is_calibration === true,
    }];
    case 'dataset': return [{
      type: 'dataset', datasetType: textOf(item, 'dataset_type'), run: textOf(item, 'run'),
      records: listOf(item, 'records').map(r => datasetOf(r as Record<string, unknown>)),
    }];
    case 'associations': return associationsOf(item);
    default: throw new ApError('BAD_FORMAT', { found: `type ${String(item.type)}` });
  }
}

function textOf(item: Record<string, unknown>, key: string): string {
  const value = item[key];
  if (typeof value !== 'string') throw new ApError('BAD_FORMAT', { found: `${key} ${String(value)} where text must be` });
  return value;
}

function listOf(item: Record<string, unknown>, key: string): unknown[] {
  const value = item[key];
  if (!Array.isArray(value)) throw new ApError('BAD_FORMAT', { found: `no list ${key}` });
  return value;
}

function collectionTypeOf(text: string): CollectionType {
  const types: readonly string[] = ['RUN', 'TAGGED', 'CALIBRATION', 'CHAINED'];
  if (!types.includes(text)) throw new ApError('BAD_FORMAT', { found: `collection_type ${text}` });
  return text as CollectionType;
}

/** `datetime_begin` and `datetime_end` become the timespan. */
function recordOf({ datetime_begin: begin, datetime_end: end, ...rest }: DimensionRecord): DimensionRecord {
  if (begin === undefined && end === undefined) return rest;
  const [begin_ns, end_ns] = [begin, end].map(time => (time as bigint | null | undefined) ?? null) as [bigint | null, bigint | null];
  return { ...rest, timespan: { begin_ns, end_ns } };
}

function datasetOf(record: Record<string, unknown>): ExportedDataset {
  const [ids, dataIds] = [listOf(record, 'dataset_id').map(String), listOf(record, 'data_id') as DataId[]];
  if (ids.length !== dataIds.length) throw new ApError('BAD_FORMAT', { found: `${ids.length} identities for ${dataIds.length} data IDs` });
  return { ids, dataIds, path: textOf(record, 'path'), formatter: typeof record.formatter === 'string' ? record.formatter : null };
}

function associationsOf(item: Record<string, unknown>): ExportBlock[] {
  const collection = textOf(item, 'collection');
  if (item.validity_ranges === undefined) {
    return [{ type: 'associations', collection, ids: listOf(item, 'dataset_ids').map(String), timespan: null }];
  }
  return listOf(item, 'validity_ranges').map(range => {
    const { timespan } = range as { timespan?: TimeSpan };
    if (timespan?.begin_ns === undefined) throw new ApError('BAD_FORMAT', { found: 'a validity range without timespan' });
    return { type: 'associations', collection, ids: listOf(range as Record<string, unknown>, 'dataset_ids').map(String), timespan };
  });
}
