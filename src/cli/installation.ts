/** Where this installation is and what it brings. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json, src, datasets, metrics and reports. */
export const HOME = path.resolve(import.meta.dirname, '..', '..');

/** Version of the package. */
export function version(): string {
  return packageJson(HOME)!.version;
}

/**
 * Versions of what decides the outputs: this program with a digest of its sources, Node.js, and the packages that it
 * depends on. A package that is not installed (optional ones) is left out.
 */
export function packageVersions(codeHash: string): Readonly<Record<string, string>> {
  const own = packageJson(HOME)!;
  const dependencies = Object.keys(own.dependencies ?? {}).flatMap((name): [string, string][] => {
    const installed = packageJson(path.join(HOME, 'node_modules', name));
    return installed === null ? [] : [[name, installed.version]];
  });
  return { 'ap-verify': `${own.version}+${codeHash.slice(0, 12)}`, node: process.versions.node, ...Object.fromEntries(dependencies) };
}

interface PackageJson {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

function packageJson(folder: string): PackageJson | null {
  const file = path.join(folder, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) as PackageJson : null;
}

/** Folders that are searched for dataset packages: the installation's own and `AP_VERIFY_DATASETS` (colon-separated). */
export function packagePath(): string[] {
  const extra = (process.env.AP_VERIFY_DATASETS ?? '').split(path.delimiter).filter(dir => dir !== '');
  return [...extra, path.join(HOME, 'datasets')];
}
