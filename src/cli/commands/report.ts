/** `ap-verify report`: judge and render a result again; `measure`: measure the products again first; `gate`: judge and tell. */
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { openRepository } from '../../butler/repository.ts';
import { butlerSource } from '../../harness/butlerSource.ts';
import { openPackage } from '../../harness/datasetPackage.ts';
import { readResult } from '../../harness/resultDocument.ts';
import { boundText } from '../../harness/verdict.ts';
import { openWorkspace } from '../../harness/workspace.ts';
import type { Workspace } from '../../harness/workspace.ts';
import { ApError } from '../../model/errors.ts';
import type { VerificationResult } from '../../model/verification.ts';
import { addJudgingOptions, baselineFor, historyFile, judgeContext, withHistory } from '../judging.ts';
import type { JudgingOptions } from '../judging.ts';
import type { Outcome } from '../main.ts';
import { readRunRecord } from '../runRecord.ts';
import type { RunRecord } from '../runRecord.ts';
import { announceVerdict, judged, loadAllDefinitions, measureRun, writeProducts } from '../verification.ts';
import type { Definitions, MeasuredResult } from '../verification.ts';

/** Adds the commands to the program. */
export function addReportCommand(program: Command, outcome: Outcome): void {
  addJudgingOptions(program.command('report <workspace>')
    .description('judge the measurements of a run by the specifications of today and render the report again'))
    .action((folder: string, options: JudgingOptions) => {
      const workspace = existingWorkspace(folder);
      outcome.exitCode = publish(workspace, judgeAgain(workspace, storedResult(workspace), options));
    });
  addJudgingOptions(program.command('measure <workspace>').description('measure the products of a run again, judge and render them'))
    .action(async (folder: string, options: JudgingOptions) => {
      const workspace = existingWorkspace(folder);
      outcome.exitCode = publish(workspace, judgeAgain(workspace, await measureAgain(workspace, options), options));
    });
  addJudgingOptions(program.command('gate <workspace>').description('judge the measurements of a run and print every verdict; writes nothing'))
    .option('--warn-only', 'exit with 0 where a specification fails (never for what is incomplete or failed otherwise)')
    .option('--json', 'verdicts as JSON')
    .action((folder: string, options: GateOptions) => {
      const workspace = existingWorkspace(folder);
      const result = judgeAgain(workspace, storedResult(workspace), options);
      process.stdout.write(options.json === true ? `${JSON.stringify({ verdict: result.verdict, verdicts: result.verdicts }, null, 1)}\n` : verdictTable(result));
      const { exitCode, sentence } = result.verdict;
      if (exitCode !== 0) process.stderr.write(`ap-verify: exit ${exitCode}: ${sentence}\n`);
      outcome.exitCode = options.warnOnly === true && exitCode === 1 ? 0 : exitCode;
    });
}

interface GateOptions extends JudgingOptions {
  readonly warnOnly?: true;
  readonly json?: true;
}

/** The definitions of today with the specifications that the run was judged by, and those of this command. */
function definitionsOf({ datasetHome, specs }: RunRecord, options: JudgingOptions): Definitions {
  return loadAllDefinitions(datasetHome, [...specs, ...options.specs], options.waivers);
}

function judgeAgain(workspace: Workspace, result: MeasuredResult, options: JudgingOptions): VerificationResult {
  const record = readRunRecord(workspace);
  const definitions = definitionsOf(record, options);
  const baseline = baselineFor(options, record.datasetHome);
  return withHistory(historyFile(options, workspace), history =>
    judged(result, definitions, judgeContext(result, definitions, { baseline, history }, options)));
}

/** One line a verdict, the urgent ones first. */
function verdictTable({ verdicts, verdict }: VerificationResult): string {
  const lines = verdicts.map(v => {
    const keys = Object.entries(v.specification.keys).map(([k, value]) => ` ${k}=${value}`).join('');
    const value = v.value === null ? '-' : `${Number(v.value.toPrecision(5))} ${v.specification.unit}`.trim();
    return [v.status.padEnd(11), v.specification.severity.padEnd(6), `${v.specification.name}${keys}`.padEnd(58), value.padEnd(18),
      boundText(v.specification), v.origin === undefined ? '' : `[${v.origin}]`, v.status === 'pass' ? '' : `(${v.reason})`].filter(part => part !== '').join(' ');
  });
  return `${lines.join('\n')}\n${verdict.sentence}\n`;
}

/** A workspace that is there: these commands must not make an empty one. */
export function existingWorkspace(folder: string): Workspace {
  if (!existsSync(folder)) {
    throw new ApError('FILE_NOT_FOUND', { where: folder, expected: 'the workspace of a run', todo: 'ap-verify run <dataset> -o WORKSPACE' });
  }
  return openWorkspace(folder);
}

export function storedResult(workspace: Workspace): VerificationResult {
  if (!existsSync(workspace.result)) {
    throw new ApError('FILE_NOT_FOUND', { where: workspace.result, expected: 'the result of a run', todo: 'ap-verify run <dataset> -o WORKSPACE' });
  }
  return readResult(readFileSync(workspace.result, 'utf8'), workspace.result);
}

async function measureAgain(workspace: Workspace, options: JudgingOptions): Promise<MeasuredResult> {
  const record = readRunRecord(workspace);
  const { dataset, pipeline, run, images } = storedResult(workspace);
  const facts = { hasTruth: openPackage(record.datasetHome, []).manifest.hasTruth, images, quanta: run.quanta };
  const visits = new Set(images.map(image => image.visit));
  const repository = openRepository(workspace.repository, { readonly: true });
  try {
    const source = butlerSource(repository, record.collections, ({ visit }) => visit === undefined || visits.has(Number(visit)));
    return await measureRun({ dataset, pipeline, run }, source, facts, definitionsOf(record, options));
  } finally {
    repository.close();
  }
}

function publish(workspace: Workspace, result: VerificationResult): number {
  writeProducts(workspace, result);
  return announceVerdict(result, workspace);
}
