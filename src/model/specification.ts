/** Words of the gate: what a specification demands, when it holds, and how its bound is found. */
import type { Unit } from './verification.ts';

export type Severity = 'note' | 'warn' | 'fail' | 'block';
export type Level = 'minimum' | 'design' | 'stretch';
export type BoundOperator = '<' | '<=' | '>' | '>=' | '==' | '!=';
export type KeyValues = Readonly<Record<string, string | number>>;

/** `relative`, `window`, `best` and `function` become a threshold or a range when a measurement is judged. */
export type SpecificationType = 'threshold' | 'range' | 'exists' | 'relative' | 'window' | 'best' | 'function';

/**
 * How far a value may lie on the worse side of a reference: the largest of the three. `sigmas` counts standard
 * errors: of both values for a baseline, of the scatter of the runs for a window.
 */
export interface Allowance {
  readonly percent: number;
  readonly absolute: number;
  readonly sigmas: number;
}

/** `relative`: against the baseline; `window`: against the median of the last runs; `best`: against the best of them. */
export interface ReferenceRule extends Allowance {
  /** Runs that are looked at, newest first (window, best). */
  readonly runs: number;
  /** With fewer the rule has no reference. */
  readonly minimumRuns: number;
  /** `worse`: only the worse side is bounded; a metric without a better side is bounded on both. */
  readonly side: 'worse' | 'both';
  /** What a gate says when there is nothing to compare with: `note` only for a rule that may start empty. */
  readonly missing: 'incomplete' | 'note';
}

/** A bound that depends on a part of the data ID: a table of values, or points with straight lines between them. */
export interface FunctionRule {
  readonly of: string;
  readonly operator: BoundOperator;
  readonly values?: Readonly<Record<string, number>> | undefined;
  readonly points?: readonly (readonly [number, number])[] | undefined;
}

/** One value, one of a list, or a closed interval. */
export type Condition = string | number | readonly (string | number)[] | { readonly min?: number; readonly max?: number };

/** From a date on the bound is a tighter one. */
export interface Profile {
  readonly name: string;
  /** ISO date, the first day. */
  readonly from: string;
  readonly bound?: number | undefined;
  readonly range?: readonly [number, number] | undefined;
}

/** A demand on a metric. */
export interface Specification {
  readonly name: string;
  readonly metric: string;
  readonly type: SpecificationType;
  readonly operator?: BoundOperator | undefined;
  readonly bound?: number | undefined;
  readonly range?: readonly [number, number] | undefined;
  readonly unit: Unit;
  readonly severity: Severity;
  /**
   * `point`: the value is compared. `bound`: the interval is: wholly inside passes, wholly outside fails, and a bound
   * within it is too close to call, which is incomplete.
   */
  readonly decision: 'point' | 'bound';
  /** Width of the interval of a decision by `bound`, in standard errors; 1 when not given. */
  readonly sigmas?: number | undefined;
  readonly keys: KeyValues;
  readonly tags: readonly string[];
  readonly source: string;
  readonly level?: Level | undefined;
  readonly rule?: ReferenceRule | undefined;
  readonly function?: FunctionRule | undefined;
  /** Facts of the run, or keys of the measurement, that must hold. */
  readonly when?: Readonly<Record<string, Condition>> | undefined;
  /** First and last day, ISO dates. */
  readonly valid?: { readonly from?: string; readonly until?: string } | undefined;
  /** Ordered by date. */
  readonly profiles?: readonly Profile[] | undefined;
  /** Measured and judged, but not gating: the reason why. */
  readonly quarantine?: string | undefined;
}

/** Somebody answers for a verdict that would close the gate, for a time. */
export interface Waiver {
  /** Full name of a specification. */
  readonly spec: string;
  readonly dataset?: string | undefined;
  readonly keys: KeyValues;
  readonly owner: string;
  readonly reason: string;
  readonly ticket?: string | undefined;
  readonly created: string;
  /** Last day, ISO date. */
  readonly expires: string;
  /** The waiver holds for values that are no worse than this one. */
  readonly accept?: number | undefined;
  readonly source: string;
}
