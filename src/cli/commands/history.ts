/** `ap-verify history | trend | compare | export`: runs of the past, and results for other programs. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { openRepository } from '../../butler/repository.ts';
import { butlerSource } from '../../harness/butlerSource.ts';
import { compareCatalogs } from '../../harness/compareCatalogs.ts';
import type { CatalogComparison, SourceRow } from '../../harness/compareCatalogs.ts';
import { compareResults } from '../../harness/compareResults.ts';
import { githubAnnotations, githubSummary } from '../../harness/exports/github.ts';
import { junitXml } from '../../harness/exports/junit.ts';
import { csvText, jsonLines } from '../../harness/exports/rows.ts';
import { sarifText } from '../../harness/exports/sarif.ts';
import { influxLines, openMetricsText } from '../../harness/exports/timeSeries.ts';
import { keysJson } from '../../harness/history.ts';
import type { HistoryValue } from '../../harness/history.ts';
import { readResult } from '../../harness/resultDocument.ts';
import { namesOf } from '../../harness/references.ts';
import { allOf } from '../../harness/resultSource.ts';
import { trendOf } from '../../harness/trend.ts';
import type { Trend } from '../../harness/trend.ts';
import { readVerifyJob, writeVerifyJob } from '../../harness/verifyJob.ts';
import { writeFileAtomic } from '../../harness/workspace.ts';
import { diaSourceDetector } from '../../model/datasetTypes.ts';
import { ApError } from '../../model/errors.ts';
import type { Metric, VerificationResult } from '../../model/verification.ts';
import { version } from '../installation.ts';
import { withHistory } from '../judging.ts';
import type { Outcome } from '../main.ts';
import { positiveInteger, positiveNumber } from '../optionValues.ts';
import { readRunRecord } from '../runRecord.ts';
import { loadAllDefinitions } from '../verification.ts';
import { existingWorkspace, storedResult } from './report.ts';

/** Adds the commands to the program. */
export function addHistoryCommands(program: Command, outcome: Outcome): void {
  addHistory(program);
  program.command('trend <history> <metric>')
    .description('values of a metric in time, its steps and what changed there')
    .option('--dataset <name>', 'runs of this dataset only')
    .option('--keys <json>', 'values at these keys only, such as \'{"task":"isr"}\'')
    .option('--limit <n>', 'latest runs', positiveInteger, 1000)
    .option('--floor <sigma>', 'scatter of single values is at least this', positiveNumber)
    .option('--json', 'as JSON')
    .action((file: string, metric: string, options: TrendOptions) => { process.stdout.write(trends(existing(file), metric, options)); });
  program.command('compare <a> <b>')
    .description('two runs (workspaces or result files) by value and, for workspaces, by catalog')
    .option('--no-catalog', 'values only')
    .option('--json', 'as JSON')
    .action(async (a: string, b: string, options: CompareOptions) => { outcome.exitCode = await compare(a, b, options); });
  program.command('export <workspace>')
    .description(`the result of a run for other programs: ${Object.keys(FORMATS).join(', ')}`)
    .requiredOption('-f, --format <name>', 'format')
    .option('-o, --output <file>', 'file (default: standard output)')
    .action((folder: string, { format, output }: { format: string; output?: string }) => {
      const write = FORMATS[format];
      if (write === undefined) throw new ApError('USAGE', { found: `format '${format}'`, expected: Object.keys(FORMATS).join(', ') });
      const text = write(resultOf(folder));
      if (output === undefined) process.stdout.write(text);
      else writeFileAtomic(output, text);
    });
}

const FORMATS: Readonly<Record<string, (result: VerificationResult) => string>> = {
  junit: junitXml, sarif: result => sarifText(result, version()), 'github-annotations': githubAnnotations, 'github-summary': githubSummary,
  openmetrics: openMetricsText, influx: influxLines, 'verify-job': writeVerifyJob, csv: csvText, jsonl: jsonLines,
};

function addHistory(program: Command): void {
  const history = program.command('history').description('the database of runs');
  history.command('list <history>').description('runs, newest first').option('--limit <n>', 'runs', positiveInteger, 20)
    .action((file: string, { limit }: { limit: number }) => {
      for (const run of withHistory(existing(file), h => h.runs(limit))) {
        process.stdout.write(`${String(run.id).padStart(6)} ${run.started} exit ${run.exitCode} ${run.dataset} ${run.datasetVersion} ${run.pipeline} ${run.revision ?? ''} ${run.sentence}\n`);
      }
    });
  history.command('import <history> <files...>').description('results of ap-verify and Jobs of lsst.verify into the history')
    .option('--started <utc>', 'when a Job ran, which it does not say (default: the date of its file name, else 1970)')
    .action((file: string, files: readonly string[], { started }: { started?: string }) => {
      // Everything is read before anything is written: a bad file leaves the history as it was.
      const results = files.map(name => importable(name, started));
      const added = withHistory(file, h => results.filter(result => h.record(result, result.pipeline.version)).length);
      process.stdout.write(`${added} of ${files.length} runs are new\n`);
    });
  history.command('prune <history>').description('drop old documents and runs')
    .option('--keep-documents <n>', 'newest runs that keep their whole document', positiveInteger, 1000)
    .option('--keep-runs <n>', 'newest runs that are kept at all', positiveInteger, 100_000)
    .action((file: string, retention: { keepDocuments: number; keepRuns: number }) => {
      const { documents, runs } = withHistory(existing(file), h => h.prune(retention));
      process.stdout.write(`${documents} documents and ${runs} runs are gone\n`);
    });
}

function existing(file: string): string {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'a history of ap-verify' });
  return file;
}

function importable(file: string, started: string | undefined): VerificationResult {
  const text = readFileSync(existing(file), 'utf8');
  if (/"format": *"ap-verify-result\/1"/.test(text.slice(0, 200))) return readResult(text, file);
  const day = /(\d{4})-?(\d\d)-?(\d\d)/.exec(path.basename(file));
  return readVerifyJob(text, { where: file, started: started ?? (day === null ? '1970-01-01T00:00:00Z' : `${day[1]}-${day[2]}-${day[3]}T00:00:00Z`) });
}

interface TrendOptions {
  readonly dataset?: string;
  readonly keys?: string;
  readonly limit: number;
  readonly floor?: number;
  readonly json?: true;
}

function trends(file: string, name: string, { dataset, keys, limit, floor, json }: TrendOptions): string {
  const { metrics } = loadAllDefinitions(null, []);
  const metric = metrics.find(m => m.name === name);
  const wanted = keys === undefined ? undefined : JSON.parse(keys) as Record<string, string>;
  const values = withHistory(file, h => h.series({ metrics: namesOf(name, metric), limit, keys: wanted }))
    .filter(v => dataset === undefined || v.run.dataset === dataset);
  if (values.length === 0) throw new ApError('BAD_METRIC', { found: `no value of ${name} in ${file}`, expected: 'the name of a metric that was measured' });
  const known = metric ?? imported(name, values[0]!);
  const series = [...Map.groupBy(values, v => `${v.run.scope} ${keysJson(v.keys)}`).values()].map(v => trendOf(known, v, floor ?? 0));
  if (json === true) return `${JSON.stringify(series, null, 1)}\n`;
  return series.map(trendText).join('\n');
}

/** A metric that is known by its values only. */
function imported(name: string, { unit, definitionHash }: HistoryValue): Metric {
  return {
    name, title: name, unit, description: '', reference: '', tags: [], direction: 'neither', formula: '', version: 1, interval: 'none', minimumN: 0, definitionHash,
  };
}

function trendText({ metric, points, steps, breaks, best, creep }: Trend): string {
  const { keys, unit, run: { scope } } = points[0]!;
  const lines = points.slice(-20).map(p => `  ${p.run.started.slice(0, 19)} run ${p.run.id} ${p.value === null ? p.status : short(p.value)} ${unit} ${p.run.revision ?? ''}`);
  return [
    `${metric} ${keysJson(keys)} of ${scope}: ${points.length} runs`, ...lines,
    ...steps.map(s => `  step at run ${s.run.id} (${s.run.started.slice(0, 10)}), certain at run ${s.certainAt.id}: ${short(s.before)} -> ${short(s.after)}, ${s.change}, `
      + `${short(Math.abs(s.significance))} sigma${s.whatChanged.length === 0 ? '' : `; changed: ${s.whatChanged.map(c => `${c.fact} ${c.before ?? '-'} -> ${c.after ?? '-'}`).join(', ')}`}`),
    ...breaks.map(run => `  from run ${run.id} on the definition is another`),
    ...(best === null ? [] : [`  best ${short(best.value!)} in run ${best.run.id}${creep === null ? '' : `; the last five are ${short(creep)} sigma worse than the best five`}`]), '',
  ].join('\n');
}

interface CompareOptions {
  readonly catalog: boolean;
  readonly json?: true;
}

function resultOf(place: string): VerificationResult {
  if (place.endsWith('.json')) return readResult(readFileSync(existing(place), 'utf8'), place);
  return storedResult(existingWorkspace(place));
}

async function compare(a: string, b: string, { catalog, json }: CompareOptions): Promise<number> {
  const [before, after] = [resultOf(a), resultOf(b)];
  if (before.dataset.name !== after.dataset.name) {
    throw new ApError('BAD_CONFIG', { where: b, found: `a result of ${after.dataset.name}`, expected: `one of ${before.dataset.name}` });
  }
  const changes = compareResults(before, after);
  const sources = !catalog || a.endsWith('.json') || b.endsWith('.json') ? null : compareCatalogs(await sourcesOf(a), await sourcesOf(b));
  if (json === true) process.stdout.write(`${JSON.stringify({ changes, catalog: sources }, null, 1)}\n`);
  else process.stdout.write(`${changes.filter(c => c.change !== 'same').map(changeText).join('')}${changes.filter(c => c.change === 'same').length} values are the same\n`
    + (sources === null ? '' : catalogText(sources)));
  return 0;
}

function changeText(c: ReturnType<typeof compareResults>[number]): string {
  const keys = Object.entries(c.keys).map(([k, v]) => ` ${k}=${v}`).join('');
  const significance = c.isSignificant === null ? '' : c.isSignificant ? ', beyond the errors' : ', within the errors';
  return `${c.change.padEnd(10)} ${c.metric}${keys}: ${c.before ?? 'no value'} -> ${c.after ?? 'no value'} ${c.unit}${significance}\n`;
}

async function sourcesOf(folder: string): Promise<Awaited<ReturnType<typeof allOf<Parameters<typeof compareCatalogs>[0][number]['value']>>>> {
  const workspace = existingWorkspace(folder);
  const repository = openRepository(workspace.repository, { readonly: true });
  try {
    return await allOf(butlerSource(repository, readRunRecord(workspace).collections), diaSourceDetector);
  } finally {
    repository.close();
  }
}

function catalogText({ onlyA, onlyB, summary: s }: CatalogComparison): string {
  const brightest = (rows: readonly SourceRow[]): string => [...rows].sort((x, y) => (y.snr || 0) - (x.snr || 0)).slice(0, 5)
    .map(r => `    visit ${r.visit}, detector ${r.detector}: ${r.ra.toFixed(6)} ${r.dec.toFixed(6)}, S/N ${short(r.snr)}\n`).join('');
  return `DIASources: ${s.nA} in A, ${s.nB} in B, ${s.nMatched} in both; B - A: ${short(s.medianEast_mas)}, ${short(s.medianNorth_mas)} mas (scatter ${short(s.scatter_mas)}), `
    + `flux ratio ${short(s.medianFluxRatio)} (scatter ${short(s.fluxRatioScatter)})\n`
    + `  only in A: ${onlyA.length}\n${brightest(onlyA)}  only in B: ${onlyB.length}\n${brightest(onlyB)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
