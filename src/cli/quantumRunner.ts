/** Runs quanta in this process: loads what a quantum reads, runs its task, and stages what it makes. */
import type { OpenApdb } from '../apdb/openApdb.ts';
import type { Repository } from '../butler/repository.ts';
import { stageDataset } from '../butler/staging.ts';
import { instruments } from '../instruments/index.ts';
import { dataIdText } from '../model/dataset.ts';
import { ApError } from '../model/errors.ts';
import type { QuantumOutcome } from '../pipeline/outcome.ts';
import type { GraphDataset, Quantum } from '../pipeline/quantum.ts';
import { runQuantum } from '../pipeline/runQuantum.ts';
import { tasks } from '../tasks/index.ts';
import { guardedApdb, openForRun, storingRun } from './apdbUse.ts';
import type { ApdbUse } from './apdbUse.ts';
import { readResources, resetPeakMemory } from './resources.ts';

export interface QuantumRunnerOptions {
  readonly repository: Repository;
  /** RUN collection of the outputs. */
  readonly run: string;
  /** Collections in which datasets that earlier quanta have made are looked for. */
  readonly search: readonly string[];
  /** Association database; null: no task uses one. */
  readonly apdb: ApdbUse | null;
  /** Called before anything is written; may end the process. */
  readonly beforeWrite?: () => void;
}

export interface QuantumRunner {
  run(quantum: Quantum): Promise<QuantumOutcome>;
  /** Closes the association database. */
  close(): void;
}

export function quantumRunner(options: QuantumRunnerOptions): QuantumRunner {
  const { repository, run, beforeWrite = () => {} } = options;
  const storing = storingRun(repository.root, run);
  let apdb: OpenApdb | null = null;
  return {
    run: quantum => {
      const task = tasks[quantum.taskName];
      if (task === undefined) throw unknownTask(quantum);
      if (task.usesApdb === true && options.apdb !== null) apdb ??= openForRun(options.apdb, storing);
      resetPeakMemory();
      return runQuantum(quantum, {
        task,
        instrument: instruments[String(quantum.dataId.instrument)]!,
        apdb: task.usesApdb === true && apdb !== null ? guardedApdb(options.apdb!, apdb, { run: storing, beforeWrite }) : null,
        clock: readResources,
        load: dataset => load(options, dataset),
        save: (dataset, value) => {
          beforeWrite();
          const target = { type: dataset.datasetType, dataId: { ...quantum.expandedDataId, ...dataset.dataId }, run };
          return stageDataset(repository.root, target, value);
        },
      });
    },
    close: () => apdb?.close(),
  };
}

/** A dataset that was there before the run, or one that an earlier quantum of this run has made. */
function load({ repository, search }: QuantumRunnerOptions, dataset: GraphDataset): Promise<unknown> {
  const ref = dataset.ref ?? repository.find(dataset.datasetType, dataset.dataId, search);
  if (ref === null) {
    throw new ApError('DATASET_NOT_FOUND', {
      found: `${dataset.datasetType.name} ${dataIdText(dataset.dataId)}`, where: search.join(', '),
    });
  }
  return repository.get(dataset.datasetType, ref);
}

function unknownTask({ id, taskName }: Quantum): ApError {
  return new ApError('BAD_PIPELINE', { where: id, found: `task class '${taskName}'`, expected: Object.keys(tasks).join(', ') });
}
