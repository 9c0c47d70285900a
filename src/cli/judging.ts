/** What a judgement looks at besides the result: baseline, history, waivers, date and profile. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { readBaseline } from '../harness/baseline.ts';
import type { Baseline } from '../harness/baseline.ts';
import { openHistory } from '../harness/history.ts';
import type { History } from '../harness/history.ts';
import type { JudgeContext } from '../harness/judge.ts';
import { referencesOf } from '../harness/references.ts';
import type { Workspace } from '../harness/workspace.ts';
import { ApError } from '../model/errors.ts';
import type { VerificationResult } from '../model/verification.ts';
import { several } from './optionValues.ts';
import type { Definitions, MeasuredResult } from './verification.ts';

export interface JudgingOptions {
  readonly specs: readonly string[];
  readonly waivers: readonly string[];
  readonly baseline?: string;
  readonly history?: string;
  readonly profile?: string;
  readonly date?: string;
}

/** Options of every command that judges. */
export function addJudgingOptions(command: Command): Command {
  return command
    .option('--specs <file>', 'further specifications; they replace those of the same name (repeatable)', several, [])
    .option('--waivers <file>', 'further waivers (repeatable)', several, [])
    .option('--baseline <file>', 'baseline.json or result.json to compare with (default: baseline.json of the dataset)')
    .option('--history <file>', 'history database (default: history.sqlite3 in the workspace)')
    .option('--profile <name>', 'the release profile that is in force, whatever the date')
    .option('--date <yyyy-mm-dd>', 'the date that profiles and waivers are judged by (default: that of the run)', isoDate);
}

function isoDate(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) throw new InvalidArgumentError('a date like 2027-01-31 is expected.');
  return text;
}

/** The baseline that was asked for, else that of the dataset, else null. */
export function baselineFor({ baseline }: JudgingOptions, datasetHome: string): Baseline | null {
  const own = path.join(datasetHome, 'baseline.json');
  const file = baseline ?? (existsSync(own) ? own : null);
  if (file === null) return null;
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'baseline.json or result.json of an earlier run' });
  return readBaseline(readFileSync(file, 'utf8'), file);
}

export function historyFile({ history }: Pick<JudgingOptions, 'history'>, workspace: Workspace): string {
  return history ?? path.join(workspace.root, 'history.sqlite3');
}

/** Calls with the history, which is closed again whatever happens. */
export function withHistory<T>(file: string, body: (history: History) => T): T {
  const history = openHistory(file);
  try {
    return body(history);
  } finally {
    history.close();
  }
}

export interface JudgingSources {
  readonly baseline: Baseline | null;
  readonly history: History | null;
}

/** Facts of the run that `when` may ask for. */
export const FACTS = ['dataset', 'datasetVersion', 'pipeline', 'pipelineVersion', 'query', 'host', 'fingerprint', 'workers', 'nVisits', 'nDetectors', 'nImages'] as const;

export function judgeContext(
  result: MeasuredResult, { metrics, waivers }: Definitions, { baseline, history }: JudgingSources, { profile, date }: Pick<JudgingOptions, 'profile' | 'date'>,
): JudgeContext {
  return {
    date: date ?? result.run.started.slice(0, 10), profile: profile ?? null, fingerprint: result.run.fingerprint ?? null, waivers,
    facts: factsOf(result), references: referencesOf({ baseline, history, run: result, metrics }),
  };
}

function factsOf({ dataset, pipeline, run, images }: Pick<VerificationResult, 'dataset' | 'pipeline' | 'run' | 'images'>): Record<string, string | number> {
  const facts: Record<(typeof FACTS)[number], string | number> = {
    dataset: dataset.name, datasetVersion: dataset.version, pipeline: pipeline.name, pipelineVersion: pipeline.version, query: pipeline.query ?? '',
    host: run.host, fingerprint: run.fingerprint ?? '', workers: run.workers, nVisits: new Set(images.map(i => i.visit)).size,
    nDetectors: new Set(images.map(i => i.detector)).size, nImages: images.length,
  };
  return facts;
}
