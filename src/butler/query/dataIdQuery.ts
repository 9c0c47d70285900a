/**
 * Which data IDs exist: dimension records joined by their keys, by what visits are made of, by overlaps on the sky, and
 * by the datasets that must be there.
 */
import type { DataId, DimensionRecord } from '../../model/dataset.ts';
import { ApError } from '../../model/errors.ts';
import { expandedNames, flattened } from '../collections.ts';
import type { CollectionKey } from '../collections.ts';
import { REGIONS_OVERLAP } from '../connection.ts';
import type { Connection, SqlValue } from '../connection.ts';
import { needType } from '../datasetTypes.ts';
import type { RegisteredType } from '../datasetTypes.ts';
import { dataIdOfRow, recordOfRow } from '../dimensionRecords.ts';
import {
  ELEMENT_ORDER, UNIVERSE, dimensionGroup, hasTable, impliedDimensions, isElement, isSkyPixel, keyColumns, requiredDimensions,
} from '../universe.ts';
import type { QueryColumn } from './columns.ts';
import { COMMON_LEVEL, condition, fragment, joined } from './compile.ts';
import type { Fragment } from './compile.ts';
import { parseQuery } from './language.ts';
import type { Node } from './language.ts';
import type { Binds } from './literals.ts';

export interface QueryOptions {
  /** Expression; see `language.ts`. */
  readonly where?: string;
  readonly binds?: Binds;
  /** Dataset types that must have a dataset for the data ID. */
  readonly datasets?: readonly string[];
  /** Collections that are searched for them; `*` and `?` as in file names. */
  readonly collections?: readonly string[];
  /** At most so many rows. */
  readonly limit?: number;
}

/** Elements that relate two dimensions, and join them whenever both are there. */
const ALWAYS_JOINED = ELEMENT_ORDER.filter(name => name === 'visit_definition' || name === 'visit_system_membership');

/** A table of the query: its dimensions by column, each a source of their values. */
interface Source {
  readonly alias: string;
  readonly table: string;
  readonly dimensions: ReadonlyMap<string, string>;
}

/** Tables, conditions, and where each dimension comes from. */
export interface Plan {
  readonly from: string;
  readonly where: Fragment;
  dimension(name: string): string;
}

/**
 * Data IDs with all values of the dimension group (implied ones too) for which every record and dataset exists, without
 * repetition, ordered by dimension.
 * @throws ApError BAD_QUERY for a mistake in the expression, an unknown dimension, or sky pixels that nothing ties to the
 * rest; COLLECTION, DATASET_NOT_FOUND (type not registered).
 */
export function queryDataIds(connection: Connection, dimensions: readonly string[], options: QueryOptions = {}): DataId[] {
  checkDimensions(dimensions);
  const group = dimensionGroup(dimensions);
  const plan = planOf(connection, group, [], options);
  if (group.length === 0) return [{}];
  const columns = group.map(d => `${plan.dimension(d)} AS "${d}"`).join(', ');
  const rows = connection.all(`SELECT DISTINCT ${columns} FROM ${plan.from} WHERE ${plan.where.sql}`
    + ` ORDER BY ${group.map((_, k) => k + 1).join(', ')}${limitText(options)}`, ...plan.where.values);
  return rows.map(row => dataIdOfRow(group, row));
}

/**
 * Records of an element that the options select, ordered by key.
 * @throws ApError as `queryDataIds`; REPOSITORY for an unknown element.
 */
export function queryDimensionRecords(connection: Connection, element: string, options: QueryOptions = {}): DimensionRecord[] {
  if (!isElement(element) || isSkyPixel(element)) {
    throw new ApError('BAD_QUERY', { found: `element '${element}'`, expected: ELEMENT_ORDER.join(', ') });
  }
  if (!hasTable(element)) return queryDataIds(connection, [element], options).map(dataId => ({ name: dataId[element as keyof DataId]! }));
  const plan = planOf(connection, dimensionGroup(requiredDimensions(element)), [element], options);
  const order = keyColumns(element).map(({ column }) => `"${element}"."${column}"`).join(', ');
  const rows = connection.all(`SELECT DISTINCT "${element}".* FROM ${plan.from} WHERE ${plan.where.sql} ORDER BY ${order}${limitText(options)}`,
    ...plan.where.values);
  return rows.map(row => recordOfRow(element, row));
}

function limitText({ limit }: QueryOptions): string {
  return limit === undefined ? '' : ` LIMIT ${Math.max(0, Math.floor(limit))}`;
}

function checkDimensions(dimensions: readonly string[]): void {
  const odd = dimensions.find(d => !isElement(d) || (!isSkyPixel(d) && UNIVERSE.elements[d]!.keys === undefined));
  if (odd === undefined) return;
  const expected = ELEMENT_ORDER.filter(name => UNIVERSE.elements[name]!.keys !== undefined);
  throw new ApError('BAD_QUERY', { found: `dimension '${odd}'`, expected: `${expected.join(', ')}, htm7` });
}

/** The datasets of a type in some collections as a source; its rows are associations. */
export interface DatasetSource {
  readonly type: RegisteredType;
  readonly table: string;
  readonly collections: readonly CollectionKey[];
}

/** Alias of the association rows of the first dataset source of a plan. */
export const FIRST_DATASET = 'd0';

function planOf(connection: Connection, group: readonly string[], elements: readonly string[], options: QueryOptions): Plan {
  const tree = parseQuery(options.where ?? '', options.binds);
  const types = (options.datasets ?? []).map(name => needType(connection, name));
  const searched = types.length === 0 ? [] : flattened(connection, expandedNames(connection, options.collections ?? []));
  if (types.length > 0 && options.collections === undefined) {
    throw new ApError('BAD_QUERY', { found: `datasets ${options.datasets!.join(', ')} without collections`, expected: 'collections to search' });
  }
  const sources = types.map((type): DatasetSource => ({ type, table: `(${unionOf(type, searched)})`, collections: [] }));
  return planQuery({ group, elements, tree, datasets: sources });
}

/** Data IDs of a type in collections of all kinds. */
function unionOf(type: RegisteredType, collections: readonly CollectionKey[]): string {
  const columns = type.required.map(d => `"${d}"`).join(', ') || '1';
  const inTable = (table: string | null, wanted: readonly CollectionKey[]): string[] => (table === null || wanted.length === 0 ? []
    : [`SELECT ${columns} FROM "${table}" WHERE dataset_type_id = ${type.id} AND collection_id IN (${wanted.map(c => c.id).join(', ')})`]);
  const parts = [
    ...inTable(type.tagTable, collections.filter(c => c.type !== 'CALIBRATION')),
    ...inTable(type.calibrationTable, collections.filter(c => c.type === 'CALIBRATION')),
  ];
  return parts.length === 0 ? `SELECT ${columns} FROM "${type.tagTable}" WHERE FALSE` : parts.join(' UNION ');
}

export interface PlanInput {
  /** Dimensions that the result shows. */
  readonly group: readonly string[];
  /** Elements whose tables must be there. */
  readonly elements: readonly string[];
  readonly tree: Node | null;
  readonly datasets: readonly DatasetSource[];
}

/** @throws ApError BAD_QUERY for sky pixels that nothing ties to the rest. */
export function planQuery({ group, elements, tree, datasets }: PlanInput): Plan {
  const columns = tree === null ? [] : columnsOf(tree);
  const named = columns.flatMap(column => ('dimension' in column ? [column.dimension] : requiredDimensions(column.element)));
  const ofDatasets = datasets.flatMap(({ type }) => type.required);
  const all = dimensionGroup([...group, ...named, ...elements.flatMap(requiredDimensions), ...ofDatasets]);
  const needed = new Set([...elements, ...columns.flatMap(column => ('element' in column ? [column.element] : []))]);
  for (const relation of ALWAYS_JOINED) if (requiredDimensions(relation).every(d => all.includes(d))) needed.add(relation);
  const sky = skyJoin(all, datasets);
  if (sky.isRegionJoin) sky.elements.forEach(element => needed.add(element));
  const sources = sourcesOf({ all, needed, datasets, sky: sky.sources, shown: new Set([...group, ...named]) });
  const dimension = (name: string): string => {
    const source = sources.find(s => s.dimensions.has(name))!;
    return `${source.alias}.${source.dimensions.get(name)!}`;
  };
  const scope = (column: QueryColumn): string => ('dimension' in column ? dimension(column.dimension) : `"${column.element}"."${column.field}"`);
  const conditions = [
    ...datasets.flatMap((source, k) => datasetConditions(source, k)), ...keyConditions(all, sources), ...sky.conditions,
    ...(tree === null ? [] : [condition(tree, scope)]),
  ];
  const from = sources.map(({ alias, table }) => `${table} AS ${alias}`).join(', ');
  return { from: from === '' ? '(SELECT 1)' : from, where: conditions.length === 0 ? fragment('TRUE') : joined(conditions, ' AND '), dimension };
}

/** Columns that an expression names; a timespan brings its element. */
function columnsOf(node: Node): QueryColumn[] {
  switch (node.kind) {
    case 'column': return [node.column];
    case 'not': return columnsOf(node.inner);
    case 'isNull': case 'glob': return columnsOf(node.value);
    case 'in': return [node.value, ...node.members].flatMap(columnsOf);
    case 'and': case 'or': case 'compare': case 'arithmetic': case 'overlaps': return [...columnsOf(node.left), ...columnsOf(node.right)];
    default: return [];
  }
}

function datasetConditions({ type, collections }: DatasetSource, k: number): Fragment[] {
  if (collections.length === 0) return [];
  const ids = collections.map(c => BigInt(c.id));
  return [fragment(`d${k}.dataset_type_id = ? AND d${k}.collection_id IN (${ids.map(() => '?').join(', ')})`, BigInt(type.id), ...ids as SqlValue[])];
}

interface SkyJoin {
  readonly elements: readonly string[];
  readonly isRegionJoin: boolean;
  readonly sources: readonly Source[];
  readonly conditions: readonly Fragment[];
}

/**
 * The most detailed region of an observation and of a sky map are joined when both are there, and each with the pixels
 * of the common pixelization when these are a dimension.
 */
function skyJoin(all: readonly string[], datasets: readonly DatasetSource[]): SkyJoin {
  const has = (...names: readonly string[]): boolean => names.every(name => all.includes(name));
  const isPixelOnly = datasets.some(({ type }) => type.required.some(isSkyPixel)) && !has('visit') && !has('tract');
  const observation = has('visit', 'detector') ? 'visit_detector_region' : has('visit') ? 'visit' : null;
  const skymap = has('patch') ? 'patch' : has('tract') ? 'tract' : null;
  const elements = [observation, skymap].filter(name => name !== null);
  const isRegionJoin = elements.length === 2;
  const isPixelJoin = has(`htm${COMMON_LEVEL}`) && !isPixelOnly;
  if (!isRegionJoin && !isPixelJoin) return { elements, isRegionJoin, sources: [], conditions: [] };
  const sources = elements.map((element): Source => {
    const keys = requiredDimensions(element).map((d): [string, string] => [d, `"${d}"`]);
    const pixel: [string, string][] = isPixelJoin ? [[`htm${COMMON_LEVEL}`, 'skypix_index']] : [];
    return { alias: `o_${element}`, table: `"${element}_skypix_overlap"`, dimensions: new Map([...keys, ...pixel]) };
  });
  const level = sources.map(({ alias }) => fragment(`${alias}.skypix_system = 'htm' AND ${alias}.skypix_level = ${COMMON_LEVEL}`));
  if (!isRegionJoin) return { elements, isRegionJoin, sources, conditions: level };
  const [a, b] = elements as [string, string];
  const overlap = fragment(`o_${a}.skypix_index = o_${b}.skypix_index AND ${REGIONS_OVERLAP}("${a}".region, "${b}".region)`);
  return { elements, isRegionJoin, sources, conditions: [...level, overlap] };
}

interface SourcesInput {
  /** All dimensions of the query, implied ones too. */
  readonly all: readonly string[];
  readonly needed: ReadonlySet<string>;
  readonly datasets: readonly DatasetSource[];
  readonly sky: readonly Source[];
  /** Dimensions whose values are used. */
  readonly shown: ReadonlySet<string>;
}

/**
 * Datasets first, because their indices lead; then the tables that the expression needs and those of the required
 * dimensions that no dataset guarantees; then what ties implied dimensions to the elements that imply them.
 */
function sourcesOf({ all, needed, datasets, sky, shown }: SourcesInput): Source[] {
  const implied = new Set(all.flatMap(name => impliedDimensions(name)));
  const isCovered = (element: string): boolean =>
    datasets.some(({ type }) => requiredDimensions(element).every(d => type.required.includes(d)));
  const isMissing = (element: string): boolean => all.includes(element) && !implied.has(element) && !isCovered(element);
  const sources: Source[] = [
    ...datasets.map(({ type, table }, k) => ({ alias: `d${k}`, table, dimensions: new Map(type.required.map(d => [d, `"${d}"`])) })),
    ...ELEMENT_ORDER.filter(element => hasTable(element) && (needed.has(element) || isMissing(element))).map(tableSource),
    ...sky,
  ];
  tieImplied(sources, [...implied], all, shown);
  for (const name of all) if (shown.has(name) && !sources.some(({ dimensions }) => dimensions.has(name))) sources.push(lastSource(name));
  return sources;
}

/** Adds tables until every implied dimension that is used comes with an element that implies it. */
function tieImplied(sources: Source[], implied: readonly string[], all: readonly string[], shown: ReadonlySet<string>): void {
  const isImplying = ({ alias }: Source, name: string): boolean => all.some(e => alias === `"${e}"` && impliedDimensions(e).includes(name));
  const loose = (): string | undefined => implied.find(name =>
    (shown.has(name) || sources.some(({ dimensions }) => dimensions.has(name))) && !sources.some(source => isImplying(source, name)));
  for (let name = loose(); name !== undefined; name = loose()) {
    const wanted = name;
    sources.push(tableSource(all.find(element => impliedDimensions(element).includes(wanted))!));
  }
}

/** Of a dimension without a table of its own. */
function lastSource(name: string): Source {
  if (isSkyPixel(name)) {
    throw new ApError('BAD_QUERY', { found: `dimension ${name}`, expected: `datasets with it, or htm${COMMON_LEVEL} with visit, tract or patch` });
  }
  return { alias: `"${name}"`, table: `(SELECT DISTINCT "${name}" FROM physical_filter)`, dimensions: new Map([[name, `"${name}"`]]) };
}

function tableSource(element: string): Source {
  const keys = keyColumns(element).map(({ dimension, column }): [string, string] => [dimension, `"${column}"`]);
  const implied = impliedDimensions(element).map((d): [string, string] => [d, `"${d}"`]);
  return { alias: `"${element}"`, table: `"${element}"`, dimensions: new Map([...keys, ...implied]) };
}

/** Every source of a dimension has the same value. */
function keyConditions(all: readonly string[], sources: readonly Source[]): Fragment[] {
  return all.flatMap(name => {
    const having = sources.filter(({ dimensions }) => dimensions.has(name)).map(({ alias, dimensions }) => `${alias}.${dimensions.get(name)!}`);
    return having.slice(1).map(other => fragment(`${having[0]!} = ${other}`));
  });
}
