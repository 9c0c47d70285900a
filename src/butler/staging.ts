/**
 * Datasets on their way into a repository. A process without a registry connection writes a file under a temporary
 * name; the owner of the registry moves it into place and registers it in one step (`Repository.commit`).
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataId, DatasetType, StorageClass } from '../model/dataset.ts';
import { dataIdText } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { fieldsOf, templatePath } from './fileTemplate.ts';
import { STORAGE } from './storageClasses.ts';
import { requiredOf } from './universe.ts';
import { datasetUuid } from './uuid.ts';

/** Folder of the temporary files, below the root. */
export const STAGING_FOLDER = '.staging';

/** A written file that no row names yet; plain data. */
export interface StagedDataset {
  readonly datasetType: string;
  readonly storageClass: StorageClass;
  /** Required dimensions of the type. */
  readonly dataId: DataId;
  readonly run: string;
  readonly id: string;
  /** Paths relative to the root of the repository: where the file is, and where it goes. */
  readonly temporary: string;
  readonly path: string;
  readonly size_byte: number;
}

export interface StageTarget {
  readonly type: DatasetType;
  /** With the implied dimensions (band, physical_filter, day_obs), which give the file its folder. */
  readonly dataId: DataId;
  readonly run: string;
}

/**
 * Encodes a value by its storage class and writes it to disk under a temporary name, flushed.
 * @throws ApError BAD_QUERY when a required dimension is missing; what the encoder of the format throws.
 */
export function stageDataset(root: string, { type, dataId, run }: StageTarget, value: unknown): StagedDataset {
  const required = requiredDataId(type, dataId);
  const bytes = STORAGE[type.storageClass].encode(value);
  const id = datasetUuid(type.name, required, run);
  const temporary = temporaryPath(id);
  writeFlushed(path.join(root, temporary), bytes);
  return {
    datasetType: type.name, storageClass: type.storageClass, dataId: required, run, id, temporary,
    path: datasetPath(type, dataId, run), size_byte: bytes.length,
  };
}

/** Deletes the files of staged datasets that are not wanted. */
export function discardStaged(root: string, staged: readonly StagedDataset[]): void {
  for (const { temporary } of staged) rmSync(path.join(root, temporary), { force: true });
}

/** Path relative to the root that a dataset of our own gets: the same for the same type, data ID and run. */
export function datasetPath(type: DatasetType, dataId: DataId, run: string): string {
  return templatePath(type, fieldsOf(dataId), run) + STORAGE[type.storageClass].extension;
}

/**
 * The value in a file of the repository; the path is relative to the root, absolute or a `file:` address.
 * @throws ApError FILE_NOT_FOUND; what the decoder of the format throws, with the file added.
 */
export async function readDataset(root: string, type: DatasetType, relativePath: string): Promise<unknown> {
  const file = absolutePath(root, relativePath);
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ApError('FILE_NOT_FOUND', { where: file, found: (cause as Error).message, expected: `a ${type.name}` }, { cause });
  }
  try {
    return await STORAGE[type.storageClass].decode(bytes);
  } catch (error) {
    throw withFile(error, file);
  }
}

/** The same error with the file in its context, when it is an operational one. */
export function withFile(error: unknown, file: string): unknown {
  if (!(error instanceof ApError)) return error;
  const where = error.context.where === undefined ? file : `${file}, ${String(error.context.where)}`;
  const { where: _, ...rest } = error.context;
  return new ApError(error.code, { where, ...rest }, { cause: error });
}

export function absolutePath(root: string, stored: string): string {
  if (stored.startsWith('file:')) return fileURLToPath(stored);
  return path.resolve(root, stored);
}

/** The data ID reduced to the required dimensions, in universe order. @throws ApError BAD_QUERY naming what is missing. */
export function requiredDataId(type: DatasetType, dataId: DataId): DataId {
  const required = requiredOf(type.dimensions);
  const missing = required.filter(d => dataId[d as keyof DataId] === undefined);
  if (missing.length > 0) {
    throw new ApError('BAD_QUERY', {
      where: type.name, found: `data ID ${dataIdText(dataId)} without ${missing.join(', ')}`, expected: required.join(', '),
    });
  }
  return Object.fromEntries(required.map(d => [d, dataId[d as keyof DataId]!]));
}

let nTemporary = 0;

/** A name that no other process and no other call uses. */
export function temporaryPath(id: string): string {
  nTemporary += 1;
  return `${STAGING_FOLDER}/${id}-${process.pid}-${nTemporary}.tmp`;
}

function writeFlushed(file: string, bytes: Uint8Array): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const handle = openSync(file, 'w');
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
    fsyncSync(handle);
  } catch (cause) {
    rmSync(file, { force: true });
    throw cause;
  } finally {
    closeSync(handle);
  }
}

/** Size and time of last change (nanoseconds of Unix time) of a file. @throws ApError FILE_NOT_FOUND. */
export function fileFacts(file: string): { readonly size_byte: number; readonly modified_ns: bigint } {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined || !stat.isFile()) {
    throw new ApError('FILE_NOT_FOUND', { where: file, found: stat === undefined ? 'nothing' : 'no regular file', expected: 'a file' });
  }
  return { size_byte: Number(stat.size), modified_ns: stat.mtimeNs };
}
