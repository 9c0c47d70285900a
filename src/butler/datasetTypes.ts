/** Dataset types of the registry, with the tables of their dimension groups. */
import type { DatasetType, Dimension } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { globMatcher } from './collections.ts';
import { insertRow, integerOf } from './connection.ts';
import type { Connection, Row } from './connection.ts';
import { calibrationStatements, calibrationTableName, tagStatements, tagTableName } from './schema.ts';
import { STORAGE, storageClassOf } from './storageClasses.ts';
import { byUniverse, isElement, requiredOf } from './universe.ts';

/** A dataset type as the registry knows it. */
export interface RegisteredType extends DatasetType {
  readonly id: number;
  /** Storage class as registered; one that we have no reader for is `Bytes` to us. */
  readonly registryName: string;
  /** Required dimensions in universe order: the columns of the tables. */
  readonly required: readonly string[];
  readonly tagTable: string;
  readonly calibrationTable: string | null;
}

/**
 * Registers a type; nothing happens when it is there. `registryName` keeps the storage class of another program.
 * @throws ApError DATASET_CONFLICT when it is there with other dimensions, storage class or calibration flag.
 */
export function registerType(
  connection: Connection, type: DatasetType, registryName = STORAGE[type.storageClass].registryName,
): RegisteredType {
  const existing = findType(connection, type.name);
  if (existing !== null) {
    if (definitionText(existing) !== definitionText(type)) {
      throw new ApError('DATASET_CONFLICT', {
        where: `dataset type ${type.name}`, found: definitionText(type), expected: definitionText(existing),
      });
    }
    return existing;
  }
  checkDefinition(type);
  return connection.transaction(() => {
    const required = requiredOf(type.dimensions);
    const key = dimensionGroupKey(connection, required);
    if (!tableExists(connection, tagTableName(key))) for (const sql of tagStatements(key, required)) connection.execute(sql);
    if (type.isCalibration && !tableExists(connection, calibrationTableName(key))) {
      for (const sql of calibrationStatements(key, required)) connection.execute(sql);
    }
    insertRow(connection, 'dataset_type', {
      name: type.name, storage_class: registryName, dimensions_key: key,
      tag_association_table: tagTableName(key), calibration_association_table: type.isCalibration ? calibrationTableName(key) : null,
    });
    return findType(connection, type.name)!;
  });
}

function checkDefinition({ name, dimensions }: DatasetType): void {
  const unknown = dimensions.filter(d => !isElement(d));
  if (unknown.length > 0) {
    throw new ApError('REPOSITORY', {
      where: `dataset type ${name}`, found: unknown.join(', '), expected: 'dimensions of the universe',
    });
  }
  if (!/^[A-Za-z_]\w*$/.test(name)) {
    throw new ApError('REPOSITORY', {
      found: `dataset type '${name}'`, expected: 'letters, digits and underscores',
    });
  }
}

function definitionText(type: DatasetType): string {
  return `{${requiredOf(type.dimensions).join(', ')}} ${type.storageClass}${type.isCalibration ? ' calibration' : ''}`;
}

/** Key of the group with exactly these required dimensions; the group without dimensions has key 0 and no row. */
function dimensionGroupKey(connection: Connection, required: readonly string[]): number {
  if (required.length === 0) return 0;
  const groups = new Map<number, string[]>();
  for (const row of connection.all('SELECT dimension_graph_id, dimension_name FROM dimension_graph_definition')) {
    const id = integerOf(row.dimension_graph_id);
    groups.set(id, [...groups.get(id) ?? [], String(row.dimension_name)]);
  }
  const wanted = required.join();
  const existing = [...groups].find(([, names]) => names.toSorted(byUniverse).join() === wanted);
  if (existing !== undefined) return existing[0];
  const { id } = connection.run('INSERT INTO dimension_graph_key DEFAULT VALUES');
  for (const name of required) insertRow(connection, 'dimension_graph_definition', { dimension_graph_id: id, dimension_name: name });
  return id;
}

function tableExists(connection: Connection, name: string): boolean {
  return connection.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name) !== undefined;
}

export function findType(connection: Connection, name: string): RegisteredType | null {
  const row = connection.get('SELECT * FROM dataset_type WHERE name = ?', name);
  return row === undefined ? null : typeOfRow(connection, row);
}

/** @throws ApError DATASET_NOT_FOUND when there is no such type. */
export function needType(connection: Connection, name: string): RegisteredType {
  const type = findType(connection, name);
  if (type === null) {
    throw new ApError('DATASET_NOT_FOUND', {
      found: `no dataset type '${name}'`, expected: 'a registered type', todo: 'register it first',
    });
  }
  return type;
}

/** Types whose name matches, ordered by name. */
export function listTypes(connection: Connection, glob = '*'): RegisteredType[] {
  const isWanted = globMatcher(glob);
  return connection.all('SELECT * FROM dataset_type ORDER BY name')
    .filter(row => isWanted(String(row.name)))
    .map(row => typeOfRow(connection, row));
}

function typeOfRow(connection: Connection, row: Row): RegisteredType {
  const required = connection
    .all('SELECT dimension_name FROM dimension_graph_definition WHERE dimension_graph_id = ?', row.dimensions_key!)
    .map(r => String(r.dimension_name)).sort(byUniverse);
  const calibrationTable = row.calibration_association_table === null ? null : String(row.calibration_association_table);
  return {
    id: integerOf(row.id), name: String(row.name), registryName: String(row.storage_class), dimensions: required as Dimension[], required,
    storageClass: storageClassOf(String(row.storage_class)), isCalibration: calibrationTable !== null,
    tagTable: String(row.tag_association_table), calibrationTable,
  };
}
