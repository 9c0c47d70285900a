/** How a run gets on: what runs, what failed, how fast, and how long it will still take. */
import type { ExecutionEvent } from '../pipeline/executor.ts';

export interface PaceReading {
  readonly nRunning: number;
  readonly nFailed: number;
  /** Quanta a second since the run began, reused ones not counted; null before the first is done. */
  readonly rate_per_s: number | null;
  /** null before the first is done. */
  readonly left_s: number | null;
}

export interface Pace {
  add(event: ExecutionEvent): void;
  read(): PaceReading;
}

interface Spent {
  n: number;
  seconds: number;
}

/**
 * The time that is left is the work that is left, each quantum at the mean time of its task so far (of all tasks, for a
 * task that has not run), divided by the number of quanta that have been at work at once so far.
 */
export function paceOf(now_s: () => number): Pace {
  let begun_s = now_s();
  let nFailed = 0;
  const waiting = new Map<string, number>();
  const running = new Map<string, number>();
  const spent = new Map<string, Spent>();
  const all: Spent = { n: 0, seconds: 0 };

  const finished = (id: string, label: string, at_s: number): void => {
    waiting.set(label, Math.max(0, (waiting.get(label) ?? 0) - 1));
    const started_s = running.get(id);
    if (started_s === undefined) return;
    running.delete(id);
    const of = spent.get(label) ?? { n: 0, seconds: 0 };
    for (const sum of [of, all]) {
      sum.n++;
      sum.seconds += at_s - started_s;
    }
    spent.set(label, of);
  };
  const workLeft_s = (at_s: number): number => {
    const mean_s = all.seconds / all.n;
    let work_s = 0;
    for (const [label, n] of waiting) {
      const of = spent.get(label);
      work_s += n * (of === undefined ? mean_s : of.seconds / of.n);
    }
    for (const started_s of running.values()) work_s -= Math.min(at_s - started_s, mean_s);
    return Math.max(0, work_s);
  };

  return {
    add: event => {
      const at_s = now_s();
      if (event.type === 'begun') {
        begun_s = at_s;
        for (const { label } of event.quanta) waiting.set(label, (waiting.get(label) ?? 0) + 1);
      } else if (event.type === 'started') {
        running.set(event.quantum.id, at_s);
      } else {
        const { quantum, status } = event.result;
        if (status === 'failed') nFailed++;
        if (status !== 'reused') finished(quantum.id, quantum.label, at_s);
      }
    },
    read: () => {
      const at_s = now_s();
      const elapsed_s = at_s - begun_s;
      const hasPace = all.n > 0 && elapsed_s > 0;
      const atOnce = hasPace ? Math.max(1, all.seconds / elapsed_s) : 1;
      return {
        nRunning: running.size, nFailed,
        rate_per_s: hasPace ? all.n / elapsed_s : null,
        left_s: hasPace ? workLeft_s(at_s) / atOnce : null,
      };
    },
  };
}

/** "2 running, 1 failed, 1.8/s, 25 s left"; what is not known or zero is left out. */
export function paceText({ nRunning, nFailed, rate_per_s, left_s }: PaceReading): string {
  const parts = [`${nRunning} running`];
  if (nFailed > 0) parts.push(`${nFailed} failed`);
  if (rate_per_s !== null) parts.push(rate_per_s >= 1 ? `${rate_per_s.toFixed(1)}/s` : `${(60 * rate_per_s).toFixed(1)}/min`);
  if (left_s !== null) parts.push(`${durationText(left_s)} left`);
  return parts.join(', ');
}

function durationText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  const two = (n: number): string => String(n).padStart(2, '0');
  return minutes < 60 ? `${minutes} min ${two(whole % 60)} s` : `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
