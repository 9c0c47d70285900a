/** What became of a run, as `pipetask --summary` writes it (interop 2.4, point 8). */
import type { QuantumResult } from '../pipeline/executor.ts';
import { countByLabel } from '../pipeline/quantumGraph.ts';
import type { RunnableGraph } from './pipetaskGraph.ts';

interface QuantumSummary {
  readonly status: 'success' | 'failure' | 'timeout' | 'skipped';
  readonly dataId: Readonly<Record<string, unknown>>;
  readonly taskLabel: string;
  readonly quantumId: string;
  readonly exitCode: number | null;
  readonly exceptionInfo: { readonly className: string; readonly message: string } | null;
}

export interface RunSummary {
  readonly status: 'success' | 'failure' | 'timeout' | 'interrupted';
  readonly quantaReports: readonly QuantumSummary[];
  readonly qgraphSummary: {
    readonly inputCollection: readonly string[];
    readonly outputCollection: string | null;
    readonly outputRun: string | null;
    readonly qgraphTaskSummaries: Readonly<Record<string, { readonly taskLabel: string; readonly numQuanta: number }>>;
  };
}

/** Results in the order in which the quanta ended. */
export function summaryOf({ graph, plan }: RunnableGraph, end: 'ended' | 'interrupted', results: readonly QuantumResult[]): RunSummary {
  const quantaReports = results.map(quantumSummary);
  const has = (status: QuantumSummary['status']): boolean => quantaReports.some(report => report.status === status);
  return {
    status: end === 'interrupted' ? end : has('failure') ? 'failure' : has('timeout') ? 'timeout' : 'success',
    quantaReports,
    qgraphSummary: {
      inputCollection: plan.search, outputCollection: plan.chain?.name ?? null, outputRun: plan.run,
      qgraphTaskSummaries: Object.fromEntries(Object.entries(countByLabel(graph)).map(([taskLabel, numQuanta]) =>
        [taskLabel, { taskLabel, numQuanta }])),
    },
  };
}

function quantumSummary({ quantum, status, message, outcome }: QuantumResult): QuantumSummary {
  const isFailed = status === 'failed';
  return {
    status: isFailed ? (outcome?.failure === 'timeout' ? 'timeout' : 'failure') : status === 'succeeded' || status === 'noWork' ? 'success' : 'skipped',
    dataId: quantum.dataId, taskLabel: quantum.label, quantumId: quantum.id,
    exitCode: status === 'succeeded' || status === 'noWork' ? 0 : isFailed ? 1 : null,
    exceptionInfo: isFailed ? { className: outcome?.failure ?? 'failure', message: message ?? '' } : null,
  };
}
