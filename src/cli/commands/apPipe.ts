/** `ap-verify ap-pipe`: the whole pipeline on chosen data IDs in this process, in the manner of Rubin's ApPipeTask (ap-pipeline 2). */
import type { Command } from 'commander';
import type { Repository } from '../../butler/repository.ts';
import { flattened, repositoryCatalog } from '../../harness/graphCatalog.ts';
import type { DataId } from '../../model/dataset.ts';
import { visitImage } from '../../model/datasetTypes.ts';
import { ApError } from '../../model/errors.ts';
import type { Instrument } from '../../model/instrument.ts';
import type { Quantum, QuantumGraph } from '../../pipeline/quantum.ts';
import { buildQuantumGraph } from '../../pipeline/quantumGraph.ts';
import type { ResolvedPipeline } from '../../pipeline/resolvePipeline.ts';
import { apdbForTasks, apdbOfOptions, withApdbOptions } from '../apdbUse.ts';
import type { ApdbOptions, ApdbUse } from '../apdbUse.ts';
import { dataIdTest, overridesOf, reusedSteps, stepOf } from '../gen2Arguments.ts';
import type { Outcome } from '../main.ts';
import { several, severalNames } from '../optionValues.ts';
import { namedPipeline } from '../pipetaskGraph.ts';
import { jsonProgressOn, progressOn } from '../progress.ts';
import type { Progress } from '../progress.ts';
import { instrumentOf, lockRun, openNamedRepository, removeAbandoned } from '../repositoryOf.ts';
import { INTERRUPTED, configTexts, exitCodeOfQuanta, runQuanta } from '../runQuanta.ts';
import { needsGraph, pipelineText } from '../showPipeline.ts';

interface Options extends ApdbOptions {
  readonly id: readonly string[];
  readonly output: string;
  readonly input: readonly string[];
  readonly pipeline: string;
  readonly instrument?: string;
  readonly config: readonly string[];
  readonly configFile: readonly string[];
  readonly reuseOutputsFrom?: string;
  readonly template?: string;
  readonly templateId?: readonly string[];
  readonly show: readonly string[];
  readonly json?: true;
}

export function addApPipeCommand(program: Command, outcome: Outcome): void {
  withApdbOptions(program.command('ap-pipe <repo>'))
    .description('run the whole pipeline on one data ID in this process, without a graph file')
    .requiredOption('--id <key=value...>', 'data ID, e.g. visit=1 detector=0; alternatives 1^2, ranges 1..9')
    .option('-o, --output <run>', 'RUN collection of the outputs; what is there of these data IDs is replaced', 'ap_pipe')
    .option('-i, --input <collections>', "input collections (default: the instrument's chain of defaults)", severalNames, [])
    .option('-p, --pipeline <file>', 'pipeline definition', 'ApPipe-2021')
    .option('--instrument <name>', 'instrument, when the repository has several')
    .option('-c, --config <override>', 'label:field=value, or as before: differencer.field=value, diaPipe.apdb.db_url=FILE', several, [])
    .option('-C, --config-file <label:file>', 'override config fields from a file (repeatable)', several, [])
    .option('--reuse-outputs-from <step>', 'take existing outputs up to ccdProcessor, differencer, diaPipe, or all')
    .option('--template <collection>', 'collection whose templates come first')
    .option('--templateId, --template-id <key=value...>', 'calibrate these data IDs first and take them as the templates')
    .option('--show <item>', 'print and do not run: config, tasks, subsets, pipeline-graph (repeatable)', several, [])
    .option('--json', 'progress as JSON lines on standard error')
    .action(async (repo: string, options: Options) => { outcome.exitCode = await apPipe(repo, options); });
}

async function apPipe(repo: string, options: Options): Promise<number> {
  const progress = (options.json === true ? jsonProgressOn : progressOn)(process.stderr);
  const repository = openNamedRepository(repo);
  try {
    const instrument = instrumentOf(repository, options.instrument);
    const { config, apdb } = overridesOf(options.config);
    const templateConfig = options.templateId === undefined ? [] : [`parameters:template=${visitImage.name}`];
    const { resolved } = namedPipeline(repository, instrument, { ...options, config: [...templateConfig, ...config] });
    for (const warning of resolved.warnings) progress.say(`warning: ${warning}`);
    if (options.show.length > 0) {
      show(options.show, resolved);
      return 0;
    }
    const release = lockRun(repository, options.output);
    try {
      const database = apdbOfOptions(apdb === null ? options : { ...options, db: options.db ?? apdb });
      return await runPipeline({ repository, resolved, instrument, apdb: database }, options, progress);
    } finally {
      release();
    }
  } finally {
    progress.end();
    repository.close();
  }
}

function show(items: readonly string[], resolved: ResolvedPipeline): void {
  for (const item of items) {
    if (needsGraph(item)) throw new ApError('USAGE', { where: '--show', found: item, todo: 'use pipetask qgraph: this command keeps no graph' });
    process.stdout.write(`${pipelineText(item, resolved)}\n`);
  }
}

interface Prepared {
  readonly repository: Repository;
  readonly resolved: ResolvedPipeline;
  readonly instrument: Instrument;
  readonly apdb: ApdbUse | null;
}

async function runPipeline({ repository, resolved, instrument, apdb }: Prepared, options: Options, progress: Progress): Promise<number> {
  const steps = reusedSteps(options.reuseOutputsFrom);
  if (steps.has('diaPipe')) progress.say('warning: what is reused of the association depends on the order of earlier runs');
  const graph = graphOf(repository, resolved, inputsOf(repository, instrument, options), options);
  const database = apdbForTasks(graph.quanta.map(quantum => quantum.taskName), apdb);
  progress.say(`${graph.quanta.length} quanta into ${options.output}`);
  for (const { label, reason } of graph.pruned) progress.say(`not run: ${label}: ${reason}`);
  const quanta = await runQuanta({
    repository, graph, run: options.output, apdb: database, jobs: 0, failFast: false, timeout_s: null, progress,
    datasetTypes: [...resolved.datasetTypes.values()], configs: configTexts(resolved),
    skipExistingIn: [options.output], mayReuse: quantum => steps.has(stepOf(quantum.taskName)), isClobbering: true,
    tidy: () => { removeAbandoned(repository); },
  });
  return quanta === null ? INTERRUPTED : exitCodeOfQuanta(quanta, progress);
}

/** The collections given, or the one chain of defaults of the instrument; templates first. */
function inputsOf(repository: Repository, instrument: Instrument, { input, template }: Options): readonly string[] {
  const chains = repository.collections(`${instrument.name}/defaults*`).filter(({ type }) => type === 'CHAINED').map(({ name }) => name);
  if (input.length === 0 && chains.length !== 1) {
    const which = chains.length > 0 ? `: ${chains.join(', ')}` : '';
    throw new ApError('USAGE', { found: `${chains.length} chains of defaults${which}`, expected: '-i COLLECTIONS' });
  }
  const names = [...(template === undefined ? [] : [template]), ...(input.length === 0 ? chains : input)];
  return flattened(repository, names);
}

/** The quanta of the data IDs; of template data IDs only those that calibrate them. */
function graphOf(repository: Repository, resolved: ResolvedPipeline, inputs: readonly string[], options: Options): QuantumGraph {
  const isScience = dataIdTest(options.id);
  const isTemplate = options.templateId === undefined ? null : dataIdTest(options.templateId);
  const isWanted = (dataId: DataId): boolean => isScience(dataId) || isTemplate?.(dataId) === true;
  const graph = buildQuantumGraph(resolved, repositoryCatalog(repository, inputs), isWanted);
  if (isTemplate === null) return graph;
  const visits = new Set(graph.quanta.map(({ expandedDataId }) => expandedDataId).filter(isTemplate).map(({ visit }) => visit));
  const kept = graph.quanta.filter(({ taskName, expandedDataId }) => stepOf(taskName) === 'ccdProcessor' || isScience(expandedDataId))
    .map(quantum => withTemplates(quantum, visit => visits.has(visit)));
  const ids = new Set(kept.map(({ id }) => id));
  return {
    quanta: kept.map(quantum => ({ ...quantum, orderPredecessors: quantum.orderPredecessors.filter(id => ids.has(id)) })),
    pruned: graph.pruned.filter(({ dataId }) => isScience(dataId)),
  };
}

/** Visit images of other visits are inputs only when they are the templates that were asked for. */
function withTemplates(quantum: Quantum, isTemplateVisit: (visit: DataId['visit']) => boolean): Quantum {
  const inputs = quantum.inputs.map(input => ({
    ...input,
    datasets: input.datasets.filter(({ datasetType, dataId }) =>
      datasetType.name !== visitImage.name || dataId.visit === quantum.dataId.visit || isTemplateVisit(dataId.visit)),
  }));
  const producers = new Set(inputs.flatMap(({ datasets }) => datasets.map(({ producer }) => producer)));
  return { ...quantum, inputs, dataPredecessors: quantum.dataPredecessors.filter(id => producers.has(id)) };
}
