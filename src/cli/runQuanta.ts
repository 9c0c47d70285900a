/** Quanta at work on the command line: worker processes, progress, Ctrl-C, and the tidying afterwards. */
import type { Repository } from '../butler/repository.ts';
import { runGraph } from '../harness/runGraph.ts';
import type { RunGraphOptions } from '../harness/runGraph.ts';
import { ERRORS } from '../model/errors.ts';
import type { QuantumReport } from '../model/verification.ts';
import { useKernels } from '../numeric/kernels/engine.ts';
import type { QuantumResult } from '../pipeline/executor.ts';
import { configText } from '../pipeline/logRecords.ts';
import type { QuantumOutcome } from '../pipeline/outcome.ts';
import type { Quantum } from '../pipeline/quantum.ts';
import type { ResolvedPipeline } from '../pipeline/resolvePipeline.ts';
import { workerPool } from '../pipeline/workerPool.ts';
import { checkVisits, storingRun } from './apdbUse.ts';
import type { ApdbUse } from './apdbUse.ts';
import { spawnWorker } from './processPort.ts';
import type { WorkerSetup } from './processPort.ts';
import type { Progress } from './progress.ts';
import { quantumRunner } from './quantumRunner.ts';
import { readResources } from './resources.ts';

/** Exit code of a run that Ctrl-C has ended, as shells have it. */
export const INTERRUPTED = 130;

export interface RunQuantaOptions extends Pick<RunGraphOptions, 'graph' | 'datasetTypes' | 'configs' | 'packages' | 'run'
  | 'mayRegister' | 'skipExistingIn' | 'mayReuse' | 'isClobbering'> {
  readonly repository: Repository;
  /** Association database; null: no task uses one. */
  readonly apdb: ApdbUse | null;
  /** Worker processes; 0: quanta run in this process, one after the other, without a time limit. */
  readonly jobs: number;
  readonly failFast: boolean;
  /** Longest time of one quantum in seconds; null: no limit. */
  readonly timeout_s: number | null;
  readonly progress: Progress;
  readonly onResult?: (result: QuantumResult) => void;
  /** Removes what was cut off; called when no worker is left. */
  readonly tidy: () => void;
}

/** Which kernels workers use: `AP_VERIFY_KERNELS=js` chooses the slow twins. */
export function kernelsOfEnvironment(): WorkerSetup['kernels'] {
  return process.env.AP_VERIFY_KERNELS === 'js' ? 'js' : 'simd';
}

/** Text of `<label>_config` for every task. */
export function configTexts({ tasks }: ResolvedPipeline): Readonly<Record<string, string>> {
  return Object.fromEntries(tasks.map(task => [task.label, configText(task)]));
}

/** What became of every quantum; null when the user has stopped the run: what was running is finished and kept. */
export async function runQuanta(options: RunQuantaOptions): Promise<readonly QuantumReport[] | null> {
  const { repository, run, apdb, jobs, progress } = options;
  const setup: WorkerSetup = {
    repository: repository.root, run, search: [run, ...options.skipExistingIn ?? []], apdb, kernels: kernelsOfEnvironment(),
  };
  if (apdb !== null) checkVisits(apdb, options.graph, storingRun(repository.root, run));
  const runner = runnerOf(options, setup);
  try {
    return await withInterrupt(options, async signal => runGraph({
      ...options, workers: Math.max(1, jobs), signal,
      runQuantum: async quantum => dated(await runner.run(quantum)),
      onEvent: event => {
        progress.onEvent(event);
        if (event.type === 'finished') options.onResult?.(event.result);
      },
    }));
  } finally {
    await runner.close();
    options.tidy();
    progress.end();
  }
}

interface Runner {
  run(quantum: Quantum): Promise<QuantumOutcome>;
  close(): void | Promise<void>;
}

function runnerOf({ repository, jobs, timeout_s }: RunQuantaOptions, setup: WorkerSetup): Runner {
  if (jobs > 0) return workerPool({ size: jobs, spawn: () => spawnWorker(setup), timeout_s });
  useKernels(setup.kernels);
  return quantumRunner({ ...setup, repository });
}

/** A worker that died could not log it. */
function dated(outcome: QuantumOutcome): QuantumOutcome {
  if (outcome.failure !== 'worker' && outcome.failure !== 'timeout') return outcome;
  return { ...outcome, log: [...outcome.log, { utc: readResources().utc, level: 'ERROR', message: outcome.message ?? '' }] };
}

/** Work that Ctrl-C asks to stop; null when it was asked. */
async function withInterrupt(
  { progress }: RunQuantaOptions, work: (signal: AbortSignal) => Promise<readonly QuantumReport[]>,
): Promise<readonly QuantumReport[] | null> {
  const abort = new AbortController();
  const interrupt = (): void => {
    progress.say('interrupted: what is running is finished and kept; the same command goes on from there');
    abort.abort();
  };
  process.once('SIGINT', interrupt);
  try {
    const quanta = await work(abort.signal);
    if (!abort.signal.aborted) return quanta;
    const nDone = quanta.filter(({ status }) => status !== 'blocked').length;
    progress.say(`ap-verify: exit ${INTERRUPTED}: interrupted after ${nDone} of ${quanta.length} quanta; the same command goes on`);
    return null;
  } finally {
    process.off('SIGINT', interrupt);
  }
}

/** One line that counts what became of the quanta, and the exit code that follows: 0, or 3 when something failed. */
export function exitCodeOfQuanta(quanta: readonly QuantumReport[], progress: Progress): number {
  const count = (status: QuantumReport['status']): number => quanta.filter(quantum => quantum.status === status).length;
  const words = (['succeeded', 'noWork', 'reused', 'failed', 'blocked'] as const).map(status => `${count(status)} ${status}`).join(', ');
  progress.say(`${quanta.length} quanta: ${words}`);
  return count('failed') + count('blocked') === 0 ? 0 : ERRORS.PIPELINE_FAILED.exit;
}
