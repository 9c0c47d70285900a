/** A dataset package at hand: opened by name or path, made by its generator when it has one, and verified. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { openPackage, verifyPackage, writePackage } from '../harness/datasetPackage.ts';
import type { DatasetPackage, Manifest } from '../harness/datasetPackage.ts';
import type { Workspace } from '../harness/workspace.ts';
import { generatePackage } from '../simulate/index.ts';
import { packagePath } from './installation.ts';

export interface OpenDataset {
  /** The folder that holds `specs.yaml` and pipelines of its own. */
  readonly home: string;
  /** The package with its files. */
  readonly files: DatasetPackage;
}

/**
 * Opens the package, makes its files below the workspace when a generator is named and they are not there, and
 * checks size and sha256 of every file. Throws the errors of `openPackage` and `verifyPackage`.
 */
export async function openDataset(nameOrPath: string, workspace: Workspace, say: (line: string) => void): Promise<OpenDataset> {
  const shipped = openPackage(nameOrPath, packagePath());
  const { generator } = shipped.manifest;
  const files = generator === undefined ? shipped : await generated(shipped, generator, workspace, say);
  await verifyPackage(files);
  return { home: shipped.root, files };
}

async function generated(
  { manifest }: DatasetPackage, generator: NonNullable<Manifest['generator']>, workspace: Workspace, say: (line: string) => void,
): Promise<DatasetPackage> {
  const root = workspace.generatedPackage;
  if (existsSync(path.join(root, 'dataset.yaml'))) {
    const there = openPackage(root, []);
    const same = there.manifest.version === manifest.version && there.manifest.generator?.name === generator.name
      && there.manifest.generator.seed === generator.seed;
    if (same) return there;
  }
  say(`making ${manifest.name} from seed ${generator.seed}`);
  const made = await generatePackage(generator.name, generator.seed);
  return writePackage(root, { ...made.manifest, name: manifest.name, title: manifest.title, version: manifest.version }, made.files);
}
