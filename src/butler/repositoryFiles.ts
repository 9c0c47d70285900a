/** What makes a folder a repository: `butler.yaml`, the registry with its attributes, and nothing of another version. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ApError } from '../model/errors.ts';
import { insertRow, openConnection } from './connection.ts';
import type { Connection } from './connection.ts';
import { staticStatements } from './schema.ts';
import { OWN_STORAGE_CLASSES, STORAGE } from './storageClasses.ts';
import { UNIVERSE, UNIVERSE_TEXT } from './universe.ts';

const CONFIG_FILE = 'butler.yaml';
const REGISTRY_FILE = 'gen3.sqlite3';
/** Files at the root that are the repository itself, not datasets. */
export const OWN_FILES: ReadonlySet<string> = new Set(
  [CONFIG_FILE, REGISTRY_FILE, ...['-journal', '-wal', '-shm'].map(suffix => REGISTRY_FILE + suffix)]);

const PREFIX = 'lsst.daf.butler.registry';

interface Manager {
  readonly className: string;
  /** The module that really defines the class, when it differs from where it is imported from. */
  readonly trueName?: string;
  readonly version: string;
  /** An older major version whose tables differ only in what reading does not need. */
  readonly readable?: string;
}

const MANAGERS: Readonly<Record<string, Manager>> = {
  attributes: { className: `${PREFIX}.attributes.DefaultButlerAttributeManager`, version: '1.0.1' },
  collections: { className: `${PREFIX}.collections.synthIntKey.SynthIntKeyCollectionManager`, version: '2.0.0' },
  datasets: {
    className: `${PREFIX}.datasets.byDimensions.ByDimensionsDatasetRecordStorageManagerUUID`,
    trueName: `${PREFIX}.datasets.byDimensions._manager.ByDimensionsDatasetRecordStorageManagerUUID`, version: '2.0.0',
    // Version 1 differs in the form of the ingest date.
    readable: '1.0.0',
  },
  datastores: { className: `${PREFIX}.bridge.monolithic.MonolithicDatastoreRegistryBridgeManager`, version: '0.2.1' },
  dimensions: { className: `${PREFIX}.dimensions.static.StaticDimensionRecordStorageManager`, version: '6.0.2' },
  opaque: { className: `${PREFIX}.opaque.ByNameOpaqueTableStorageManager`, version: '0.2.0' },
};

export function registryPath(root: string): string {
  return path.join(root, REGISTRY_FILE);
}

export function isRepository(root: string): boolean {
  return existsSync(path.join(root, CONFIG_FILE)) && existsSync(registryPath(root));
}

/**
 * Makes an empty repository. `butler.yaml` comes last: without it the folder is no repository, and the creation can
 * be repeated. @throws ApError REPOSITORY when there is one, or something else in the folder.
 */
export function createRepositoryFiles(root: string): void {
  const others = existsSync(root) ? readdirSync(root).filter(name => !name.startsWith(REGISTRY_FILE)) : [];
  if (others.length > 0) {
    const found = isRepository(root) ? 'a repository' : `a folder with ${others.slice(0, 3).join(', ')}`;
    throw new ApError('REPOSITORY', { where: root, found, expected: 'no folder, or an empty one' });
  }
  mkdirSync(root, { recursive: true });
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(registryPath(root) + suffix, { force: true });
  const connection = openConnection(registryPath(root), { isReadonly: false, mustExist: false, busyTimeout_ms: 0 });
  try {
    connection.transaction(() => {
      for (const sql of staticStatements()) connection.execute(sql);
      for (const [name, value] of attributes()) insertRow(connection, 'butler_attributes', { name, value });
      insertRow(connection, 'opaque_meta', { table_name: 'file_datastore_records' });
    });
  } finally {
    connection.close();
  }
  writeFileSync(path.join(root, CONFIG_FILE), configText(), { flush: true });
}

function attributes(): [string, string][] {
  const managers = Object.entries(MANAGERS).flatMap(([role, { className, trueName = className, version }]): [string, string][] =>
    [[`config:registry.managers.${role}`, trueName], [`version:${trueName}`, version]]);
  return [...managers, ['config:dimensions.json', UNIVERSE_TEXT]];
}

/** Everything that is not said here comes from the defaults of the client. */
function configText(): string {
  const own = Object.entries(OWN_STORAGE_CLASSES);
  const formatter = (name: string): string => Object.values(STORAGE).find(s => s.registryName === name)!.formatter;
  return `datastore:
  cls: lsst.daf.butler.datastores.fileDatastore.FileDatastore
  formatters:
${own.map(([name]) => `    ${name}: ${formatter(name)}`).join('\n')}
  records:
    table: file_datastore_records
  root: <butlerRoot>
registry:
  db: sqlite:///<butlerRoot>/${REGISTRY_FILE}
  managers:
${Object.entries(MANAGERS).map(([role, { className }]) => `    ${role}: ${className}`).join('\n')}
storageClasses:
${own.map(([name, pythonType]) => `  ${name}: {pytype: ${pythonType}}`).join('\n')}
`;
}

/** Opens the registry of a repository and checks that it is of our kind. @throws ApError REPOSITORY, REPOSITORY_BUSY. */
export function openRegistry(root: string, isReadonly: boolean, busyTimeout_ms: number): Connection {
  if (!isRepository(root)) {
    const expected = `${CONFIG_FILE} and ${REGISTRY_FILE}`;
    throw new ApError('REPOSITORY', { where: root, found: existsSync(root) ? 'a folder without them' : 'nothing', expected });
  }
  const connection = openConnection(registryPath(root), { isReadonly, mustExist: true, busyTimeout_ms });
  try {
    checkVersions(connection, isReadonly);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function checkVersions(connection: Connection, isReadonly: boolean): void {
  const where = connection.file;
  if (connection.get("SELECT 1 FROM sqlite_master WHERE name = 'butler_attributes'") === undefined) {
    throw new ApError('REPOSITORY', { where, found: 'no table butler_attributes', expected: 'a Gen3 registry' });
  }
  const stored = new Map(connection.all('SELECT name, value FROM butler_attributes').map(row => [String(row.name), String(row.value)]));
  for (const [role, { className, trueName = className, version, readable }] of Object.entries(MANAGERS)) {
    const manager = stored.get(`config:registry.managers.${role}`);
    if (manager !== trueName) throw new ApError('REPOSITORY', { where, found: `${role} manager ${manager ?? 'none'}`, expected: trueName });
    const found = stored.get(`version:${trueName}`) ?? 'none';
    const isOld = isReadonly && readable !== undefined && isReadable(found, readable);
    if (!isOld && !isReadable(found, version)) throw new ApError('REPOSITORY', { where, found: `${role} version ${found}`, expected: version });
  }
  checkUniverse(where, stored.get('config:dimensions.json') ?? '{}', isReadonly);
}

/** Same major version, and no newer minor version than we know. */
function isReadable(found: string, known: string): boolean {
  const [major, minor] = found.split('.').map(Number);
  const [knownMajor, knownMinor] = known.split('.').map(Number);
  return major === knownMajor && minor !== undefined && minor <= knownMinor!;
}

/** Version 7 is version 8 without the dimensions of the Solar System; a universe that lacks their tables can only be read. */
const READABLE_UNIVERSE = 7;

function checkUniverse(where: string, text: string, isReadonly: boolean): void {
  const { version, namespace } = JSON.parse(text) as { version?: number; namespace?: string };
  const isKnown = version === UNIVERSE.version || (isReadonly && version === READABLE_UNIVERSE);
  if (!isKnown || namespace !== UNIVERSE.namespace) {
    throw new ApError('REPOSITORY', {
      where, found: `dimension universe ${String(namespace)} ${String(version)}`, expected: `${UNIVERSE.namespace} ${UNIVERSE.version}`,
    });
  }
}
