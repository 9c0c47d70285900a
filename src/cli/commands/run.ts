/** `ap-verify run`: dataset package -> repository -> pipeline -> measurements -> verdict -> report. */
import { availableParallelism, hostname } from 'node:os';
import path from 'node:path';
import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { shownUrl } from '../../apdb/location.ts';
import { parseWhere } from '../../butler/expression.ts';
import { createRepository, openRepository, repositoryExists } from '../../butler/repository.ts';
import { butlerSource } from '../../harness/butlerSource.ts';
import { compareResults } from '../../harness/compareResults.ts';
import { openHistory } from '../../harness/history.ts';
import { readResult } from '../../harness/resultDocument.ts';
import { lockWorkspace, openWorkspace } from '../../harness/workspace.ts';
import type { Workspace } from '../../harness/workspace.ts';
import { ApError } from '../../model/errors.ts';
import type { QuantumReport, VerificationResult } from '../../model/verification.ts';
import { countByLabel } from '../../pipeline/quantumGraph.ts';
import { version } from '../installation.ts';
import { prepareJob } from '../job.ts';
import type { Job } from '../job.ts';
import { apdbOfOptions, withApdbOptions } from '../apdbUse.ts';
import type { ApdbOptions } from '../apdbUse.ts';
import type { Outcome } from '../main.ts';
import { openDataset } from '../openDataset.ts';
import type { OpenDataset } from '../openDataset.ts';
import { positiveInteger, positiveNumber, several } from '../optionValues.ts';
import { isAlive } from '../repositoryOf.ts';
import { jsonProgressOn, progressOn } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { lastRunRecord, writeRunRecord } from '../runRecord.ts';
import { runLog } from '../runLog.ts';
import { INTERRUPTED, configTexts, runQuanta } from '../runQuanta.ts';
import { announceVerdict, loadAllDefinitions, measureRun, writeProducts } from '../verification.ts';

interface RunOptions extends ApdbOptions {
  readonly output?: string;
  readonly jobs: number;
  readonly dataQuery?: string;
  readonly pipeline?: string;
  readonly config: readonly string[];
  readonly configFile: readonly string[];
  readonly specs: readonly string[];
  readonly baseline?: string;
  readonly history?: string;
  readonly cleanRun?: true;
  readonly failFast?: true;
  readonly timeout?: number;
  readonly json?: true;
}

export function addRunCommand(program: Command, outcome: Outcome): void {
  withApdbOptions(program.command('run <dataset>'))
    .description('run the pipeline on a dataset package, measure, judge and report')
    .option('-o, --output <folder>', 'workspace (default: workspaces/<dataset>)')
    .option('-j, --jobs <n>', 'worker processes', positiveInteger, availableParallelism())
    .option('-d, --data-query <expression>', "data IDs to process, e.g. 'visit in (1..4) and detector=0'")
    .option('-p, --pipeline <file>', 'pipeline definition, with #labels to take a part of it')
    .option('-c, --config <label:field=value>', 'override a config field (repeatable)', several, [])
    .option('-C, --config-file <label:file>', 'override config fields from a file (repeatable)', several, [])
    .option('--specs <file>', 'further specifications; they replace those of the same name (repeatable)', several, [])
    .option('--baseline <result.json>', 'compare with an earlier result')
    .option('--history <file>', 'history database (default: history.sqlite3 in the workspace)')
    .option('--clean-run', 'remove what an earlier run of this configuration has left, and the association database')
    .option('--fail-fast', 'start nothing more after the first failure')
    .option('--timeout <seconds>', 'longest time of one quantum', positiveNumber)
    .option('--json', 'progress as JSON lines on standard error')
    .action(async (dataset: string, options: RunOptions) => {
      outcome.exitCode = await run(dataset, options);
    });
}

async function run(name: string, options: RunOptions): Promise<number> {
  const started = { utc: new Date().toISOString(), at: performance.now() };
  const progress = (options.json === true ? jsonProgressOn : progressOn)(process.stderr);
  // A baseline or a specification that cannot be read must be known before minutes of work, not after.
  const baseline = options.baseline === undefined ? null : readResult(readText(options.baseline), options.baseline);
  const where = options.dataQuery === undefined ? () => true : parseWhere(options.dataQuery);
  const workspace = openWorkspace(options.output ?? path.join('workspaces', path.basename(name)));
  const release = lockWorkspace(workspace, process.pid, isAlive);
  try {
    const dataset = await openDataset(name, workspace, progress.say);
    loadAllDefinitions(dataset.home, options.specs);
    checkSameDataset(dataset, workspace, baseline);
    const repository = (repositoryExists(workspace.repository) ? openRepository : createRepository)(workspace.repository);
    try {
      const job = prepareJob(dataset, {
        repository, workspace, where, query: options.dataQuery, pipeline: options.pipeline,
        overrides: options.config, configFiles: options.configFile, isClean: options.cleanRun === true, apdb: apdbOfOptions(options),
      });
      announce(job, progress);
      const quanta = await runJob(job, options, progress);
      if (quanta === null) return INTERRUPTED;
      const nReused = quanta.filter(({ status }) => status === 'reused').length;
      if (nReused > 0) progress.say(`${nReused} of ${quanta.length} quanta were done already`);
      const result = await verify(job, { started, quanta: [...quanta, ...notRun(job)], options });
      return finish(result, { workspace, baseline, options });
    } finally {
      repository.close();
    }
  } finally {
    progress.end();
    release();
  }
}

/** A workspace keeps the runs of one dataset, and values of two datasets must not be compared. */
function checkSameDataset({ home, files: { manifest } }: OpenDataset, workspace: Workspace, baseline: VerificationResult | null): void {
  const last = lastRunRecord(workspace);
  if (last !== null && last.datasetHome !== home) {
    throw new ApError('BAD_CONFIG', {
      where: workspace.root, found: `runs of ${last.datasetHome}`, expected: `a workspace of ${home}`, todo: 'give another workspace with -o',
    });
  }
  if (baseline !== null && baseline.dataset.name !== manifest.name) {
    throw new ApError('BAD_CONFIG', { where: '--baseline', found: `a result of ${baseline.dataset.name}`, expected: `one of ${manifest.name}` });
  }
}

/** Quanta that the graph left out, with the reason: the report must say why an image is missing. */
function notRun({ graph }: Job): QuantumReport[] {
  return graph.pruned.map(({ label, dataId, reason }) => ({
    task: label, dataId: Object.fromEntries(Object.entries(dataId)), status: 'noWork', message: reason, seconds: null, cpu_s: null, peakRss_MB: null,
  }));
}

function announce({ graph, pipeline, run }: Job, progress: Progress): void {
  const counts = Object.entries(countByLabel(graph)).map(([label, n]) => `${n} ${label}`).join(', ');
  progress.say(`${pipeline.name}: ${graph.quanta.length} quanta (${counts}) into ${run}`);
  for (const warning of pipeline.resolved.warnings) progress.say(`warning: ${warning}`);
  for (const { label, reason } of graph.pruned) progress.say(`not run: ${label}: ${reason}`);
}

/** What became of every quantum; null when the user has stopped the run, which is then neither measured nor judged. */
async function runJob(job: Job, { jobs, failFast, timeout }: RunOptions, progress: Progress): Promise<readonly QuantumReport[] | null> {
  const log = runLog(job.workspace, job.run);
  try {
    return await runQuanta({
      repository: job.repository, graph: job.graph, run: job.run, apdb: job.apdb, jobs, progress,
      datasetTypes: [...job.pipeline.resolved.datasetTypes.values()], configs: configTexts(job.pipeline.resolved), packages: job.packages,
      failFast: failFast === true, timeout_s: timeout ?? null, onResult: log.add,
      // Quanta that were cut off, now or when an earlier run was killed, leave files that nothing names.
      tidy: () => { job.repository.removeOrphans(); },
    });
  } finally {
    log.close();
  }
}

interface VerifyContext {
  readonly started: { readonly utc: string; readonly at: number };
  readonly quanta: readonly QuantumReport[];
  readonly options: RunOptions;
}

async function verify(job: Job, { started, quanta, options }: VerifyContext): Promise<VerificationResult> {
  const { manifest } = job.dataset.files;
  const collections = [job.run, job.inputs];
  const visits = new Set(job.images.map(image => image.visit));
  const source = butlerSource(job.repository, collections, ({ visit }) => visit === undefined || visits.has(Number(visit)));
  const seconds = (): number => (performance.now() - started.at) / 1000;
  const result = await measureRun({
    dataset: { name: manifest.name, version: manifest.version, title: manifest.title },
    pipeline: {
      name: job.pipeline.name, version: `${version()}+${job.codeHash.slice(0, 12)}`, configHash: job.configHash,
      query: options.dataQuery ?? null, overrides: [...options.configFile, ...options.config],
    },
    run: {
      started: started.utc, seconds: seconds(), workers: options.jobs, host: hostname(), node: process.version, collection: job.run, quanta,
    },
  }, source, { hasTruth: manifest.hasTruth, images: job.images, quanta }, loadAllDefinitions(job.dataset.home, options.specs));
  writeRunRecord(job.workspace, {
    format: 'ap-verify-run/1', datasetHome: job.dataset.home, collections, apdb: shownUrl(job.apdb.url), where: options.dataQuery ?? null,
    specs: options.specs.map(file => path.resolve(file)),
  });
  return { ...result, run: { ...result.run, seconds: seconds() } };
}

interface FinishContext {
  readonly workspace: Workspace;
  readonly baseline: VerificationResult | null;
  readonly options: RunOptions;
}

function finish(result: VerificationResult, { workspace, baseline, options }: FinishContext): number {
  writeProducts(workspace, result);
  const history = openHistory(options.history ?? path.join(workspace.root, 'history.sqlite3'));
  try {
    history.record(result, result.pipeline.version);
  } finally {
    history.close();
  }
  if (baseline !== null) process.stdout.write(`${comparison(baseline, result)}\n`);
  return announceVerdict(result, workspace);
}

function comparison(before: VerificationResult, after: VerificationResult): string {
  const changes = compareResults(before, after);
  const count = (kind: string): number => changes.filter(c => c.change === kind).length;
  const named = changes.filter(c => c.change === 'worse' || c.change === 'gone').slice(0, 5)
    .map(c => `${c.title} ${shown(c.before)} -> ${shown(c.after)} ${c.unit}`);
  return `against the baseline: ${count('better')} better, ${count('worse')} worse, ${count('same')} same, ${count('gone')} gone, ${count('new')} new`
    + (named.length > 0 ? `; ${named.join('; ')}` : '');
}

function shown(value: number | null): string {
  return value === null ? 'no value' : String(Number(value.toPrecision(4)));
}

function readText(file: string): string {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'result.json of an earlier run' });
  return readFileSync(file, 'utf8');
}
