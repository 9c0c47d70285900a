/** A worker process: runs the quanta that its parent sends. */
import { openRepository } from '../butler/repository.ts';
import { useKernels } from '../numeric/kernels/engine.ts';
import { serveQuanta } from '../pipeline/workerPool.ts';
import { parentPort, WORKER_SETUP } from './processPort.ts';
import type { WorkerSetup } from './processPort.ts';
import { quantumRunner } from './quantumRunner.ts';

const setup = JSON.parse(process.env[WORKER_SETUP] ?? '{}') as WorkerSetup;
const repository = openRepository(setup.repository, { readonly: true });
const parent = process.ppid;
const runner = quantumRunner({ ...setup, repository, beforeWrite: endWithParent });

useKernels(setup.kernels);
// The parent ends the pool in an orderly way; a Ctrl-C in the terminal reaches the whole group and must not kill a write.
process.on('SIGINT', () => {});
serveQuanta(parentPort(), quantum => runner.run(quantum), () => {
  repository.close();
  runner.close();
});

/**
 * A parent that was killed cannot take its workers along: this one may be deep in a computation and must not write
 * beside the run that has taken over since.
 */
function endWithParent(): void {
  if (process.ppid !== parent) process.exit(0);
}
