/** Worker processes behind the port of the pipeline's worker pool. */
import { fork } from 'node:child_process';
import path from 'node:path';
import type { PortLike, WorkerLike } from '../pipeline/workerPool.ts';
import type { ApdbUse } from './apdbUse.ts';

/** Variable of the environment in which a worker process finds its setup. */
export const WORKER_SETUP = 'AP_VERIFY_WORKER';

/** What a worker process must know before its first quantum. */
export interface WorkerSetup {
  readonly repository: string;
  readonly run: string;
  /** Collections in which datasets that earlier quanta have made are looked for. */
  readonly search: readonly string[];
  /** Association database; null: no task uses one. */
  readonly apdb: ApdbUse | null;
  readonly kernels: 'simd' | 'js';
}

/** Starts a worker process; BigInt and typed arrays cross by structured clone. The setup may hold a password: it is no argument. */
export function spawnWorker(setup: WorkerSetup): WorkerLike {
  const child = fork(path.join(import.meta.dirname, 'quantumWorker.ts'), [], {
    env: { ...process.env, [WORKER_SETUP]: JSON.stringify(setup) },
    serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return {
    postMessage: message => { if (child.connected) child.send(message); },
    on: (event, listener) => child.on(event, listener as (value: unknown) => void),
    terminate: () => child.kill('SIGKILL'),
  };
}

/** The worker's end of the channel. The process ends when the parent does. */
export function parentPort(): PortLike {
  process.on('disconnect', () => process.exit(0));
  return {
    postMessage: message => { process.send?.(message); },
    on: (event, listener) => process.on(event, listener as (message: unknown) => void),
    close: () => process.disconnect(),
  };
}
