/** Worker entry of the tests: loads come from the store that the main thread sends, saves go back in the outcome. */
import { parentPort, workerData } from 'node:worker_threads';
import { datasetKey } from '../../src/pipeline/quantum.ts';
import type { Quantum } from '../../src/pipeline/quantum.ts';
import { runQuantum } from '../../src/pipeline/runQuantum.ts';
import { serveQuanta } from '../../src/pipeline/workerPool.ts';
import { toyClock, toyInstrument, toyTasks } from './toys.ts';

const { values } = workerData as { values: Record<string, number> };
if (values.refuse === 1) process.exit(3);

serveQuanta(parentPort!, (quantum: Quantum & { readonly values?: Record<string, unknown> }) => runQuantum(quantum, {
  task: toyTasks[quantum.taskName]!, instrument: toyInstrument, apdb: null, clock: toyClock(),
  load: dataset => quantum.values![datasetKey(dataset.datasetType.name, dataset.dataId)],
  save: (_, value) => value,
}));
