/**
 * The tables of a registry, generated from the dimension universe by the rules of the real client: column types,
 * constraint and index names, order. The reference for every rule is a repository made by `lsst.daf.butler`.
 */
import {
  ELEMENT_ORDER, GOVERNORS, SPATIAL_ELEMENTS, UNIVERSE, byUniverse, governorOf, hasTable, impliedDimensions, isSpatial,
  isTemporal, primaryKey, requiredDimensions,
} from './universe.ts';
import type { Field } from './universe.ts';

const SQL_TYPES: Readonly<Record<string, string>> = {
  int: 'BIGINT', float: 'FLOAT', bool: 'BOOLEAN', hash: 'TEXT', region: 'TEXT', uuid: 'CHAR(32)', small: 'SMALLINT',
  auto: 'INTEGER', text: 'TEXT',
};
/** Longer strings are TEXT without a check. */
const MAX_VARCHAR = 32;

interface Column {
  readonly name: string;
  readonly field: Omit<Field, 'name'>;
  readonly isNotNull: boolean;
  readonly default?: string | undefined;
}

interface ForeignKey {
  readonly target: string;
  readonly source: readonly string[];
  readonly targetColumns: readonly string[];
  readonly cascades: boolean;
}

interface Table {
  readonly name: string;
  readonly columns: Column[];
  readonly primaryKey: string[];
  readonly unique: (readonly string[])[];
  readonly indices: (readonly string[])[];
  readonly foreignKeys: ForeignKey[];
}

const INT = { type: 'int' };
const TEXT = { type: 'text' };
const UUID = { type: 'uuid' };
const AUTO = { type: 'auto' };
const SMALL = { type: 'small' };
const string = (length: number): Omit<Field, 'name'> => ({ type: 'string', length });

function table(name: string): Table {
  return { name, columns: [], primaryKey: [], unique: [], indices: [], foreignKeys: [] };
}

interface ColumnOptions {
  readonly isNotNull?: boolean;
  readonly isKey?: boolean;
  readonly default?: string;
}

function addColumn(t: Table, name: string, field: Omit<Field, 'name'>, options: ColumnOptions = {}): void {
  if (!t.columns.some(c => c.name === name)) {
    t.columns.push({ name, field, isNotNull: options.isNotNull === true || options.isKey === true, default: options.default });
  }
  if (options.isKey === true && !t.primaryKey.includes(name)) t.primaryKey.push(name);
}

function addForeignKey(t: Table, target: string, columns: Readonly<Record<string, string>>, cascades = false): void {
  t.foreignKeys.push({ target, source: Object.keys(columns), targetColumns: Object.values(columns), cascades });
}

/** Source column -> column of the dimension's own table. */
function referenceColumns(dimension: string): Record<string, string> {
  return Object.fromEntries(requiredDimensions(dimension).map(d => [d, d === dimension ? primaryKey(d).name : d]));
}

function addDimension(t: Table, dimension: string, options: ColumnOptions = {}): void {
  addColumn(t, dimension, primaryKey(dimension), { isNotNull: true, ...options });
  if (hasTable(dimension)) addForeignKey(t, dimension, referenceColumns(dimension));
}

/** The statements that make every table of an empty repository, in an order that satisfies the foreign keys. */
export function staticStatements(): string[] {
  return staticTables().flatMap(statements);
}

function staticTables(): Table[] {
  return [
    attributesTable(), ...ELEMENT_ORDER.filter(hasTable).map(elementTable), ...SPATIAL_ELEMENTS.flatMap(overlapTables),
    ...legacyOverlapTables(), ...dimensionGraphTables(), ...collectionTables(), ...datasetTables(), ...datastoreTables(),
  ];
}

function attributesTable(): Table {
  const t = table('butler_attributes');
  addColumn(t, 'name', TEXT, { isKey: true });
  addColumn(t, 'value', TEXT, { isNotNull: true });
  return t;
}

function elementTable(name: string): Table {
  const element = UNIVERSE.elements[name]!;
  const t = table(name);
  const parents = requiredDimensions(name).filter(d => d !== name);
  const implied = impliedDimensions(name);
  for (const d of parents) addColumn(t, d, primaryKey(d), { isKey: true });
  if (element.keys !== undefined) addColumn(t, primaryKey(name).name, primaryKey(name), { isKey: true });
  for (const d of implied) addColumn(t, d, primaryKey(d), { isNotNull: true });
  for (const key of (element.keys ?? []).slice(1)) {
    addColumn(t, key.name, key);
    t.unique.push([...parents, key.name]);
  }
  for (const field of element.metadata ?? []) addColumn(t, field.name, field);
  if (isSpatial(name)) addColumn(t, 'region', { type: 'region' });
  if (isTemporal(name)) for (const end of ['timespan_begin', 'timespan_end']) addColumn(t, end, INT);
  for (const d of [...parents, ...implied].filter(hasTable)) addForeignKey(t, d, referenceColumns(d));
  return t;
}

/** Names of an element's columns as its table has them. */
export function elementColumns(name: string): { readonly name: string; readonly type: string }[] {
  return elementTable(name).columns.map(c => ({ name: c.name, type: c.field.type }));
}

function overlapTables(name: string): Table[] {
  const governor = governorOf(name);
  const summary = table(`${name}_skypix_overlap_summary`);
  const overlap = table(`${name}_skypix_overlap`);
  for (const t of [summary, overlap]) {
    addColumn(t, 'skypix_system', string(16), { isKey: true });
    addColumn(t, 'skypix_level', SMALL, { isKey: true });
  }
  addDimension(summary, governor, { isKey: true });
  const system = { skypix_system: 'skypix_system', skypix_level: 'skypix_level', [governor]: governor };
  addForeignKey(overlap, summary.name, system, true);
  for (const d of requiredDimensions(name)) addDimension(overlap, d, { isKey: true });
  addColumn(overlap, 'skypix_index', INT, { isKey: true });
  overlap.indices.push(['skypix_system', 'skypix_level', 'skypix_index', ...requiredDimensions(name)]);
  return [summary, overlap];
}

/** Tables that the client declares and never fills. */
function legacyOverlapTables(): Table[] {
  const { observation_regions: observations, skymap_regions: skymaps } = UNIVERSE.topology.spatial;
  return observations!.flatMap(a => skymaps!.flatMap(b => {
    const [x, y] = [a, b].sort(byUniverse) as [string, string];
    const governors = [governorOf(x), governorOf(y)];
    const summary = table(`${x}_${y}_overlap_summary`);
    const overlap = table(`${x}_${y}_overlap`);
    for (const t of [summary, overlap]) for (const g of governors) addDimension(t, g, { isKey: true });
    for (const d of [...requiredDimensions(x), ...requiredDimensions(y)]) {
      if (!governors.includes(d)) addDimension(overlap, d, { isKey: true });
    }
    return [summary, overlap];
  }));
}

function dimensionGraphTables(): Table[] {
  const key = table('dimension_graph_key');
  addColumn(key, 'id', AUTO, { isKey: true });
  const definition = table('dimension_graph_definition');
  addColumn(definition, 'dimension_graph_id', INT, { isKey: true });
  addColumn(definition, 'dimension_name', TEXT, { isKey: true });
  addForeignKey(definition, 'dimension_graph_key', { dimension_graph_id: 'id' }, true);
  return [key, definition];
}

function collectionTables(): Table[] {
  const collection = table('collection');
  addColumn(collection, 'collection_id', AUTO, { isKey: true });
  addColumn(collection, 'name', TEXT, { isNotNull: true });
  addColumn(collection, 'type', SMALL, { isNotNull: true });
  addColumn(collection, 'doc', TEXT);
  collection.unique.push(['name']);
  const run = table('run');
  addColumn(run, 'collection_id', INT, { isKey: true });
  addColumn(run, 'host', TEXT);
  for (const end of ['timespan_begin', 'timespan_end']) addColumn(run, end, INT);
  addForeignKey(run, 'collection', { collection_id: 'collection_id' }, true);
  const chain = table('collection_chain');
  addColumn(chain, 'parent', INT, { isKey: true });
  addColumn(chain, 'position', SMALL, { isKey: true });
  addColumn(chain, 'child', INT, { isNotNull: true });
  addForeignKey(chain, 'collection', { parent: 'collection_id' }, true);
  addForeignKey(chain, 'collection', { child: 'collection_id' });
  return [collection, run, chain];
}

function datasetTables(): Table[] {
  const type = table('dataset_type');
  addColumn(type, 'id', AUTO, { isKey: true });
  for (const name of ['name', 'storage_class']) addColumn(type, name, TEXT, { isNotNull: true });
  addColumn(type, 'dimensions_key', INT, { isNotNull: true });
  addColumn(type, 'tag_association_table', TEXT, { isNotNull: true });
  addColumn(type, 'calibration_association_table', TEXT);
  type.unique.push(['name']);
  const dataset = table('dataset');
  addColumn(dataset, 'id', UUID, { isKey: true });
  for (const name of ['dataset_type_id', 'ingest_date', 'run_id']) addColumn(dataset, name, INT, { isNotNull: true });
  addForeignKey(dataset, 'dataset_type', { dataset_type_id: 'id' });
  addForeignKey(dataset, 'run', { run_id: 'collection_id' }, true);
  return [type, dataset, ...summaryTables()];
}

function summaryTables(): Table[] {
  const types = table('collection_summary_dataset_type');
  for (const name of ['collection_id', 'dataset_type_id']) addColumn(types, name, INT, { isKey: true });
  addForeignKey(types, 'collection', { collection_id: 'collection_id' }, true);
  addForeignKey(types, 'dataset_type', { dataset_type_id: 'id' }, true);
  return [types, ...GOVERNORS.map(governor => {
    const t = table(`collection_summary_${governor}`);
    addColumn(t, 'collection_id', INT, { isKey: true });
    addForeignKey(t, 'collection', { collection_id: 'collection_id' }, true);
    addDimension(t, governor, { isKey: true });
    return t;
  })];
}

function datastoreTables(): Table[] {
  const opaque = table('opaque_meta');
  addColumn(opaque, 'table_name', TEXT, { isKey: true });
  const location = table('dataset_location');
  addColumn(location, 'datastore_name', TEXT, { isKey: true });
  addColumn(location, 'dataset_id', UUID, { isKey: true });
  addForeignKey(location, 'dataset', { dataset_id: 'id' });
  const trash = table('dataset_location_trash');
  addColumn(trash, 'dataset_id', UUID, { isKey: true });
  addColumn(trash, 'datastore_name', TEXT, { isKey: true });
  const files = table('file_datastore_records');
  addColumn(files, 'dataset_id', UUID, { isKey: true });
  for (const name of ['path', 'formatter', 'storage_class']) addColumn(files, name, TEXT, { isNotNull: true });
  addColumn(files, 'component', string(32), { isKey: true });
  addColumn(files, 'checksum', TEXT);
  addColumn(files, 'file_size', INT);
  files.indices.push(['path']);
  return [opaque, location, trash, files];
}

/** Name of the table that says which collections hold the datasets of a dimension group. */
export function tagTableName(groupKey: number): string {
  return `dataset_tags_${String(groupKey).padStart(8, '0')}`;
}

/** Name of the table of validity ranges of a dimension group. */
export function calibrationTableName(groupKey: number): string {
  return `dataset_calibs_${String(groupKey).padStart(8, '0')}`;
}

/** Statements for the tag table of a dimension group; `required` in universe order. */
export function tagStatements(groupKey: number, required: readonly string[]): string[] {
  const t = table(tagTableName(groupKey));
  addColumn(t, 'dataset_type_id', INT, { isNotNull: true });
  addColumn(t, 'dataset_id', UUID, { isKey: true });
  addColumn(t, 'collection_id', INT, { isKey: true });
  addAssociation(t, required);
  t.unique.push(['dataset_type_id', 'collection_id', ...required]);
  return statements(t);
}

/** Statements for the calibration table of a dimension group. */
export function calibrationStatements(groupKey: number, required: readonly string[]): string[] {
  const t = table(calibrationTableName(groupKey));
  addColumn(t, 'id', AUTO, { isKey: true });
  addColumn(t, 'dataset_type_id', INT, { isNotNull: true });
  addColumn(t, 'dataset_id', UUID, { isNotNull: true });
  addColumn(t, 'collection_id', INT, { isNotNull: true });
  addAssociation(t, required);
  addColumn(t, 'timespan_begin', INT, { isNotNull: true, default: '0' });
  addColumn(t, 'timespan_end', INT, { isNotNull: true, default: '4102444800000000000' });
  t.indices.push(['dataset_type_id', 'collection_id', ...required, 'timespan_begin', 'timespan_end']);
  return statements(t);
}

function addAssociation(t: Table, required: readonly string[]): void {
  addForeignKey(t, 'dataset_type', { dataset_type_id: 'id' });
  addForeignKey(t, 'dataset', { dataset_id: 'id' }, true);
  addForeignKey(t, 'collection', { collection_id: 'collection_id' }, true);
  addForeignKey(t, 'collection_summary_dataset_type', { collection_id: 'collection_id', dataset_type_id: 'dataset_type_id' });
  for (const d of required) {
    addDimension(t, d);
    if (GOVERNORS.includes(d)) addForeignKey(t, `collection_summary_${d}`, { collection_id: 'collection_id', [d]: d });
  }
}

function statements(t: Table): string[] {
  const lines = [
    ...t.columns.map(columnText),
    `PRIMARY KEY (${list(t.primaryKey)})`,
    ...t.columns.filter(c => isChecked(c)).map(c =>
      `CONSTRAINT ${t.name}_len_${c.name} CHECK (length("${c.name}")<=${c.field.length!} AND length("${c.name}")>=1)`),
    ...t.unique.map(columns => `CONSTRAINT ${t.name}_unq_${columns.join('_')} UNIQUE (${list(columns)})`),
    ...t.foreignKeys.map(key => foreignKeyText(t, key)),
  ];
  return [`CREATE TABLE ${quoted(t.name)} (\n\t${lines.join(', \n\t')}\n)`, ...indexStatements(t)];
}

function columnText(c: Column): string {
  const { type, length } = c.field;
  const sqlType = type !== 'string' ? SQL_TYPES[type]! : length! <= MAX_VARCHAR ? `VARCHAR(${length!})` : 'TEXT';
  return `${quoted(c.name)} ${sqlType}${c.default === undefined ? '' : ` DEFAULT ${c.default}`}${c.isNotNull ? ' NOT NULL' : ''}`;
}

function isChecked(c: Column): boolean {
  return c.field.type === 'string' && c.field.length! <= MAX_VARCHAR;
}

function foreignKeyText(t: Table, { target, source, targetColumns, cascades }: ForeignKey): string {
  const name = `fkey_${[t.name, target, ...targetColumns, ...source].join('_')}`;
  const reference = `REFERENCES ${quoted(target)} (${list(targetColumns)})${cascades ? ' ON DELETE CASCADE' : ''}`;
  return `CONSTRAINT ${name} FOREIGN KEY(${list(source)}) ${reference}`;
}

/** A foreign key gets an index of its own when no key, unique constraint or index has exactly its columns. */
function indexStatements(t: Table): string[] {
  const covered = new Set([t.primaryKey, ...t.unique, ...t.indices].map(columns => columns.join()));
  const index = (kind: string, columns: readonly string[]): string =>
    `CREATE INDEX ${t.name}_${kind}_${columns.join('_')} ON ${quoted(t.name)} (${list(columns)})`;
  const forKeys = t.foreignKeys.flatMap(({ source }) => {
    if (covered.has(source.join())) return [];
    covered.add(source.join());
    return [index('fkidx', source)];
  });
  return [...t.indices.map(columns => index('idx', columns)), ...forKeys];
}

function list(columns: readonly string[]): string {
  return columns.map(quoted).join(', ');
}

/** Only what SQLAlchemy quotes is quoted, so that the text equals the client's. */
function quoted(name: string): string {
  return name === 'group' ? `"${name}"` : name;
}
