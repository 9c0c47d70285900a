/** `ap-verify run`: dataset package -> repository -> pipeline -> measurements -> verdict -> report. */
import { availableParallelism, hostname } from 'node:os';
import path from 'node:path';
import type { Command } from 'commander';
import { shownUrl } from '../../apdb/location.ts';
import { parseWhere } from '../../butler/expression.ts';
import { createRepository, openRepository, repositoryExists } from '../../butler/repository.ts';
import { butlerSource } from '../../harness/butlerSource.ts';
import type { Baseline } from '../../harness/baseline.ts';
import { scienceOfBaseline } from '../baselineScience.ts';
import { baselineComparison } from '../../harness/baselineComparison.ts';
import { withChangedCutouts } from '../../harness/changedCutouts.ts';
import { compareResults } from '../../harness/compareResults.ts';
import { closedGates, confirmed } from '../../harness/confirm.ts';
import { openHistory } from '../../harness/history.ts';
import { runHistory } from '../../harness/runHistory.ts';
import { lockWorkspace, openWorkspace } from '../../harness/workspace.ts';
import type { Workspace } from '../../harness/workspace.ts';
import { ApError } from '../../model/errors.ts';
import type { QuantumReport, Verdict, VerificationResult } from '../../model/verification.ts';
import { countByLabel } from '../../pipeline/quantumGraph.ts';
import { version } from '../installation.ts';
import { addJudgingOptions, baselineFor, historyFile, judgeContext } from '../judging.ts';
import type { JudgingOptions } from '../judging.ts';
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
import { provenanceOf } from '../provenance.ts';
import { lastRunRecord, writeRunRecord } from '../runRecord.ts';
import { runLog } from '../runLog.ts';
import { INTERRUPTED, configTexts, runQuanta } from '../runQuanta.ts';
import { announceVerdict, judged, loadAllDefinitions, measureRun, withVerdicts, writeProducts } from '../verification.ts';
import type { MeasuredResult } from '../verification.ts';

interface RunOptions extends JudgingOptions, ApdbOptions {
  readonly output?: string;
  readonly jobs: number;
  readonly dataQuery?: string;
  readonly pipeline?: string;
  readonly config: readonly string[];
  readonly configFile: readonly string[];
  readonly cleanRun?: true;
  readonly confirm?: number;
  readonly failFast?: true;
  readonly timeout?: number;
  readonly json?: true;
}

export function addRunCommand(program: Command, outcome: Outcome): void {
  addJudgingOptions(withApdbOptions(program.command('run <dataset>'))
    .description('run the pipeline on a dataset package, measure, judge and report')
    .option('-o, --output <folder>', 'workspace (default: workspaces/<dataset>)')
    .option('-j, --jobs <n>', 'worker processes', positiveInteger, availableParallelism())
    .option('-d, --data-query <expression>', "data IDs to process, e.g. 'visit in (1..4) and detector=0'")
    .option('-p, --pipeline <file>', 'pipeline definition, with #labels to take a part of it')
    .option('-c, --config <label:field=value>', 'override a config field (repeatable)', several, [])
    .option('-C, --config-file <label:file>', 'override config fields from a file (repeatable)', several, [])
    .option('--clean-run', 'remove what an earlier run of this configuration has left, and the association database')
    .option('--confirm <n>', 'run again up to n times when a gate closes: a failure that does not come back is no verdict', positiveInteger)
    .option('--fail-fast', 'start nothing more after the first failure')
    .option('--timeout <seconds>', 'longest time of one quantum', positiveNumber)
    .option('--json', 'progress as JSON lines on standard error'))
    .action(async (dataset: string, options: RunOptions) => {
      outcome.exitCode = await run(dataset, options);
    });
}

async function run(name: string, options: RunOptions): Promise<number> {
  const started = { utc: new Date().toISOString(), at: performance.now() };
  const progress = (options.json === true ? jsonProgressOn : progressOn)(process.stderr);
  const where = options.dataQuery === undefined ? () => true : parseWhere(options.dataQuery);
  const workspace = openWorkspace(options.output ?? path.join('workspaces', path.basename(name)));
  const release = lockWorkspace(workspace, process.pid, isAlive);
  try {
    const dataset = await openDataset(name, workspace, progress.say);
    // A baseline or a specification that cannot be read must be known before minutes of work, not after.
    const baseline = baselineFor(options, dataset.home);
    loadAllDefinitions(dataset.home, options.specs, options.waivers);
    checkSameDataset(dataset, workspace, baseline);
    const repository = (repositoryExists(workspace.repository) ? openRepository : createRepository)(workspace.repository);
    try {
      const attempt = async (isClean: boolean): Promise<MeasuredResult | null> => {
        const job = prepareJob(dataset, {
          repository, workspace, where, query: options.dataQuery, pipeline: options.pipeline,
          overrides: options.config, configFiles: options.configFile, isClean, apdb: apdbOfOptions(options),
        });
        announce(job, progress);
        const quanta = await runJob(job, options, progress);
        if (quanta === null) return null;
        const nReused = quanta.filter(({ status }) => status === 'reused').length;
        if (nReused > 0) progress.say(`${nReused} of ${quanta.length} quanta were done already`);
        return measure(job, { started, quanta: [...quanta, ...notRun(job)], options, baseline });
      };
      const measured = await attempt(options.cleanRun === true);
      if (measured === null) return INTERRUPTED;
      return await finish(measured, { dataset, workspace, baseline, options, progress, again: () => attempt(true) });
    } finally {
      repository.close();
    }
  } finally {
    progress.end();
    release();
  }
}

/** A workspace keeps the runs of one dataset, and values of two datasets must not be compared. */
function checkSameDataset({ home, files: { manifest } }: OpenDataset, workspace: Workspace, baseline: Baseline | null): void {
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
  readonly baseline: Baseline | null;
}

async function measure(job: Job, { started, quanta, options, baseline }: VerifyContext): Promise<MeasuredResult> {
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
      configuration: configTexts(job.pipeline.resolved),
    },
    run: {
      started: started.utc, seconds: seconds(), workers: options.jobs, host: hostname(), node: process.version, collection: job.run, quanta,
      ...provenanceOf({ dataset: `${manifest.name} ${manifest.version}`, code: job.codeHash.slice(0, 16), config: job.configHash.slice(0, 16) }),
      log: `logs/${path.basename(job.run)}.log`,
    },
  }, source, { hasTruth: manifest.hasTruth, images: job.images, quanta }, loadAllDefinitions(job.dataset.home, options.specs));
  writeRunRecord(job.workspace, {
    format: 'ap-verify-run/1', datasetHome: job.dataset.home, collections, apdb: shownUrl(job.apdb.url), where: options.dataQuery ?? null,
    specs: options.specs.map(file => path.resolve(file)),
  });
  const compared = baseline === null ? {}
    : { comparison: await withChangedCutouts(baselineComparison(baseline, scienceOfBaseline(options.baseline), result), source) };
  return { ...result, run: { ...result.run, ...compared, seconds: seconds() } };
}

interface FinishContext {
  readonly dataset: OpenDataset;
  readonly workspace: Workspace;
  readonly baseline: Baseline | null;
  readonly options: RunOptions;
  readonly progress: Progress;
  /** Everything once more from the raw frames; null when the user has stopped it. */
  readonly again: () => Promise<MeasuredResult | null>;
}

async function finish(measured: MeasuredResult, context: FinishContext): Promise<number> {
  const { dataset, workspace, baseline, options, progress, again } = context;
  const definitions = loadAllDefinitions(dataset.home, options.specs, options.waivers);
  const history = openHistory(historyFile(options, workspace));
  try {
    const verdictsOf = (result: MeasuredResult): VerificationResult =>
      judged(result, definitions, judgeContext(result, definitions, { baseline, history }, options));
    let result = verdictsOf(measured);
    const reruns: (readonly Verdict[])[] = [];
    while (reruns.length < (options.confirm ?? 0) && closedGates(result.verdicts).length > 0) {
      progress.say(`confirmation ${reruns.length + 1} of ${options.confirm}: ${closedGates(result.verdicts).map(v => v.specification.name).join(', ')}`);
      const more = await again();
      if (more === null) return INTERRUPTED;
      reruns.push(verdictsOf(more).verdicts);
    }
    result = withVerdicts(result, confirmed(result.verdicts, reruns));
    result = { ...result, run: { ...result.run, history: runHistory(history, result) } };
    writeProducts(workspace, result);
    history.record(numbersOnly(result), result.pipeline.version);
    if (baseline !== null) process.stdout.write(`${comparison(baseline, result)}\n`);
    return announceVerdict(result, workspace);
  } finally {
    history.close();
  }
}

/** What the history keeps: it needs no pictures, and no history of its own. */
function numbersOnly({ science: _, ...result }: VerificationResult): VerificationResult {
  const { history: _history, comparison: _comparison, ...run } = result.run;
  return { ...result, run };
}

function comparison(before: Baseline, after: VerificationResult): string {
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
