/** The quantum graph of `pipetask`: built from a pipeline and a repository, or read from a file; and written to one. */
import { existsSync, readFileSync } from 'node:fs';
import { parseWhere } from '../butler/expression.ts';
import type { Repository } from '../butler/repository.ts';
import { repositoryCatalog } from '../harness/graphCatalog.ts';
import { writeFileAtomic } from '../harness/workspace.ts';
import type { DatasetType } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { Instrument } from '../model/instrument.ts';
import { graphText, parseGraph } from '../pipeline/graphFile.ts';
import type { SavedGraph } from '../pipeline/graphFile.ts';
import type { QuantumGraph } from '../pipeline/quantum.ts';
import { buildQuantumGraph } from '../pipeline/quantumGraph.ts';
import type { ResolvedPipeline } from '../pipeline/resolvePipeline.ts';
import { tasks } from '../tasks/index.ts';
import { codeDigest } from './codeDigest.ts';
import type { OutputPlan } from './outputCollections.ts';
import { pipelineOf } from './pipelineOf.ts';
import type { FoundPipeline } from './pipelineOf.ts';
import { configTexts } from './runQuanta.ts';

/** A graph with what the executor needs to run it. */
export interface RunnableGraph {
  readonly graph: QuantumGraph;
  readonly datasetTypes: readonly DatasetType[];
  readonly configs: Readonly<Record<string, string>>;
  readonly plan: OutputPlan;
}

export interface PipelineOptions {
  readonly pipeline: string | undefined;
  readonly config: readonly string[];
  readonly configFile: readonly string[];
  readonly task?: readonly string[];
  readonly delete?: readonly string[];
}

/** @throws ApError USAGE without `-p`; BAD_PIPELINE. */
export function namedPipeline(repository: Repository, instrument: Instrument, options: PipelineOptions): FoundPipeline {
  if (options.pipeline === undefined) throw new ApError('USAGE', { found: 'no pipeline', expected: '-p FILE' });
  return pipelineOf({
    file: options.pipeline, named: options.pipeline, datasetHome: '.', instrument,
    overrides: options.config, configFiles: options.configFile, added: options.task ?? [], deleted: options.delete ?? [],
    datasetTypes: repository.datasetTypes(),
  });
}

/** @throws ApError EMPTY_GRAPH, CALIBRATION_NOT_FOUND, BAD_QUERY. */
export function builtGraph(
  repository: Repository, pipeline: ResolvedPipeline, plan: OutputPlan, query: string | undefined,
): RunnableGraph {
  const where = query === undefined ? () => true : parseWhere(query);
  const graph = buildQuantumGraph(pipeline, repositoryCatalog(repository, plan.search), where);
  return { graph, plan, datasetTypes: [...pipeline.datasetTypes.values()], configs: configTexts(pipeline) };
}

interface SavedHeader {
  readonly outputRun: string | null;
  readonly chain: OutputPlan['chain'];
  readonly replaced: OutputPlan['replaced'];
  readonly search: readonly string[];
  readonly code: string;
}

/** Writes the graph with the collections that it was made for. */
export function saveGraph(file: string, pipeline: ResolvedPipeline, made: RunnableGraph, query: string | undefined): void {
  const { plan: { run, chain, replaced, search }, graph, datasetTypes, configs } = made;
  const header = { pipeline: pipeline.location, dataQuery: query ?? null, outputRun: run, chain, replaced, search, code: codeDigest() };
  writeFileAtomic(file, graphText({
    header, graph, datasetTypes,
    tasks: pipeline.tasks.map(({ label, className, task, config }) =>
      ({ label, className, taskName: task.name, config, configText: configs[label]! })),
  }));
}

/** A saved graph, and whether other code has made it. @throws ApError FILE_NOT_FOUND, BAD_FORMAT, BAD_PIPELINE. */
export function readGraph(file: string): RunnableGraph & { readonly isOfOtherCode: boolean } {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'a graph of pipetask qgraph' });
  const saved: SavedGraph = parseGraph(readFileSync(file, 'utf8'), file);
  const unknown = saved.tasks.find(({ taskName }) => !Object.hasOwn(tasks, taskName));
  if (unknown !== undefined) {
    throw new ApError('BAD_PIPELINE', { where: file, found: `task class '${unknown.taskName}'`, expected: Object.keys(tasks).join(', ') });
  }
  const { outputRun, chain, replaced, search, code } = saved.header as unknown as SavedHeader;
  return {
    graph: saved.graph, datasetTypes: saved.datasetTypes, plan: { run: outputRun, chain, replaced, search },
    configs: Object.fromEntries(saved.tasks.map(task => [task.label, task.configText])), isOfOtherCode: code !== codeDigest(),
  };
}
