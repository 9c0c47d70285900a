/**
 * `npm run bench -- NAME`: seeded data, warm-up, minimum, median and standard deviation of each case,
 * one line a case; appended as JSON lines to workspaces/bench.jsonl with commit and machine.
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export interface BenchCase {
  readonly name: string;
  readonly run: () => unknown | Promise<unknown>;
  /** Done before every run, outside of its time. */
  readonly prepare?: () => void;
  readonly repeat?: number;
}

/** A benchmark file's default export: a name, cases made when it is run, and what else it measures. */
export interface Bench {
  readonly name: string;
  readonly cases: () => readonly BenchCase[] | Promise<readonly BenchCase[]>;
  /** Lines about accuracy, printed after the times. */
  readonly figures?: () => readonly string[];
}

let sink: unknown;

async function time(benchCase: BenchCase): Promise<{ min_ms: number; median_ms: number; std_ms: number }> {
  benchCase.prepare?.();
  sink = await benchCase.run();
  const times: number[] = [];
  for (let i = 0; i < (benchCase.repeat ?? 9); i++) {
    benchCase.prepare?.();
    const start = performance.now();
    sink = await benchCase.run();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  const mean = times.reduce((s, t) => s + t, 0) / times.length;
  const std = Math.sqrt(times.reduce((s, t) => s + (t - mean) ** 2, 0) / Math.max(1, times.length - 1));
  return { min_ms: times[0]!, median_ms: times[times.length >> 1]!, std_ms: std };
}

async function main(names: readonly string[]): Promise<void> {
  const files = readdirSync(import.meta.dirname).filter(f => f.endsWith('.bench.ts')).sort();
  const known = files.map(f => path.basename(f, '.bench.ts'));
  const unknown = names.filter(n => !known.includes(n));
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}; there are: ${known.join(', ')}`);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  mkdirSync('workspaces', { recursive: true });
  for (const name of names.length > 0 ? names : known) {
    const { default: bench } = await import(`./${name}.bench.ts`) as { default: Bench };
    for (const benchCase of await bench.cases()) {
      const t = await time(benchCase);
      process.stdout.write(`${bench.name.padEnd(14)} ${benchCase.name.padEnd(52)} min ${t.min_ms.toFixed(1).padStart(8)}  median ${t.median_ms.toFixed(1).padStart(8)} ± ${t.std_ms.toFixed(1)} ms\n`);
      appendFileSync('workspaces/bench.jsonl', `${JSON.stringify({ bench: bench.name, case: benchCase.name, ...t, commit, node: process.version, cpu: os.cpus()[0]?.model })}\n`);
    }
    for (const line of bench.figures?.() ?? []) process.stdout.write(`${line}\n`);
  }
  if (sink === Symbol.iterator) process.stdout.write('');
}

await main(process.argv.slice(2));
