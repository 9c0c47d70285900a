/** Validity ranges as the registry keeps them: TAI nanoseconds, half open, with numbers that stand for "unbounded". */
import type { TimeSpan } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import { isoOfTaiNs } from '../sky/time.ts';

/** 1970-01-01 and 2100-01-01, both TAI. */
const MIN_NS = 0n;
const MAX_NS = 4_102_444_800_000_000_000n;

export const UNBOUNDED: TimeSpan = { begin_ns: null, end_ns: null };

export interface Bounds {
  readonly begin: bigint;
  readonly end: bigint;
}

/** Begin and end as stored. An instant is padded to one nanosecond. @throws ApError BAD_FORMAT when it ends before it begins. */
export function boundsOf(timespan: TimeSpan): Bounds {
  const begin = timespan.begin_ns ?? MIN_NS;
  const end = timespan.end_ns ?? MAX_NS;
  if (end < begin) {
    throw new ApError('BAD_FORMAT', { where: 'timespan', found: timespanText(timespan), expected: 'an end after the begin' });
  }
  return { begin, end: end === begin ? begin + 1n : end };
}

export function timespanOf(begin: bigint, end: bigint): TimeSpan {
  return { begin_ns: begin <= MIN_NS ? null : begin, end_ns: end >= MAX_NS ? null : end };
}

/** `[2026-01-01T00:00:00.000000000, ...)` in TAI. */
export function timespanText({ begin_ns, end_ns }: TimeSpan): string {
  const text = (ns: bigint | null): string => (ns === null ? '...' : isoOfTaiNs(ns));
  return `[${text(begin_ns)}, ${text(end_ns)})`;
}
