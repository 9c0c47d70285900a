/**
 * Workers that run quanta: threads or processes behind one small port, given by the caller. A worker
 * that dies takes only its quantum with it; that quantum is tried once more in a fresh worker. A quantum that takes
 * longer than it may is ended with its worker and not tried again.
 */
import { ApError } from '../model/errors.ts';
import { lostOutcome, withAttempts } from './outcome.ts';
import type { QuantumOutcome } from './outcome.ts';
import type { Quantum } from './quantum.ts';

/** The part of `worker_threads.Worker` that the pool uses. */
export interface WorkerLike {
  postMessage(message: ToWorker): void;
  on(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): unknown;
  terminate(): unknown;
}

/** The part of `worker_threads.parentPort` that a worker uses. */
export interface PortLike {
  postMessage(message: FromWorker): void;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  close(): void;
}

export type ToWorker = { readonly type: 'run'; readonly quantum: Quantum } | { readonly type: 'close' };
export type FromWorker = { readonly type: 'ready' } | { readonly type: 'outcome'; readonly outcome: QuantumOutcome };

export interface WorkerPool {
  /** Resolves with a failed outcome when the worker dies (twice) or takes too long; rejects when a worker cannot even start. */
  run(quantum: Quantum): Promise<QuantumOutcome>;
  /** Ends idle workers after their clean-up and stops busy ones; resolves when all are gone. */
  close(): Promise<void>;
}

export interface PoolOptions {
  /** Most workers, at least 1. */
  readonly size: number;
  readonly spawn: () => WorkerLike;
  /** Longest time of one quantum in seconds; null: no limit. */
  readonly timeout_s?: number | null;
  /** How often a quantum is tried again after the death of its worker (default 1). */
  readonly retries?: number;
}

interface Job {
  readonly quantum: Quantum;
  readonly resolve: (outcome: QuantumOutcome) => void;
  readonly reject: (error: unknown) => void;
  /** What became of earlier workers of this quantum. */
  readonly deaths: string[];
}

interface Member {
  readonly worker: WorkerLike;
  readonly gone: Promise<void>;
  job: Job | null;
  isReady: boolean;
  isLate: boolean;
  timer: ReturnType<typeof setTimeout> | null;
  trouble: string | null;
}

interface Pool {
  readonly size: number;
  readonly spawn: () => WorkerLike;
  readonly timeout_s: number | null;
  readonly retries: number;
  readonly members: Set<Member>;
  readonly queue: Job[];
  isClosing: boolean;
}

/** A pool of at most `size` workers; each is spawned when it is first needed. */
export function workerPool({ size, spawn, timeout_s = null, retries = 1 }: PoolOptions): WorkerPool {
  const pool: Pool = { size: Math.max(1, size), spawn, timeout_s, retries, members: new Set(), queue: [], isClosing: false };
  return {
    run: quantum => new Promise((resolve, reject) => {
      pool.queue.push({ quantum, resolve, reject, deaths: [] });
      dispatch(pool);
    }),
    close: async () => {
      pool.isClosing = true;
      const members = [...pool.members];
      for (const { worker, job } of members) {
        if (job === null) worker.postMessage({ type: 'close' });
        else worker.terminate();
      }
      await Promise.all(members.map(({ gone }) => gone));
    },
  };
}

/** The worker's side: answers each `run` in turn; `onClose` releases what it holds (databases). */
export function serveQuanta(
  port: PortLike, run: (quantum: Quantum) => Promise<QuantumOutcome>, onClose: () => void = () => {},
): void {
  port.on('message', received => {
    const message = received as ToWorker;
    if (message.type === 'close') {
      onClose();
      port.close();
      return;
    }
    void run(message.quantum).then(outcome => { port.postMessage({ type: 'outcome', outcome }); });
  });
  port.postMessage({ type: 'ready' });
}

function dispatch(pool: Pool): void {
  while (pool.queue.length > 0) {
    const idle = [...pool.members].find(({ job, isLate }) => job === null && !isLate);
    const member = idle ?? (pool.members.size < pool.size ? enlist(pool) : undefined);
    if (member === undefined) return;
    member.job = pool.queue.shift()!;
    if (member.isReady) watch(pool, member);
    member.worker.postMessage({ type: 'run', quantum: member.job.quantum });
  }
}

/** The time of a quantum begins when its worker is ready. */
function watch({ timeout_s }: Pool, member: Member): void {
  if (timeout_s === null) return;
  member.timer = setTimeout(() => {
    member.isLate = true;
    member.worker.terminate();
  }, timeout_s * 1000);
}

function enlist(pool: Pool): Member {
  const worker = pool.spawn();
  let leave = (): void => {};
  const gone = new Promise<void>(resolve => { leave = resolve; });
  const member: Member = { worker, gone, job: null, isReady: false, isLate: false, timer: null, trouble: null };
  pool.members.add(member);
  worker.on('message', received => { hear(pool, member, received as FromWorker); });
  worker.on('error', error => { member.trouble = error instanceof Error ? error.message : String(error); });
  worker.on('exit', code => {
    pool.members.delete(member);
    leave();
    bury(pool, member, String(code));
    dispatch(pool);
  });
  return member;
}

function hear(pool: Pool, member: Member, message: FromWorker): void {
  member.isReady = true;
  const { job } = member;
  if (message.type === 'ready') {
    if (job !== null) watch(pool, member);
    return;
  }
  if (member.timer !== null) clearTimeout(member.timer);
  member.job = null;
  job?.resolve(withAttempts(message.outcome, job.deaths));
  dispatch(pool);
}

/** What becomes of the quantum of a worker that ended. */
function bury(pool: Pool, { job, isReady, isLate, timer, trouble }: Member, code: string): void {
  if (timer !== null) clearTimeout(timer);
  if (job === null) return;
  const how = `the worker ended with code ${code}${trouble === null ? '' : ` (${trouble})`}`;
  if (isLate) {
    job.resolve(lostOutcome('timeout', `ended after the time limit of ${pool.timeout_s} s`));
  } else if (!isReady) {
    job.reject(new ApError('INTERNAL', { found: `${how} before it was ready`, where: job.quantum.id }));
  } else if (!pool.isClosing && job.deaths.length < pool.retries) {
    job.deaths.push(how);
    pool.queue.unshift(job);
  } else {
    const attempts = job.deaths.length + 1;
    job.resolve(lostOutcome('worker', attempts > 1 ? `${how}, in attempt ${attempts} of ${attempts}` : how));
  }
}
