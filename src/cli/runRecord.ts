/** What a workspace remembers of its last run, so that other commands find its products. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { writeFileAtomic } from '../harness/workspace.ts';
import type { Workspace } from '../harness/workspace.ts';
import { ApError } from '../model/errors.ts';

export interface RunRecord {
  readonly format: 'ap-verify-run/1';
  /** Folder of the dataset package that holds `specs.yaml`. */
  readonly datasetHome: string;
  /** RUN collection and, searched after it, the inputs. */
  readonly collections: readonly string[];
  /** Association database, without a password. */
  readonly apdb: string;
  /** Data query as typed; null: everything. */
  readonly where: string | null;
  /** Files of `--specs`, absolute. */
  readonly specs: readonly string[];
}

const fileOf = (workspace: Workspace): string => path.join(workspace.root, 'run.json');

export function writeRunRecord(workspace: Workspace, record: RunRecord): void {
  writeFileAtomic(fileOf(workspace), `${JSON.stringify(record, null, 1)}\n`);
}

/** The record of the workspace, or null when nothing ran there yet. */
export function lastRunRecord(workspace: Workspace): RunRecord | null {
  return existsSync(fileOf(workspace)) ? readRunRecord(workspace) : null;
}

/** The record of the workspace; throws FILE_NOT_FOUND when nothing ran there. */
export function readRunRecord(workspace: Workspace): RunRecord {
  const file = fileOf(workspace);
  if (!existsSync(file)) {
    throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'a workspace in which a run has been', todo: 'ap-verify run <dataset> -o WORKSPACE' });
  }
  const record = JSON.parse(readFileSync(file, 'utf8')) as RunRecord;
  if (record.format !== 'ap-verify-run/1') throw new ApError('BAD_FORMAT', { where: file, found: String(record.format), expected: 'ap-verify-run/1' });
  return record;
}
