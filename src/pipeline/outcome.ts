/** What comes back from running one quantum: plain data, so that it can be sent from a worker. */
import type { GraphDataset } from './quantum.ts';
import { metadataBlock } from './taskMetadata.ts';
import type { TaskMetadata } from './taskMetadata.ts';

/** An output that the saver has written but that nobody can see yet; `staged` is the saver's own token. */
export interface StagedOutput {
  readonly connection: string;
  readonly dataset: GraphDataset;
  readonly staged: unknown;
}

export interface Resources {
  readonly wall_s: number;
  readonly cpu_s: number;
  readonly peakRss_MB: number;
}

export interface LogRecord {
  readonly utc: string;
  readonly level: 'INFO' | 'WARNING' | 'ERROR';
  readonly message: string;
}

/**
 * Kind of a failure: 'algorithm' (AlgorithmError: these data, repeatable), 'operational' (ApError),
 * 'worker' (the worker died), 'timeout' (it took too long), 'bug' (anything else).
 */
export type FailureKind = 'algorithm' | 'operational' | 'worker' | 'timeout' | 'bug';

export interface QuantumOutcome {
  readonly status: 'succeeded' | 'noWork' | 'failed';
  readonly message: string | null;
  readonly failure: FailureKind | null;
  /** Empty unless succeeded. Optional outputs that the task left out are absent. */
  readonly outputs: readonly StagedOutput[];
  /** Staged before a failure; to be thrown away. */
  readonly discarded: readonly StagedOutput[];
  readonly metadata: TaskMetadata;
  readonly log: readonly LogRecord[];
  /** null when the worker died. */
  readonly resources: Resources | null;
}

/** Outcome of a quantum that never came to its end. */
export function lostOutcome(failure: FailureKind, message: string): QuantumOutcome {
  return {
    status: 'failed', message, failure, outputs: [], discarded: [], metadata: metadataBlock({}), log: [], resources: null,
  };
}

/** An outcome that took more than one attempt says so: in its message and, when its begin is known, in its log. */
export function withAttempts(outcome: QuantumOutcome, deaths: readonly string[]): QuantumOutcome {
  if (deaths.length === 0) return outcome;
  const history = `attempt ${deaths.length + 1}, after ${deaths.join('; ')}`;
  const begin = outcome.metadata.metadata.quantum?.arrays.prepUtc?.[0];
  const record: LogRecord[] = typeof begin === 'string' ? [{ utc: begin, level: 'WARNING', message: history }] : [];
  return {
    ...outcome, log: [...record, ...outcome.log],
    message: outcome.message === null ? history : `${outcome.message} (${history})`,
  };
}
