/** Runs the measures: loads what they require (each image once), calls them, and turns every outcome into a measurement. */
import { truth } from '../model/datasetTypes.ts';
import type { DataId, DatasetType } from '../model/dataset.ts';
import type { Measurement, Metric } from '../model/verification.ts';
import { missing, notApplicable } from './measure.ts';
import type { Digest, ImageFacts, Measure, Outcome, Requirement, RunFacts } from './measure.ts';
import { allOf } from './resultSource.ts';
import type { Item, ResultSource } from './resultSource.ts';

export interface MeasureAllInput {
  readonly metrics: readonly Metric[];
  readonly measures: readonly Measure<never>[];
  /** Further digests to compute in the same pass over the images (summaries and cutouts of the report). */
  readonly extraDigests?: readonly Digest[];
  readonly source: ResultSource;
  readonly run: RunFacts;
}

export interface MeasureAllResult {
  /** In the order of the metrics, then by keys. */
  readonly measurements: readonly Measurement[];
  /** Values of every digest by its name. */
  readonly digests: ReadonlyMap<string, readonly Item<unknown>[]>;
}

/**
 * Measures all metrics. A measure that throws becomes a measurement of status `failed`; it never stops
 * the others. Every metric gets at least one measurement: none is left out silently.
 */
export async function measureAll(input: MeasureAllInput): Promise<MeasureAllResult> {
  const { metrics, measures, source, run } = input;
  const required = measures.flatMap(m => Object.values(m.requires as Record<string, Requirement>));
  const digests = uniqueDigests([...required.filter(isDigest), ...(input.extraDigests ?? [])]);
  const tables = new Map<string, readonly Item<unknown>[]>();
  for (const type of required) {
    if (!isDigest(type) && !tables.has(type.name)) tables.set(type.name, await allOf(source, type));
  }
  const digested = await computeDigests(digests, source, run.images);
  const measurements = metrics.flatMap(metric => {
    const measure = measures.find(m => m.metric === metric.name);
    const outcomes = measure === undefined
      ? [missing('there is no measure for this metric')]
      : outcomesOf(measure, tables, digested, run);
    return outcomes.map(outcome => measurementOf(metric, outcome));
  });
  return { measurements, digests: digested.results };
}

function isDigest(requirement: Requirement): requirement is Digest {
  return 'compute' in requirement;
}

function uniqueDigests(digests: readonly Digest[]): Digest[] {
  return [...new Map(digests.map(d => [d.digest, d])).values()];
}

/** Computes all digests image by image; the datasets of an image are dropped before the next is loaded. */
async function computeDigests(
  digests: readonly Digest[], source: ResultSource, images: readonly ImageFacts[],
): Promise<Digested> {
  const results = new Map<string, Item<unknown>[]>(digests.map(d => [d.digest, []]));
  const failures = new Map<string, string>();
  const types = new Map(digests.flatMap(d => inputsOf(d).map(([, type]) => [type.name, type] as const)));
  const known = new Map<string, readonly DataId[]>();
  for (const type of types.values()) known.set(type.name, await source.dataIds(type));
  const ordered = [...images].sort((a, b) => a.visit - b.visit || a.detector - b.detector);
  for (const facts of ordered) {
    const loaded = new Map<string, unknown>();
    for (const type of types.values()) {
      const dataId = known.get(type.name)!.find(id => belongsTo(id, facts));
      if (dataId !== undefined) loaded.set(type.name, await source.get(type, dataId));
    }
    for (const digest of digests) {
      const inputs = inputsOf(digest);
      if (!inputs.every(([, type]) => loaded.has(type.name))) continue;
      const values = Object.fromEntries(inputs.map(([key, type]) => [key, loaded.get(type.name)]));
      try {
        const value = digest.compute(values as never, facts);
        results.get(digest.digest)!.push({ dataId: { visit: facts.visit, detector: facts.detector, band: facts.band }, value });
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error);
        failures.set(digest.digest, `visit ${facts.visit}, detector ${facts.detector}: ${what}`);
      }
    }
  }
  const absent = new Set([...known].filter(([, dataIds]) => dataIds.length === 0).map(([name]) => name));
  return { results, failures, absent };
}

interface Digested {
  readonly results: ReadonlyMap<string, readonly Item<unknown>[]>;
  /** A digest that threw, with the image and the message: every measure that needs it has failed. */
  readonly failures: ReadonlyMap<string, string>;
  /** Dataset types of which there is nothing at all. */
  readonly absent: ReadonlySet<string>;
}

function inputsOf(digest: Digest): [string, DatasetType][] {
  return Object.entries(digest.inputs);
}

/** A dataset belongs to an image when the dimensions that it has agree. */
function belongsTo(dataId: DataId, { visit, detector }: ImageFacts): boolean {
  return (dataId.visit ?? dataId.exposure) === visit && (dataId.detector === undefined || dataId.detector === detector);
}

function outcomesOf(
  measure: Measure<never>, tables: ReadonlyMap<string, readonly Item<unknown>[]>,
  { results, failures, absent }: Digested, run: RunFacts,
): readonly Outcome[] {
  const requires = Object.entries(measure.requires as Record<string, Requirement>);
  if (!run.hasTruth && requires.some(([, r]) => needsTruth(r))) return [notApplicable('the dataset has no truth')];
  const values: Record<string, readonly Item<unknown>[]> = {};
  for (const [key, requirement] of requires) {
    const failure = isDigest(requirement) ? failures.get(requirement.digest) : undefined;
    if (failure !== undefined) return [failed(failure)];
    values[key] = isDigest(requirement) ? results.get(requirement.digest)! : tables.get(requirement.name)!;
    if (values[key].length === 0) return [missing(`the run has not produced any ${wanted(requirement, absent)}`)];
  }
  try {
    const outcome = measure.measure(values as never, run);
    const outcomes = Array.isArray(outcome) ? outcome as readonly Outcome[] : [outcome as Outcome];
    return outcomes.length === 0 ? [missing('the measure gave no value')] : outcomes.map(o => withCoverage(o, values, run));
  } catch (error) {
    return [failed(error instanceof Error ? error.message : String(error))];
  }
}

function failed(message: string): Outcome {
  return { ...missing(`the measure failed: ${message}`), status: 'failed', n: null };
}

function needsTruth(requirement: Requirement): boolean {
  return isDigest(requirement) ? inputsOf(requirement).some(([, t]) => t.name === truth.name) : requirement.name === truth.name;
}

/** What is missing: the types that do not exist, or all of them when they exist, but of no image together. */
function wanted(requirement: Requirement, absent: ReadonlySet<string>): string {
  if (!isDigest(requirement)) return requirement.name;
  const names = inputsOf(requirement).map(([, type]) => type.name);
  const gone = names.filter(name => absent.has(name));
  return gone.length > 0 ? gone.join(', ') : `${names.join(' with ')} of one image`;
}

/** Says so when some images have no data: the value is of the others only. */
function withCoverage(outcome: Outcome, values: Readonly<Record<string, readonly Item<unknown>[]>>, run: RunFacts): Outcome {
  if (outcome.status !== 'ok') return outcome;
  const covered = Object.values(values).filter(items => items[0]?.dataId.detector !== undefined).map(items => items.length);
  const fewest = Math.min(...covered, run.images.length);
  if (fewest === run.images.length) return outcome;
  const note = `from ${fewest} of ${run.images.length} images`;
  return { ...outcome, reason: outcome.reason === null ? note : `${outcome.reason}; ${note}` };
}

function measurementOf(metric: Metric, outcome: Outcome): Measurement {
  return { metric: metric.name, unit: metric.unit, definitionHash: metric.definitionHash, ...outcome };
}

