/** `ap-verify report`: judge and render a result again; `ap-verify measure`: measure the products again first. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { openRepository } from '../../butler/repository.ts';
import { butlerSource } from '../../harness/butlerSource.ts';
import { openPackage } from '../../harness/datasetPackage.ts';
import { readResult } from '../../harness/resultDocument.ts';
import { openWorkspace } from '../../harness/workspace.ts';
import type { Workspace } from '../../harness/workspace.ts';
import { ApError } from '../../model/errors.ts';
import type { VerificationResult } from '../../model/verification.ts';
import type { Outcome } from '../main.ts';
import { readRunRecord } from '../runRecord.ts';
import type { RunRecord } from '../runRecord.ts';
import { announceVerdict, judged, loadAllDefinitions, measureRun, writeProducts } from '../verification.ts';
import type { Definitions } from '../verification.ts';

interface ReportOptions {
  readonly specs: readonly string[];
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds both commands to the program. */
export function addReportCommand(program: Command, outcome: Outcome): void {
  program.command('report <workspace>')
    .description('judge the measurements of a run by the specifications of today and render the report again')
    .option('--specs <file>', 'further specifications; they replace those of the same name (repeatable)', several, [])
    .action((folder: string, options: ReportOptions) => {
      const workspace = existingWorkspace(folder);
      const record = readRunRecord(workspace);
      outcome.exitCode = publish(workspace, judged(storedResult(workspace), definitionsOf(record, options)));
    });
  program.command('measure <workspace>')
    .description('measure the products of a run again, judge and render them')
    .option('--specs <file>', 'further specifications; they replace those of the same name (repeatable)', several, [])
    .action(async (folder: string, options: ReportOptions) => {
      const workspace = existingWorkspace(folder);
      outcome.exitCode = publish(workspace, await measureAgain(workspace, options));
    });
}

/** The definitions of today with the specifications that the run was judged by, and those of this command. */
function definitionsOf({ datasetHome, specs }: RunRecord, options: ReportOptions): Definitions {
  return loadAllDefinitions(datasetHome, [...specs, ...options.specs]);
}

/** A workspace that is there: these commands must not make an empty one. */
export function existingWorkspace(folder: string): Workspace {
  if (!existsSync(folder)) {
    throw new ApError('FILE_NOT_FOUND', { where: folder, expected: 'the workspace of a run', todo: 'ap-verify run <dataset> -o WORKSPACE' });
  }
  return openWorkspace(folder);
}

function storedResult(workspace: Workspace): VerificationResult {
  if (!existsSync(workspace.result)) {
    throw new ApError('FILE_NOT_FOUND', { where: workspace.result, expected: 'the result of a run', todo: 'ap-verify run <dataset> -o WORKSPACE' });
  }
  return readResult(readFileSync(workspace.result, 'utf8'), workspace.result);
}

async function measureAgain(workspace: Workspace, { specs }: ReportOptions): Promise<VerificationResult> {
  const record = readRunRecord(workspace);
  const { dataset, pipeline, run, images } = storedResult(workspace);
  const facts = { hasTruth: openPackage(record.datasetHome, []).manifest.hasTruth, images, quanta: run.quanta };
  const visits = new Set(images.map(image => image.visit));
  const repository = openRepository(workspace.repository, { readonly: true });
  try {
    const source = butlerSource(repository, record.collections, ({ visit }) => visit === undefined || visits.has(Number(visit)));
    return await measureRun({ dataset, pipeline, run }, source, facts, definitionsOf(record, { specs }));
  } finally {
    repository.close();
  }
}

function publish(workspace: Workspace, result: VerificationResult): number {
  writeProducts(workspace, result);
  return announceVerdict(result, workspace);
}
