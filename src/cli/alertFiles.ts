/** Alert packets of files, folders and workspaces. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { openRepository } from '../butler/repository.ts';
import { joinedSchema, openPackets, type AlertPacketRecord, type PacketFile, type SchemaFinder } from '../formats/alertPackets.ts';
import * as types from '../model/datasetTypes.ts';
import { ApError } from '../model/errors.ts';
import { existingWorkspace } from './commands/report.ts';
import { readRunRecord } from './runRecord.ts';

const PACKET_FILE = /\.avro(\.gz)?$/;

/** One alert and where it stands. */
export interface FoundAlert {
  readonly file: string;
  readonly packets: PacketFile;
  readonly record: AlertPacketRecord;
  /** Avro bytes of the record, without header. */
  readonly bytes: Uint8Array;
}

/**
 * Files at a place: the file itself, all .avro and .avro.gz files below a folder by name, or those of the last run of a workspace.
 * @throws ApError FILE_NOT_FOUND when there is nothing.
 */
export function alertFilesAt(place: string): string[] {
  if (!existsSync(place)) throw new ApError('FILE_NOT_FOUND', { where: place, expected: 'a workspace, a folder or an Avro file' });
  if (!statSync(place).isDirectory()) return [place];
  if (existsSync(path.join(place, 'run.json'))) return workspaceFiles(place);
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter(name => PACKET_FILE.test(name)).sort();
  if (files.length === 0) throw new ApError('FILE_NOT_FOUND', { where: place, found: 'no .avro file', expected: 'alert packets, or the workspace of a run' });
  return files.map(name => path.join(place, name));
}

function workspaceFiles(folder: string): string[] {
  const workspace = existingWorkspace(folder);
  const repository = openRepository(workspace.repository, { readonly: true });
  try {
    return repository.query(types.alerts, readRunRecord(workspace).collections).map(ref => repository.pathOf(ref));
  } finally {
    repository.close();
  }
}

/** The alerts of all files, decoded one at a time. Errors name the file. */
export function* encodedAlerts(files: readonly string[], find: SchemaFinder): Generator<FoundAlert, void> {
  for (const file of files) {
    try {
      const packets = openPackets(readFileSync(file), find);
      for (const { record, bytes } of packets.encoded()) yield { file, packets, record, bytes };
    } catch (error) {
      throw inFile(error, file);
    }
  }
}

/** The error with the file it is about, in front of the place in that file. */
export function inFile(error: unknown, file: string): unknown {
  if (error instanceof ApError) return new ApError(error.code, { file, ...error.context }, { cause: error });
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EISDIR' || code === 'EACCES' || code === 'ENOENT' || code === 'ERR_FS_FILE_TOO_LARGE') {
    return new ApError('FILE_NOT_FOUND', { where: file, found: code, expected: 'a file that can be read' }, { cause: error });
  }
  return error;
}

/**
 * Schemas of `--schema`: `ID=PATH` for one id, or a path for all ids that are asked for. A path is an .avsc file that is
 * complete, or a folder of files that refer to each other.
 * @throws ApError USAGE, FILE_NOT_FOUND, BAD_FORMAT.
 */
export function schemaFinder(options: readonly string[]): SchemaFinder {
  const known = options.map(option => {
    const [, id, file] = /^(?:(\d+)=)?(.+)$/.exec(option) ?? [];
    if (file === undefined) throw new ApError('USAGE', { where: '--schema', found: option, expected: 'ID=PATH or PATH' });
    return { id: id === undefined ? null : Number(id), schema: schemaAt(file) };
  });
  return id => known.find(k => k.id === id || k.id === null)?.schema;
}

function schemaAt(place: string): unknown {
  if (!existsSync(place)) throw new ApError('FILE_NOT_FOUND', { where: place, expected: 'an .avsc file or a folder of them' });
  if (!statSync(place).isDirectory()) return jsonOf(place);
  return joinedSchema(readdirSync(place).filter(name => name.endsWith('.avsc')).sort().map(name => jsonOf(path.join(place, name))));
}

function jsonOf(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: file, found: (cause as Error).message, expected: 'an Avro schema in JSON' }, { cause });
  }
}
