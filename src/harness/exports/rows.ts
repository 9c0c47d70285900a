/** One row for each measurement: what CSV and JSON Lines hold. */
import type { Measurement, VerificationResult } from '../../model/verification.ts';

export interface ExportRow {
  readonly dataset: string;
  readonly datasetVersion: string;
  readonly pipeline: string;
  readonly pipelineVersion: string;
  readonly started: string;
  readonly metric: string;
  readonly keys: Measurement['keys'];
  readonly status: Measurement['status'];
  /** null where there is none: never 0. */
  readonly value: number | null;
  readonly unit: string;
  readonly n: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly reason: string | null;
  readonly definitionHash: string;
}

export function exportRows({ dataset, pipeline, run, measurements }: VerificationResult): ExportRow[] {
  return measurements.map(m => ({
    dataset: dataset.name, datasetVersion: dataset.version, pipeline: pipeline.name, pipelineVersion: pipeline.version,
    started: run.started, metric: m.metric, keys: m.keys, status: m.status, value: m.value, unit: m.unit, n: m.n,
    low: m.interval?.[0] ?? null, high: m.interval?.[1] ?? null,
    reason: m.reason, definitionHash: m.definitionHash,
  }));
}

/** JSON Lines: one object a line, numbers in full precision. */
export function jsonLines(result: VerificationResult): string {
  return exportRows(result).map(row => `${JSON.stringify(row)}\n`).join('');
}

const COLUMNS = ['dataset', 'datasetVersion', 'pipeline', 'pipelineVersion', 'started', 'metric', 'keys', 'status', 'value', 'unit', 'n', 'low', 'high',
  'reason', 'definitionHash'] as const;

/** CSV of RFC 4180 with a header; a missing number is an empty cell, keys are JSON. */
export function csvText(result: VerificationResult): string {
  const cell = (value: unknown): string => {
    const text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    // A cell that begins like a formula is text for a spreadsheet.
    const safe = typeof value === 'string' && /^[=+@\-\t]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [COLUMNS.join(','), ...exportRows(result).map(row => COLUMNS.map(name => cell(row[name])).join(','))].join('\r\n').concat('\r\n');
}
