/**
 * What a task is: a declaration of inputs, outputs and config, and a pure `run`. Argument and result
 * types of `run` are inferred from the declaration. A task never touches the disk: the executor loads
 * what it declares and stores what it returns.
 */
import type { Apdb } from '../model/apdb.ts';
import type { DataId, DatasetType, Dimension, DimensionRecord } from '../model/dataset.ts';
import type { Instrument } from '../model/instrument.ts';

/** How the datasets of an input are found when it is not simply "the same data ID". */
export type Lookup =
  | 'dataId' // same data ID, reduced to the dataset type's dimensions
  | 'calibration' // valid at the time of the exposure
  | 'siblings' // same exposure, the other detectors
  | 'overlapping' // same band, region overlaps, another visit
  | 'refcat'; // reference catalog shards that overlap the region

export interface Connection<T = unknown, Multiple extends boolean = boolean, Optional extends boolean = boolean> {
  readonly datasetType: DatasetType<T>;
  readonly doc: string;
  readonly multiple: Multiple;
  readonly optional: Optional;
  /** Must exist before the run (calibrations, reference catalogs, templates from elsewhere). */
  readonly prerequisite: boolean;
  readonly lookup: Lookup;
  /**
   * Name of a boolean config field. While it is false the connection does not exist (the task gets null
   * or an empty list); while it is true the dataset is required, although `optional` lets the type be null.
   */
  readonly requiredWhen?: string | undefined;
}

export type Connections = Readonly<Record<string, Connection>>;
type ValueOf<C> = C extends Connection<infer T, infer M, infer O>
  ? (M extends true ? readonly InputItem<T>[] : O extends true ? T | null : T)
  : never;
export type InputValues<C extends Connections> = { readonly [K in keyof C]: ValueOf<C[K]> };
export type OutputValues<C extends Connections> = {
  readonly [K in keyof C]: C[K] extends Connection<infer T, infer _M, infer O> ? (O extends true ? T | null : T) : never;
};

/** Inputs of a multiple connection keep their data IDs. */
export interface InputItem<T> {
  readonly dataId: DataId;
  readonly value: T;
}

export interface Logger {
  info(message: string): void;
  warn(message: string): void;
}

/** Everything beside inputs and config that a task may know. */
export interface TaskContext {
  readonly dataId: DataId;
  readonly instrument: Instrument;
  /** Dimension records that belong to the data ID (exposure, visit, detector ...). */
  readonly records: Readonly<Record<string, DimensionRecord>>;
  readonly log: Logger;
  readonly seed: number;
  /** Open only for tasks that declare `usesApdb`. */
  readonly apdb: Apdb | null;
  /** Plain numbers and words for the task's metadata dataset. */
  readonly metadata: Record<string, number | string | boolean>;
}

export interface ConfigField<V = unknown> {
  readonly default: V;
  readonly doc: string;
  /** The only values that are allowed, when given. */
  readonly choices?: readonly (string | number | null)[];
  /** Bounds of a number, both inclusive. */
  readonly min?: number;
  readonly max?: number;
}
export type ConfigFields = Readonly<Record<string, ConfigField>>;
type Widen<V> = V extends boolean ? boolean : V extends number ? number : V extends string ? string : V;
export type ConfigValues<F extends ConfigFields> = { readonly [K in keyof F]: F[K] extends ConfigField<infer V> ? Widen<V> : never };

export interface Task<I extends Connections = Connections, O extends Connections = Connections, F extends ConfigFields = ConfigFields> {
  /** Class name in a pipeline file, e.g. `lsst.ip.isr.IsrTask` matches on its last part: `IsrTask`. */
  readonly name: string;
  readonly doc: string;
  readonly dimensions: readonly Dimension[];
  readonly inputs: I;
  readonly outputs: O;
  readonly config: F;
  readonly usesApdb?: boolean;
  /** Quanta of this task must run one after the other, in data ID order (association). */
  readonly sequential?: boolean;
  run(inputs: InputValues<I>, config: ConfigValues<F>, context: TaskContext): OutputValues<O>;
}

/** Identity with inference: the declaration gives `run` its types. */
export function defineTask<const I extends Connections, const O extends Connections, const F extends ConfigFields>(
  task: Task<I, O, F>,
): Task<I, O, F> {
  return task;
}

interface ConnectionOptions {
  readonly multiple?: boolean;
  readonly optional?: boolean;
  readonly prerequisite?: boolean;
  readonly lookup?: Lookup;
  readonly requiredWhen?: string;
}
type IsTrue<V> = V extends true ? true : false;

/** A connection to a dataset type; plain by default (one dataset of the same data ID, required). */
export function connection<T, const O extends ConnectionOptions = Record<never, never>>(
  datasetType: DatasetType<T>, doc: string, options?: O,
): Connection<T, IsTrue<O['multiple']>, IsTrue<O['optional']>> {
  return {
    datasetType, doc,
    multiple: (options?.multiple ?? false) as IsTrue<O['multiple']>,
    optional: (options?.optional ?? false) as IsTrue<O['optional']>,
    prerequisite: options?.prerequisite ?? false,
    lookup: options?.lookup ?? 'dataId',
    requiredWhen: options?.requiredWhen,
  };
}
