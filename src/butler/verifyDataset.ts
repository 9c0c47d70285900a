/**
 * Datasets of the real `ap_verify`: a folder with `preloaded/` (calibrations, reference catalogs, templates, as a
 * repository), `config/export.yaml` (what is in it) and `raw/` (frames to ingest).
 */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ApError } from '../model/errors.ts';
import type { Instrument } from '../model/instrument.ts';
import type { ImportSummary } from './importDatasets.ts';
import { defineVisits, ingestRaws } from './ingestRaws.ts';
import type { RawIngest } from './ingestRaws.ts';
import type { Repository, TransferMode } from './repository.ts';

const RAW_NAME = /\.(fits|fits\.gz|fz)$/i;

export interface VerifyDataset {
  readonly preloaded: string;
  readonly exportFile: string;
  /** Absolute paths, sorted. */
  readonly raws: readonly string[];
}

export interface VerifyIngest {
  readonly instrument: Instrument;
  readonly rawRun: string;
  readonly imported: ImportSummary;
  readonly raws: RawIngest;
  readonly nVisits: number;
}

/** True when the folder looks like one. */
export function isVerifyDataset(root: string): boolean {
  return existsSync(path.join(root, 'config', 'export.yaml')) && existsSync(path.join(root, 'preloaded'));
}

/**
 * The parts of such a folder.
 * @throws ApError DATASET_PACKAGE_INVALID when a part is missing, `raw/` has no frames, or two frames have one name.
 */
export function readVerifyDataset(root: string): VerifyDataset {
  const [preloaded, exportFile, raw] = ['preloaded', path.join('config', 'export.yaml'), 'raw'].map(part => path.join(root, part)) as [string, string, string];
  for (const part of [preloaded, exportFile, raw]) {
    if (!existsSync(part)) throw new ApError('DATASET_PACKAGE_INVALID', { where: root, found: 'nothing', expected: path.relative(root, part) });
  }
  const raws = readdirSync(raw, { recursive: true, withFileTypes: true })
    .filter(entry => !entry.isDirectory() && RAW_NAME.test(entry.name))
    .map(entry => path.resolve(entry.parentPath, entry.name)).sort();
  if (raws.length === 0) throw new ApError('DATASET_PACKAGE_INVALID', { where: raw, found: 'no raw frames', expected: '*.fits, *.fits.gz or *.fz' });
  const names = raws.map(file => path.basename(file));
  const twice = names.find((name, k) => names.indexOf(name) !== k);
  if (twice !== undefined) throw new ApError('DATASET_PACKAGE_INVALID', { where: raw, found: `two files ${twice}`, expected: 'names that are unique' });
  return { preloaded, exportFile, raws };
}

/**
 * Imports what is preloaded, ingests the raw frames into `<instrument>/raw/all` and defines their visits. Done twice, it
 * changes nothing.
 * @throws ApError DATASET_PACKAGE_INVALID when not exactly one instrument comes out of the import, or it is none of
 * ours; errors of the import and of the ingest.
 */
export function ingestVerifyDataset(
  repository: Repository, root: string, instruments: Readonly<Record<string, Instrument>>, mode: TransferMode = 'link',
): VerifyIngest {
  const { preloaded, exportFile, raws } = readVerifyDataset(root);
  const imported = repository.importFrom({ directory: preloaded, file: exportFile, mode });
  const names = repository.records('instrument').map(record => String(record.name));
  const instrument = names.length === 1 ? Object.values(instruments).find(({ name }) => name === names[0]) : undefined;
  if (instrument === undefined) {
    throw new ApError('DATASET_PACKAGE_INVALID', {
      where: exportFile, found: `instruments ${names.join(', ') || 'none'}`, expected: `one of ${Object.keys(instruments).join(', ')}`,
      todo: 'describe the camera in src/instruments',
    });
  }
  const rawRun = `${instrument.name}/raw/all`;
  const ingest = ingestRaws(repository, instrument, raws, { run: rawRun, mode });
  return { instrument, rawRun, imported, raws: ingest, nVisits: defineVisits(repository, instrument) };
}
