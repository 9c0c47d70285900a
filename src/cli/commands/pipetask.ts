/** `ap-verify pipetask`: pipelines on a data repository, with the options of Rubin's command of that name. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Repository } from '../../butler/repository.ts';
import { writeFileAtomic } from '../../harness/workspace.ts';
import { dataIdText } from '../../model/dataset.ts';
import { ApError } from '../../model/errors.ts';
import type { QuantumResult } from '../../pipeline/executor.ts';
import { pipelineYaml } from '../../pipeline/pipelineText.ts';
import { apdbForTasks, apdbOfOptions, withApdbOptions } from '../apdbUse.ts';
import type { ApdbOptions } from '../apdbUse.ts';
import { codeDigest } from '../codeDigest.ts';
import { drawGraph, drawPipeline } from '../graphDrawing.ts';
import { packageVersions } from '../installation.ts';
import type { Outcome } from '../main.ts';
import { positiveInteger, positiveNumber, several, severalNames } from '../optionValues.ts';
import { planOutputs } from '../outputCollections.ts';
import type { OutputPlan } from '../outputCollections.ts';
import { builtGraph, namedPipeline, readGraph, saveGraph } from '../pipetaskGraph.ts';
import type { RunnableGraph } from '../pipetaskGraph.ts';
import { jsonProgressOn, progressOn } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { instrumentOf, lockRun, openNamedRepository, removeAbandoned } from '../repositoryOf.ts';
import { INTERRUPTED, exitCodeOfQuanta, runQuanta } from '../runQuanta.ts';
import { summaryOf } from '../runSummary.ts';
import { SHOW_ITEMS, graphSummary, needsGraph, pipelineText } from '../showPipeline.ts';

interface GraphOptions {
  readonly butlerConfig: string;
  readonly pipeline?: string;
  readonly config: readonly string[];
  readonly configFile: readonly string[];
  readonly instrument?: string;
  readonly input: readonly string[];
  readonly output?: string;
  readonly outputRun?: string;
  readonly extendRun?: true;
  readonly replaceRun?: true;
  readonly pruneReplaced?: 'unstore' | 'purge';
  readonly rebase?: true;
  readonly dataQuery?: string;
  readonly task: readonly string[];
  readonly delete: readonly string[];
  readonly savePipeline?: string;
  readonly pipelineDot?: string;
  readonly pipelineMermaid?: string;
  readonly qgraphDot?: string;
  readonly qgraphMermaid?: string;
  readonly saveQgraph?: string;
  readonly show: readonly string[];
}

interface RunOptions extends GraphOptions, ApdbOptions {
  readonly qgraph?: string;
  readonly processes: number;
  readonly registerDatasetTypes?: true;
  readonly skipExisting?: true;
  readonly skipExistingIn: readonly string[];
  readonly clobberOutputs?: true;
  readonly versions: boolean;
  readonly failFast?: true;
  readonly timeout?: number;
  readonly summary?: string;
  readonly json?: true;
}

export function addPipetaskCommand(program: Command, outcome: Outcome): void {
  const pipetask = program.command('pipetask').description("run pipelines on a data repository, as Rubin's pipetask does");
  withRunOptions(withGraphOptions(pipetask.command('run').description('build or read a quantum graph and run it')))
    .action(async (options: RunOptions) => { outcome.exitCode = await run(options); });
  withGraphOptions(pipetask.command('qgraph').description('build a quantum graph, print its counts and save it with -q'))
    .action((options: GraphOptions) => { qgraph(options); });
  withGraphOptions(pipetask.command('show <items...>').description(`print ${SHOW_ITEMS.join(', ')}`))
    .action((items: readonly string[], options: GraphOptions) => { qgraph({ ...options, show: [...items, ...options.show] }); });
}

function withGraphOptions(command: Command): Command {
  return command
    .requiredOption('-b, --butler-config <repo>', 'data repository, or the workspace that holds one')
    .option('-p, --pipeline <file>', 'pipeline definition, with #labels to take a part of it')
    .option('-c, --config <label:field=value>', 'override a config field (repeatable)', several, [])
    .option('-C, --config-file <label:file>', 'override config fields from a file (repeatable)', several, [])
    .option('-t, --task <class:label>', 'add a task to the pipeline (repeatable)', several, [])
    .option('--delete <label>', 'take a task or a subset out of the pipeline (repeatable)', several, [])
    .option('--instrument <name>', 'instrument, when the repository has several')
    .option('-i, --input <collections>', 'input collections, comma-separated', severalNames, [])
    .option('-o, --output <chain>', 'output chain; a new run <chain>/<timestamp> is its first member')
    .option('--output-run <run>', 'name of the run itself')
    .option('--extend-run', 'write into the existing first run; implies --skip-existing')
    .option('--replace-run', 'put a new run in the place of the first one of the chain')
    .addOption(new Option('--prune-replaced <how>', 'with --replace-run: take the replaced run out of the repository (purge), or only its datasets (unstore)')
      .choices(['unstore', 'purge']))
    .option('--rebase', 'give an existing chain other inputs')
    .option('-d, --data-query <expression>', "data IDs to process, e.g. 'visit in (1..4) and detector=0'")
    .option('-q, --save-qgraph <file>', 'write the quantum graph (JSON lines)')
    .option('-s, --save-pipeline <file>', 'write the pipeline with all its parts as one file (YAML)')
    .option('--pipeline-dot <file>', 'draw tasks and dataset types (Graphviz)')
    .option('--pipeline-mermaid <file>', 'draw tasks and dataset types (Mermaid)')
    .option('--qgraph-dot <file>', 'draw quanta and datasets (Graphviz)')
    .option('--qgraph-mermaid <file>', 'draw quanta and datasets (Mermaid)')
    .option('--show <item>', `print and do not run: ${SHOW_ITEMS.join(', ')} (repeatable; config=label::field*)`, several, []);
}

function withRunOptions(command: Command): Command {
  return withApdbOptions(command)
    .option('-g, --qgraph <file>', 'run a saved quantum graph')
    .option('-j, --processes <n>', 'worker processes', positiveInteger, 1)
    .option('--register-dataset-types', 'register the dataset types that the repository lacks')
    .option('--skip-existing', 'leave out quanta whose metadata is in the output run')
    .option('--skip-existing-in <collections>', 'leave out quanta whose metadata is in one of these', severalNames, [])
    .option('--clobber-outputs', 'remove outputs of quanta that are to run again')
    .option('--no-versions', 'neither keep nor compare the versions of the software')
    .option('--fail-fast', 'start nothing more after the first failure')
    .option('--timeout <seconds>', 'longest time of one quantum', positiveNumber)
    .option('--summary <file>', 'write what became of every quantum (JSON)')
    .option('--json', 'progress as JSON lines on standard error');
}

function planOf(repository: Repository, options: GraphOptions): OutputPlan {
  return planOutputs(repository, {
    inputs: options.input, output: options.output, outputRun: options.outputRun, extendRun: options.extendRun === true,
    replaceRun: options.replaceRun === true, rebase: options.rebase === true,
    timestamp: new Date().toISOString().replace(/[-:]|\.\d+/g, ''),
  });
}

/** The graph, after what `--show` asks for has been printed; null: there was nothing but that to do. */
function prepared(repository: Repository, options: GraphOptions, mayStop: boolean): RunnableGraph | null {
  const onlyPipeline = options.show.filter(item => !needsGraph(item));
  const instrument = instrumentOf(repository, options.instrument);
  const { resolved, ir } = namedPipeline(repository, instrument, { ...options, pipeline: options.pipeline });
  for (const warning of resolved.warnings) process.stderr.write(`warning: ${warning}\n`);
  for (const item of onlyPipeline) process.stdout.write(`${pipelineText(item, resolved)}\n`);
  write(options.savePipeline, () => pipelineYaml(ir));
  write(options.pipelineDot, () => drawPipeline(resolved, 'dot'));
  write(options.pipelineMermaid, () => drawPipeline(resolved, 'mermaid'));
  const wantsGraph = [options.saveQgraph, options.qgraphDot, options.qgraphMermaid].some(file => file !== undefined);
  const wantsNothingMore = options.show.length > 0 && onlyPipeline.length === options.show.length && !wantsGraph;
  if (wantsNothingMore) return null;
  const made = builtGraph(repository, resolved, planOf(repository, options), options.dataQuery);
  if (options.show.length > onlyPipeline.length || !mayStop) process.stdout.write(`${graphSummary(made.graph)}\n`);
  write(options.qgraphDot, () => drawGraph(made.graph, 'dot'));
  write(options.qgraphMermaid, () => drawGraph(made.graph, 'mermaid'));
  if (options.saveQgraph !== undefined) {
    saveGraph(options.saveQgraph, resolved, made, options.dataQuery);
    process.stderr.write(`quantum graph: ${options.saveQgraph}\n`);
  }
  return options.show.length > 0 && mayStop ? null : made;
}

function write(file: string | undefined, text: () => string): void {
  if (file !== undefined) writeFileAtomic(file, text());
}

function qgraph(options: GraphOptions): void {
  const repository = openNamedRepository(options.butlerConfig, { readonly: true });
  try {
    prepared(repository, options, false);
  } finally {
    repository.close();
  }
}

async function run(options: RunOptions): Promise<number> {
  const progress = (options.json === true ? jsonProgressOn : progressOn)(process.stderr);
  const repository = openNamedRepository(options.butlerConfig);
  try {
    const made = options.qgraph === undefined ? prepared(repository, options, true) : loaded(repository, options.qgraph, options, progress);
    if (made === null) return 0;
    const runName = made.plan.run;
    if (runName === null) throw new ApError('USAGE', { found: 'no output', expected: '-o CHAIN or --output-run RUN' });
    if (options.pruneReplaced !== undefined && made.plan.replaced === null) {
      throw new ApError('USAGE', { found: '--prune-replaced, and no run that is replaced', expected: '--replace-run and a chain with a run' });
    }
    const release = lockRun(repository, runName);
    try {
      return await runMade(repository, { ...made, runName }, options, progress);
    } finally {
      release();
    }
  } finally {
    progress.end();
    repository.close();
  }
}

/** A saved graph; the collections are those of the file unless the command line names others. */
function loaded(repository: Repository, file: string, options: RunOptions, progress: Progress): RunnableGraph {
  if (options.pipeline !== undefined) throw new ApError('USAGE', { found: '-g and -p', expected: 'one of them' });
  const saved = readGraph(file);
  if (saved.isOfOtherCode) progress.say('warning: the graph was made by another version of this program');
  if (options.show.some(needsGraph)) process.stdout.write(`${graphSummary(saved.graph)}\n`);
  if (options.output !== undefined || options.outputRun !== undefined) return { ...saved, plan: planOf(repository, options) };
  const { run: runName } = saved.plan;
  const exists = runName !== null && repository.collections().some(({ name }) => name === runName);
  if (exists && options.extendRun !== true) {
    throw new ApError('COLLECTION', { where: runName, found: 'a run that exists', expected: 'a new run', todo: 'give --extend-run, or another -o' });
  }
  return saved;
}

async function runMade(
  repository: Repository, made: RunnableGraph & { readonly runName: string }, options: RunOptions, progress: Progress,
): Promise<number> {
  const { graph, plan, runName } = made;
  const apdb = apdbForTasks(graph.quanta.map(quantum => quantum.taskName), apdbOfOptions(options));
  progress.say(`${graph.quanta.length} quanta into ${runName}`);
  for (const { label, dataId, reason } of graph.pruned) progress.say(`not run: ${label} ${dataIdText(dataId)}: ${reason}`);
  const results: QuantumResult[] = [];
  const isSkipping = options.skipExisting === true || options.extendRun === true;
  repository.registerRun(runName);
  if (plan.chain !== null) repository.registerChain(plan.chain.name, plan.chain.children);
  if (plan.replaced !== null && options.pruneReplaced !== undefined) prune(repository, plan.replaced, options.pruneReplaced);
  const quanta = await runQuanta({
    repository, graph, run: runName, apdb, datasetTypes: made.datasetTypes, configs: made.configs,
    ...(options.versions ? { packages: packageVersions(codeDigest()) } : {}),
    jobs: options.processes, failFast: options.failFast === true, timeout_s: options.timeout ?? null, progress,
    mayRegister: options.registerDatasetTypes === true, isClobbering: options.clobberOutputs === true,
    skipExistingIn: [...(isSkipping ? [runName] : []), ...options.skipExistingIn],
    onResult: result => results.push(result), tidy: () => { removeAbandoned(repository); },
  });
  if (options.summary !== undefined) {
    writeFileAtomic(options.summary, `${JSON.stringify(summaryOf(made, quanta === null ? 'interrupted' : 'ended', results), null, 1)}\n`);
  }
  return quanta === null ? INTERRUPTED : exitCodeOfQuanta(quanta, progress);
}

/** The replaced run is out of its chain by now. */
function prune(repository: Repository, run: string, how: 'unstore' | 'purge'): void {
  if (how === 'purge') repository.removeRun(run);
  else repository.prune(repository.datasetTypes().flatMap(type => repository.query(type, [run])));
}
