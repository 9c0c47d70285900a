/** Everything that a run decides before its first quantum: data, pipeline, graph, and the names of what it writes. */
import { createHash } from 'node:crypto';
import { apdbLocation, inSchema, locationText } from '../apdb/location.ts';
import { apdbExists, createApdb, removeApdb } from '../apdb/openApdb.ts';
import type { Repository } from '../butler/repository.ts';
import { repositoryCatalog } from '../harness/graphCatalog.ts';
import { ingestPackage } from '../harness/ingest.ts';
import type { ImageFacts } from '../harness/measure.ts';
import type { Workspace } from '../harness/workspace.ts';
import { instruments } from '../instruments/index.ts';
import type { DataId } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { canonicalJson } from '../pipeline/canonicalJson.ts';
import type { GraphCatalog } from '../pipeline/graphCatalog.ts';
import { buildQuantumGraph } from '../pipeline/quantumGraph.ts';
import type { QuantumGraph } from '../pipeline/quantumGraph.ts';
import type { ApdbUse } from './apdbUse.ts';
import { codeDigest } from './codeDigest.ts';
import { packageVersions } from './installation.ts';
import type { OpenDataset } from './openDataset.ts';
import { pipelineOf } from './pipelineOf.ts';
import type { FoundPipeline } from './pipelineOf.ts';

export interface Job {
  readonly dataset: OpenDataset;
  readonly repository: Repository;
  readonly workspace: Workspace;
  readonly pipeline: FoundPipeline;
  readonly graph: QuantumGraph;
  /** Every image that the data query asks for, whether its quanta will work or not. */
  readonly images: readonly ImageFacts[];
  readonly configHash: string;
  readonly codeHash: string;
  /** Versions of the software. */
  readonly packages: Readonly<Record<string, string>>;
  /** RUN collection of the outputs. */
  readonly run: string;
  /** Chain of the inputs. */
  readonly inputs: string;
  readonly apdb: ApdbUse;
}

export interface JobRequest {
  readonly repository: Repository;
  readonly workspace: Workspace;
  /** `-p`, `-c` and `-C` of the command line. */
  readonly pipeline: string | undefined;
  readonly overrides: readonly string[];
  readonly configFiles: readonly string[];
  /** `-d` as typed, and as a test on data IDs. */
  readonly query: string | undefined;
  readonly where: (dataId: DataId) => boolean;
  readonly isClean: boolean;
  /** As the command line names it; null: a file of the workspace. */
  readonly apdb: ApdbUse | null;
}

/**
 * Ingests the package and builds the quantum graph. The RUN collection and the association database are named by a
 * hash of data, pipeline, data query and code, so that nothing made otherwise is ever reused.
 */
export function prepareJob(dataset: OpenDataset, request: JobRequest): Job {
  const { repository, workspace } = request;
  const { manifest } = dataset.files;
  const instrument = instruments[manifest.instrument];
  if (instrument === undefined) {
    throw new ApError('DATASET_PACKAGE_INVALID', {
      where: dataset.home, found: `instrument '${manifest.instrument}'`, expected: Object.keys(instruments).join(', '),
    });
  }
  const pipeline = pipelineOf({
    file: request.pipeline, named: manifest.pipeline, datasetHome: dataset.home, instrument,
    overrides: request.overrides, configFiles: request.configFiles,
  });
  const { inputs } = ingestPackage(repository, dataset.files, instrument);
  const catalog = repositoryCatalog(repository, [inputs]);
  const codeHash = codeDigest();
  const packages = packageVersions(codeHash);
  const configHash = hashOf(dataset, pipeline, { query: request.query ?? null, code: codeHash, packages });
  const run = `runs/${configHash.slice(0, 16)}`;
  const apdb = apdbOfJob(request, configHash.slice(0, 16));
  const graph = buildQuantumGraph(pipeline.resolved, catalog, request.where);
  if (request.isClean) cleanRun(request, run, apdb);
  if (apdb.history === null && !apdbExists(apdb.url)) createApdb(apdb.url);
  const images = imagesOf(catalog, request.where);
  return { dataset, repository, workspace, pipeline, configHash, codeHash, packages, run, inputs, apdb, graph, images };
}

function hashOf({ files: { manifest } }: OpenDataset, { resolved }: FoundPipeline, rest: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(canonicalJson({
    dataset: { name: manifest.name, version: manifest.version, files: manifest.files.map(file => file.sha256) },
    pipeline: resolved.configText, ...rest,
  })).digest('hex');
}

/** The database that was asked for. A server without a schema gets one for this configuration, as the workspace gets a file. */
function apdbOfJob({ apdb, workspace }: JobRequest, hash: string): ApdbUse {
  if (apdb === null) return { url: workspace.apdb(hash), history: null, mayReplace: false };
  const location = apdbLocation(apdb.url);
  const isSchemaless = location.kind === 'postgresql' && location.schema === null && apdb.history === null;
  return isSchemaless ? { ...apdb, url: locationText(inSchema(location, `ap_verify_${hash}`)) } : apdb;
}

function cleanRun({ repository, apdb }: JobRequest, run: string, { url, history }: ApdbUse): void {
  if (history !== null) throw new ApError('USAGE', { found: '--clean-run with --apdb-config', expected: '--db: a database that may be removed' });
  if (repository.collections(run).length > 0) repository.removeRun(run);
  removeApdb(url, apdb === null);
}

function imagesOf(catalog: GraphCatalog, where: (dataId: DataId) => boolean): ImageFacts[] {
  return catalog.rows().filter(row => where(row.dataId)).map(({ dataId }) =>
    ({ visit: Number(dataId.visit ?? dataId.exposure), detector: Number(dataId.detector), band: String(dataId.band) }));
}
