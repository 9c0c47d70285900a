/** Where this installation is and what it brings. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json, src, datasets, metrics and reports. */
export const HOME = path.resolve(import.meta.dirname, '..', '..');

/** Version of the package. */
export function version(): string {
  return (JSON.parse(readFileSync(path.join(HOME, 'package.json'), 'utf8')) as { version: string }).version;
}

/** Folders that are searched for dataset packages: the installation's own and `AP_VERIFY_DATASETS` (colon-separated). */
export function packagePath(): string[] {
  const extra = (process.env.AP_VERIFY_DATASETS ?? '').split(path.delimiter).filter(dir => dir !== '');
  return [...extra, path.join(HOME, 'datasets')];
}
