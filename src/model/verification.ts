/** Words of the harness: a metric is defined, measured, and judged by specifications. */
import type { BaselineComparison, RunHistory, ScienceViews } from './reportData.ts';
import type { Condition, Specification, Waiver } from './specification.ts';

export type { Severity, Specification } from './specification.ts';

export const UNITS = [
  '', 'ct', 's', 'byte', 'MB', 'mag', 'mmag', 'arcsec', 'mas', 'pixel', 'percent', 'deg-2', 'nJy', 'sigma', 'ct/s', 'deg', 'arcmin', 'h',
] as const;
export type Unit = (typeof UNITS)[number];

export type MeasurementStatus = 'ok' | 'not-applicable' | 'missing' | 'invalid' | 'failed';
export type Direction = 'lower' | 'higher' | 'target' | 'neither';

/** Conditions on columns, all of which must hold; `nan`: whether the value is no number, which nothing else tells. */
export type RowFilter = Readonly<Record<string, Condition | { readonly nan: boolean }>>;

/** A metric that is a count, a fraction or a statistic of a column. */
export interface Declaration {
  /** Name of a dataset type that holds tables. */
  readonly dataset: string;
  readonly statistic: 'count' | 'fraction' | 'mean' | 'median' | 'scatter' | 'quantile';
  /** mean, median, scatter (1.4826 MAD) and quantile are of this column. */
  readonly column?: string;
  /** Rows that count at all. */
  readonly where?: RowFilter;
  /** fraction: the share of those rows for which this holds, percent. */
  readonly of?: RowFilter;
  /** quantile: 0 to 1. */
  readonly q?: number;
  /** The column is multiplied by it. */
  readonly scale?: number;
}

/** `metrics/<package>.yaml`, one entry (lsst.verify keys plus ours). */
export interface Metric {
  /** `package.name`, as lsst.verify writes it. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  readonly description: string;
  readonly reference: string;
  readonly tags: readonly string[];
  readonly direction: Direction;
  readonly formula: string;
  readonly version: number;
  readonly interval: 'wilson' | 'bootstrap' | 'student' | 'poisson' | 'none';
  readonly minimumN: number;
  /** Earlier names, each with the hash that the definition of today has under it: their values continue the trend. */
  readonly aliases?: readonly { readonly name: string; readonly definitionHash: string }[] | undefined;
  /** Identifiers of the requirements that the metric speaks for. */
  readonly requirements?: readonly string[] | undefined;
  /** How it is computed, when no code is needed. */
  readonly declaration?: Declaration | undefined;
  /** What one value is of: a run, a visit, a detector ... */
  readonly granularity?: string | undefined;
  /** How values of parts become one. */
  readonly aggregate?: string | undefined;
  /** sha256 of the definition without prose: a change starts a new trend line. */
  readonly definitionHash: string;
}

/** One value, or the reason why there is none. `value` is null whenever status is not 'ok'. */
export interface Measurement {
  readonly metric: string;
  readonly status: MeasurementStatus;
  readonly value: number | null;
  readonly unit: Unit;
  readonly n: number | null;
  /** Confidence interval of 68.27 % (1 sigma) unless the result says otherwise; null: not defined. */
  readonly interval: readonly [number, number] | null;
  readonly reason: string | null;
  readonly definitionHash: string;
  /** What the value is of: `{}` for the whole run, `{band: 'g'}`, `{task: 'isr'}`, `{mag: '20.0..20.5'}`. */
  readonly keys: Readonly<Record<string, string | number>>;
  /** Extra series for plots (curves, histograms); plain JSON. */
  readonly blobs: Readonly<Record<string, unknown>>;
}

/** `waived`: the gate would close, and somebody answers for it. */
export type VerdictStatus = 'pass' | 'fail' | 'incomplete' | 'note' | 'waived';

/** Judgement of one specification. Its type is threshold, range or exists, with the bound that was in force. */
export interface Verdict {
  readonly specification: Specification;
  readonly status: VerdictStatus;
  readonly value: number | null;
  readonly interval: readonly [number, number] | null;
  readonly n: number | null;
  /** Distance to the bound in the metric's unit; positive is good. null when there is no value. */
  readonly margin: number | null;
  readonly reason: string;
  /** How the bound was found when it is not a constant of the specification: `baseline 12.3 + 5 %`. */
  readonly origin?: string | undefined;
  /** The waiver in force. */
  readonly waiver?: Waiver | undefined;
  /** What a confirmation by re-runs has seen: how many of the runs failed. */
  readonly attempts?: { readonly failed: number; readonly of: number } | undefined;
}

/** What became of one quantum. */
export interface QuantumReport {
  readonly task: string;
  readonly dataId: Readonly<Record<string, string | number>>;
  readonly status: 'succeeded' | 'noWork' | 'failed' | 'blocked' | 'reused';
  readonly message: string | null;
  readonly seconds: number | null;
  readonly cpu_s: number | null;
  readonly peakRss_MB: number | null;
  /** When the task began (UTC, ISO 8601); null or absent when it never did or nobody noted it. */
  readonly began?: string | null;
}

/** Pictures and tables for the report; PNG and JSON by name, kept beside result.json. */
export interface Cutout {
  /** A DIASource after the flag cuts, or a place that deviates and is none. */
  readonly kind: 'source' | 'residual';
  readonly title: string;
  readonly caption: string;
  /** Row-major float pixels, y upwards; null = no data. */
  readonly panels: readonly CutoutPanel[];
}

export interface CutoutPanel {
  readonly label: string;
  readonly width: number;
  readonly height: number;
  readonly data: readonly (number | null)[];
}

/** The one document every report reads; the harness writes it and nothing else. Validated by a JSON Schema. */
export interface VerificationResult {
  readonly format: 'ap-verify-result/1';
  readonly dataset: { readonly name: string; readonly version: string; readonly title: string };
  readonly pipeline: {
    readonly name: string;
    readonly version: string;
    readonly configHash: string;
    /** Data query and config overrides as typed; null and empty when everything ran as the files say. */
    readonly query: string | null;
    readonly overrides: readonly string[];
    /** Configuration of every task that ran, as text, by label. */
    readonly configuration?: Readonly<Record<string, string>>;
  };
  readonly verdict: { readonly exitCode: number; readonly status: 'pass' | 'fail' | 'incomplete' | 'pipeline-failed'; readonly sentence: string };
  /** Clock, host and durations live here only: two runs are equal when the rest is equal. */
  readonly run: {
    readonly started: string;
    readonly seconds: number;
    readonly workers: number;
    readonly host: string;
    readonly node: string;
    readonly collection: string;
    readonly quanta: readonly QuantumReport[];
    /** What the run was made of, by name: git revision, packages, processor. Two runs differ in what differs here. */
    readonly provenance?: Readonly<Record<string, string>>;
    /** Digest of the processor, memory and platform: timings of equal fingerprints may be compared. */
    readonly fingerprint?: string;
    /** Log of the run, relative to the folder of result.json. */
    readonly log?: string;
    /** Earlier runs of the same thing, for trends. */
    readonly history?: RunHistory;
    /** Beside the baseline that was asked for. */
    readonly comparison?: BaselineComparison;
  };
  readonly metrics: readonly Metric[];
  readonly measurements: readonly Measurement[];
  readonly verdicts: readonly Verdict[];
  readonly images: readonly ImageSummary[];
  readonly cutouts: readonly Cutout[];
  /** Pictures and plots of the science; absent in results of earlier versions. */
  readonly science?: ScienceViews;
}

/** One processed image in the report. */
export interface ImageSummary {
  readonly visit: number;
  readonly detector: number;
  readonly band: string;
  readonly numbers: Readonly<Record<string, number | string | boolean>>;
}
