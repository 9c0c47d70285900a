/** The pipeline of a run: found, merged with the overrides of the command line, resolved against the tasks. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DatasetType } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { Instrument } from '../model/instrument.ts';
import { addTasks, applyConfigFiles, applyOverrides, deleteTasks, loadPipeline } from '../pipeline/pipelineYaml.ts';
import type { PipelineIr } from '../pipeline/pipelineIr.ts';
import { resolvePipeline } from '../pipeline/resolvePipeline.ts';
import type { ResolvedPipeline } from '../pipeline/resolvePipeline.ts';
import { taskAliases } from '../tasks/aliases.ts';
import { tasks } from '../tasks/index.ts';
import { HOME } from './installation.ts';

export interface PipelineRequest {
  /** `-p`: a file, optionally with `#labels`; undefined: the one that the dataset names. */
  readonly file: string | undefined;
  /** Name of a pipeline of this program, or a file of the package. */
  readonly named: string;
  readonly datasetHome: string;
  readonly instrument: Instrument;
  /** `-c label:field=value`, in order. */
  readonly overrides: readonly string[];
  /** `-C label:file`, in order, applied before `overrides`. */
  readonly configFiles: readonly string[];
  /** `-t CLASS[:label]` and `--delete label`, applied in this order and before the configs. */
  readonly added?: readonly string[];
  readonly deleted?: readonly string[];
  /** Dataset types that the repository has beside those of the model. */
  readonly datasetTypes?: readonly DatasetType[];
}

export interface FoundPipeline {
  /** Name for people: the file without folder and ending. */
  readonly name: string;
  readonly resolved: ResolvedPipeline;
  /** The whole definition with everything that the command line adds, before a `#selection`. */
  readonly ir: PipelineIr;
}

/** Throws BAD_PIPELINE and FILE_NOT_FOUND with the place of the mistake. */
export function pipelineOf(request: PipelineRequest): FoundPipeline {
  const uri = request.file === undefined ? locate(request) : named(request.file, request);
  const { ir, selection } = loadPipeline(uri, { readText, variables: { AP_VERIFY_DIR: HOME, AP_PIPE_DIR: path.join(HOME, 'src') } });
  const edited = deleteTasks(addTasks(ir, request.added ?? []), request.deleted ?? []);
  const withFiles = applyConfigFiles(edited, request.configFiles, readText);
  const final = applyOverrides(withFiles, request.overrides);
  const resolved = resolvePipeline(final, tasks, {
    overrides: request.instrument.overrides, selection, aliases: taskAliases, datasetTypes: request.datasetTypes ?? [],
  });
  return { name: path.basename(uri.replace(/#.*$/, ''), '.yaml'), resolved, ir: final };
}

/** `-p` is a file; where there is none, it may be the name of a pipeline of this program, both with `#labels`. */
function named(uri: string, request: PipelineRequest): string {
  const [name, selection] = uri.split('#', 2) as [string, string?];
  if (existsSync(name) || !/^[\w-]+$/.test(name)) return uri;
  return locate({ ...request, named: name }) + (selection === undefined ? '' : `#${selection}`);
}

/** The camera's own version of a pipeline comes before the general one. */
function locate({ named: name, datasetHome, instrument }: PipelineRequest): string {
  const candidates = [
    path.join(datasetHome, name), path.join(HOME, 'src', 'pipelines', instrument.name, `${name}.yaml`),
    path.join(HOME, 'src', 'pipelines', `${name}.yaml`),
  ];
  const found = candidates.find(file => file.endsWith('.yaml') && existsSync(file));
  if (found === undefined) throw new ApError('BAD_PIPELINE', { found: `pipeline '${name}'`, expected: candidates.join(' or ') });
  return found;
}

function readText(location: string): string {
  try {
    return readFileSync(location, 'utf8');
  } catch (cause) {
    throw new ApError('FILE_NOT_FOUND', { where: location, expected: 'a pipeline or config file' }, { cause });
  }
}
