/**
 * What a measure is: the name of a metric, what it reads, and a pure function from that to a value with
 * sample size and interval. Its inputs are typed by the declaration.
 */
import type { DatasetType } from '../model/dataset.ts';
import type { MeasurementStatus, QuantumReport } from '../model/verification.ts';
import type { Interval } from '../numeric/intervals.ts';
import type { Item } from './resultSource.ts';

/** Shorthand: every image (visit and detector) that the run was asked for, whether it worked or not. */
export interface ImageFacts {
  readonly visit: number;
  readonly detector: number;
  readonly band: string;
}

/** Facts of the run that decide whether a metric applies at all. They come from the request, not from what worked. */
export interface RunFacts {
  readonly hasTruth: boolean;
  readonly images: readonly ImageFacts[];
  readonly quanta: readonly QuantumReport[];
}

/**
 * Something that is computed from the datasets of one image and is small enough to keep. Several
 * measures may read the same digest; it is computed once. Images are loaded one at a time.
 */
export interface Digest<T = unknown> {
  readonly digest: string;
  /** Dataset types with the dimensions of an image, or fewer (the truth is per visit). */
  readonly inputs: DigestInputs;
  compute(inputs: never, facts: ImageFacts): T;
}
export type DigestInputs = Readonly<Record<string, DatasetType>>;
type LoadedInputs<R extends DigestInputs> = { readonly [K in keyof R]: R[K] extends DatasetType<infer V> ? V : never };

/** Identity with inference: `inputs` gives `compute` its types. */
export function defineDigest<T, const R extends DigestInputs>(digest: {
  readonly digest: string; readonly inputs: R; compute(inputs: LoadedInputs<R>, facts: ImageFacts): T;
}): Digest<T> {
  return digest;
}

export type Requirement = DatasetType | Digest;
export type Requirements = Readonly<Record<string, Requirement>>;
type ValueOf<Q> = Q extends Digest<infer T> ? T : Q extends DatasetType<infer T> ? T : never;
export type RequiredValues<Q extends Requirements> = { readonly [K in keyof Q]: readonly Item<ValueOf<Q[K]>>[] };

/** What a measure returns: one outcome, or one for each set of keys. */
export interface Outcome {
  readonly status: MeasurementStatus;
  readonly value: number | null;
  readonly n: number | null;
  readonly interval: Interval | null;
  readonly reason: string | null;
  readonly keys: Readonly<Record<string, string | number>>;
  readonly blobs: Readonly<Record<string, unknown>>;
}

export interface Measure<Q extends Requirements = Requirements> {
  /** `package.name` of the definition. */
  readonly metric: string;
  /** Dataset types and digests. When one of them has nothing at all, the status is missing without a call. */
  readonly requires: Q;
  measure(values: RequiredValues<Q>, run: RunFacts): Outcome | readonly Outcome[];
}

/** Identity with inference: the declaration gives `measure` its types. */
export function defineMeasure<const Q extends Requirements>(measure: Measure<Q>): Measure<Q> {
  return measure;
}

interface Measured {
  readonly value: number;
  readonly n: number;
  readonly interval: Interval | null;
  readonly keys?: Outcome['keys'];
  readonly blobs?: Outcome['blobs'];
  readonly reason?: string;
}

/** A value. One that is not finite becomes `invalid`: it never passes as a number. */
export function measured({ value, n, interval, keys = {}, blobs = {}, reason }: Measured): Outcome {
  if (!Number.isFinite(value)) {
    return { status: 'invalid', value: null, n, interval: null, reason: reason ?? `the value is ${value}`, keys, blobs };
  }
  return { status: 'ok', value, n, interval, reason: reason ?? null, keys, blobs };
}

/** The metric has no meaning for this dataset (no truth, one visit only). Decided by facts of the run, never by failures. */
export function notApplicable(reason: string, keys: Outcome['keys'] = {}): Outcome {
  return { status: 'not-applicable', value: null, n: null, interval: null, reason, keys, blobs: {} };
}

/** There should be a value and there is nothing to compute it from. */
export function missing(reason: string, keys: Outcome['keys'] = {}): Outcome {
  return { status: 'missing', value: null, n: 0, interval: null, reason, keys, blobs: {} };
}
