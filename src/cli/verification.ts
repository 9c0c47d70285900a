/** From the products of a run to its result: definitions loaded, everything measured, judged and written. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { measures } from '../../metrics/index.ts';
import { encodePng } from '../formats/png.ts';
import { chooseCutouts, imageCutouts } from '../harness/cutouts.ts';
import { imageNumbers } from '../harness/digests/imageNumbers.ts';
import type { ImageNumbers } from '../harness/digests/imageNumbers.ts';
import { declarativeMeasures } from '../harness/declarative.ts';
import { imageSummaries } from '../harness/imageSummaries.ts';
import { judge } from '../harness/judge.ts';
import type { JudgeContext } from '../harness/judge.ts';
import { junitXml } from '../harness/exports/junit.ts';
import { loadMetrics } from '../harness/loadMetrics.ts';
import { loadSpecifications } from '../harness/loadSpecifications.ts';
import type { Measure, RunFacts } from '../harness/measure.ts';
import { measureAll } from '../harness/measureAll.ts';
import { writeResult } from '../harness/resultDocument.ts';
import type { Item, ResultSource } from '../harness/resultSource.ts';
import { scienceViews, viewDigests } from '../harness/scienceViews.ts';
import { overallVerdict } from '../harness/verdict.ts';
import { loadWaivers } from '../harness/waivers.ts';
import { writeFileAtomic } from '../harness/workspace.ts';
import type { Workspace } from '../harness/workspace.ts';
import * as datasetTypes from '../model/datasetTypes.ts';
import { ApError } from '../model/errors.ts';
import type { Waiver } from '../model/specification.ts';
import type { Cutout, Metric, Specification, Verdict, VerificationResult } from '../model/verification.ts';
import { renderReport, TEMPLATE_FILES } from '../report/renderReport.ts';
import { HOME } from './installation.ts';

/** Cutouts in one report. */
const MAX_CUTOUTS = 24;

export interface Definitions {
  readonly metrics: readonly Metric[];
  readonly specifications: readonly Specification[];
  readonly waivers: readonly Waiver[];
}

/** Metrics and common specifications of this program, then those of the dataset, then those of `--specs`; the same with waivers. */
export function loadAllDefinitions(datasetHome: string | null, extra: readonly string[], waivers: readonly string[] = []): Definitions {
  const metrics = loadMetrics(yamlFiles(path.join(HOME, 'metrics')).map(readDefinition));
  const own = datasetHome === null ? [] : [path.join(datasetHome, 'specs.yaml')].filter(existsSync);
  const files = [...yamlFiles(path.join(HOME, 'metrics', 'specs')), ...own, ...extra];
  const ofDataset = datasetHome === null ? [] : [path.join(datasetHome, 'waivers.yaml')].filter(existsSync);
  return {
    metrics, specifications: loadSpecifications(files.map(readDefinition), metrics, allMeasures(metrics).map(m => m.metric)),
    waivers: loadWaivers([...ofDataset, ...waivers].map(readDefinition)),
  };
}

/** Measures in code and declared ones. */
export function allMeasures(metrics: readonly Metric[]): readonly Measure<never>[] {
  return [...measures, ...declarativeMeasures(metrics, Object.values(datasetTypes))];
}

function yamlFiles(folder: string): string[] {
  return readdirSync(folder).filter(name => name.endsWith('.yaml')).sort().map(name => path.join(folder, name));
}

/** Files of this program are named from its folder on, so that a result does not depend on where it is installed. */
function readDefinition(file: string): { path: string; text: string } {
  const inside = path.relative(HOME, path.resolve(file));
  const shown = inside.startsWith('..') ? file : inside.split(path.sep).join('/');
  try {
    return { path: shown, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    throw new ApError('FILE_NOT_FOUND', { where: file, expected: 'a YAML file of specifications' }, { cause });
  }
}

/** A result before it is judged. */
export type MeasuredResult = Omit<VerificationResult, 'verdict' | 'verdicts'>;
export type ResultHead = Pick<VerificationResult, 'dataset' | 'pipeline' | 'run'>;

/** Measures everything that the run has left in the source. */
export async function measureRun(
  head: ResultHead, source: ResultSource, facts: RunFacts, definitions: Definitions,
): Promise<MeasuredResult> {
  const { measurements, digests } = await measureAll({
    metrics: definitions.metrics, measures: allMeasures(definitions.metrics), extraDigests: [imageNumbers, imageCutouts, ...viewDigests],
    source, run: facts,
  });
  const cutouts = (digests.get(imageCutouts.digest) as readonly Item<readonly Cutout[]>[]).map(({ value }) => value);
  return {
    format: 'ap-verify-result/1', ...head, metrics: definitions.metrics, measurements,
    images: imageSummaries(facts, digests.get(imageNumbers.digest) as readonly Item<ImageNumbers>[]),
    cutouts: chooseCutouts(cutouts, MAX_CUTOUTS), science: scienceViews(digests),
  };
}

/** The measurements under the specifications that are in force now. */
export function judged(result: MeasuredResult, { metrics, specifications }: Definitions, context: JudgeContext): VerificationResult {
  return withVerdicts({ ...result, metrics }, judge(specifications, result.measurements, metrics, context));
}

/** The result with these verdicts and what follows from them. */
export function withVerdicts(result: MeasuredResult, verdicts: readonly Verdict[]): VerificationResult {
  const { format, dataset, pipeline, run, metrics, measurements, images, cutouts, science } = result;
  const verdict = overallVerdict({ verdicts, metrics, quanta: run.quanta });
  const views = science === undefined ? {} : { science };
  return { format, dataset, pipeline, verdict, run, metrics, measurements, verdicts, images, cutouts, ...views };
}

/** `result.json`, `junit.xml` and `report/index.html`, each whole or not at all. */
export function writeProducts(workspace: Workspace, result: VerificationResult): void {
  writeFileAtomic(workspace.result, writeResult(result));
  writeFileAtomic(workspace.junit, junitXml(result));
  writeFileAtomic(workspace.report, renderReport(result, { templates: reportTemplates(), encodePng: pngAddress }));
}

/** Says the verdict: a pass on standard output, anything else in one line on standard error. Returns the exit code. */
export function announceVerdict({ verdict: { exitCode, sentence } }: VerificationResult, workspace: Workspace): number {
  if (exitCode === 0) process.stdout.write(`${sentence}\n`);
  else process.stderr.write(`ap-verify: exit ${exitCode}: ${sentence} Next: open ${workspace.report}\n`);
  process.stdout.write(`report: ${workspace.report}\n`);
  return exitCode;
}

function reportTemplates(): Record<string, string> {
  return Object.fromEntries(TEMPLATE_FILES.map(name => [name, readFileSync(path.join(HOME, 'reports', name), 'utf8')]));
}

export function pngAddress(width: number, height: number, rgb: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(encodePng(width, height, rgb)).toString('base64')}`;
}
