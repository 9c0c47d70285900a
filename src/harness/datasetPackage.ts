/**
 * The dataset loader: a dataset package is a folder with `dataset.yaml` (manifest) and the files it
 * lists, or a manifest with a generator that makes the files. The manifest is validated by a JSON
 * Schema; every file is checked for size and sha256 before anything is ingested.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parseDocument, LineCounter, stringify } from 'yaml';
import type { Document } from 'yaml';
import { ApError } from '../model/errors.ts';
import type { DataId } from '../model/dataset.ts';
import schema from './schemas/dataset.schema.json' with { type: 'json' };

export type FileRole = 'raw' | 'raw_mask' | 'bias' | 'dark' | 'flat' | 'defects' | 'refcat' | 'template' | 'truth' | 'doc';

export interface PackageFile {
  readonly path: string;
  readonly role: FileRole;
  readonly bytes: number;
  readonly sha256: string;
  readonly dataId?: DataId;
  /** UTC, ISO 8601; a missing end is open. */
  readonly validity?: { readonly begin?: string; readonly end?: string };
  readonly datasetType?: string;
}

export interface Manifest {
  readonly format: 'ap-verify-dataset/1';
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly licence: string;
  readonly description: string;
  readonly instrument: string;
  readonly bands: readonly string[];
  readonly pipeline: string;
  readonly generator?: { readonly name: string; readonly seed: number };
  readonly templates: { readonly source: 'visits' | 'files' };
  readonly hasTruth: boolean;
  readonly files: readonly PackageFile[];
}

export interface DatasetPackage {
  readonly root: string;
  readonly manifest: Manifest;
}

/** A file of a generated package before it is written. */
export interface GeneratedFile {
  readonly path: string;
  readonly role: FileRole;
  readonly bytes: Uint8Array;
  readonly dataId?: DataId;
  readonly validity?: { readonly begin?: string; readonly end?: string };
  readonly datasetType?: string;
}

const validateManifest = new Ajv2020({ allErrors: true, strict: false }).compile(schema);

/** Names of the packages in the given folders, sorted. */
export function listPackages(searchPath: readonly string[]): string[] {
  const names = searchPath.filter(existsSync)
    .flatMap(dir => readdirSync(dir).filter(name => existsSync(path.join(dir, name, 'dataset.yaml'))));
  return [...new Set(names)].sort();
}

/**
 * The package of that name (or at that path) with its manifest; files are not read yet.
 * Throws DATASET_PACKAGE_NOT_FOUND with the names that exist, DATASET_PACKAGE_INVALID with every schema error.
 */
export function openPackage(nameOrPath: string, searchPath: readonly string[]): DatasetPackage {
  const candidates = [nameOrPath, ...searchPath.map(dir => path.join(dir, nameOrPath))];
  const root = candidates.find(dir => existsSync(path.join(dir, 'dataset.yaml')));
  if (root === undefined) {
    throw new ApError('DATASET_PACKAGE_NOT_FOUND', {
      found: nameOrPath, expected: listPackages(searchPath).join(', ') || 'a folder with dataset.yaml',
      where: searchPath.join(', '), todo: 'ap-verify dataset list',
    });
  }
  return { root, manifest: readManifest(path.join(root, 'dataset.yaml')) };
}

function readManifest(file: string): Manifest {
  const lineCounter = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter });
  const problem = document.errors[0];
  if (problem !== undefined) {
    const { line, col } = lineCounter.linePos(problem.pos[0]);
    throw new ApError('DATASET_PACKAGE_INVALID', { found: problem.message.split('\n')[0], where: `${file}:${line}:${col}` }, { cause: problem });
  }
  const manifest = manifestValue(document, file);
  if (!validateManifest(manifest)) {
    const found = (validateManifest.errors ?? []).slice(0, 5).map(e => `${e.instancePath || '/'} ${e.message ?? ''}`).join(', ');
    throw new ApError('DATASET_PACKAGE_INVALID', { found, where: file, todo: 'compare with src/harness/schemas/dataset.schema.json' });
  }
  return manifest as unknown as Manifest;
}

/** An alias without its anchor is found only when the value is made. */
function manifestValue(document: Document, where: string): unknown {
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    throw new ApError('DATASET_PACKAGE_INVALID', { found: (cause as Error).message, where }, { cause });
  }
}

/** Size and sha256 of every file against the manifest; the first mismatch is thrown. */
export async function verifyPackage(dataset: DatasetPackage): Promise<void> {
  for (const entry of dataset.manifest.files) {
    const file = path.join(dataset.root, entry.path);
    if (!existsSync(file)) {
      throw new ApError('FILE_NOT_FOUND', { where: file, expected: `${entry.bytes} bytes`, todo: 'restore the file or make the package again' });
    }
    const found = statSync(file).size;
    if (found < entry.bytes) throw new ApError('FILE_TRUNCATED', { where: file, found: `${found} bytes`, expected: `${entry.bytes} bytes` });
    const sha256 = await sha256OfFile(file);
    if (found !== entry.bytes || sha256 !== entry.sha256) {
      throw new ApError('FILE_CHECKSUM', {
        where: file, found: `${found} bytes, sha256 ${sha256}`, expected: `${entry.bytes} bytes, sha256 ${entry.sha256}`,
      });
    }
  }
}

async function sha256OfFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Writes a generated package below `root`. The manifest comes last, so a folder with `dataset.yaml`
 * is complete; a folder left by an interrupted run is simply made again.
 */
export function writePackage(root: string, manifest: Omit<Manifest, 'files'>, files: readonly GeneratedFile[]): DatasetPackage {
  mkdirSync(root, { recursive: true });
  const entries = files.map(file => {
    const target = path.join(root, file.path);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, file.bytes);
    const { bytes, ...rest } = file;
    return { ...rest, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  });
  const complete: Manifest = { ...manifest, files: entries };
  const target = path.join(root, 'dataset.yaml');
  writeFileSync(`${target}.tmp`, stringify(complete));
  renameSync(`${target}.tmp`, target);
  return { root, manifest: readManifest(target) };
}
