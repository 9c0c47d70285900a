/** Log and config of a task as the datasets `<label>_log` and `<label>_config`, in the forms of Rubin's middleware (interop 2.6, 2.7). */
import { dataIdText } from '../model/dataset.ts';
import type { LogRecord } from './outcome.ts';
import type { Quantum } from './quantum.ts';
import { connectionNames } from './resolvePipeline.ts';
import type { ResolvedTask } from './resolvePipeline.ts';

/** One record of `ButlerLogRecords`. */
export interface ButlerLogRecord {
  readonly name: string;
  /** ISO UTC with microseconds and `Z`. */
  readonly asctime: string;
  readonly message: string;
  readonly levelno: number;
  readonly levelname: string;
  readonly filename: string;
  readonly pathname: string;
  readonly lineno: number;
  readonly funcName: string;
  readonly process: number;
  readonly processName: string;
  readonly exc_info: null;
  readonly MDC: { readonly LABEL: string; readonly RUN: string };
}

/** Version 2 of Rubin's `ButlerLogRecords`. */
export interface ButlerLogRecords {
  readonly extended: true;
  readonly version: 2;
  readonly records: readonly ButlerLogRecord[];
  readonly exception: null;
  readonly metadata: null;
  readonly previous_process_quanta: readonly string[];
  readonly logs: readonly never[];
  readonly previous_attempts: readonly never[];
}

const LEVELS: Readonly<Record<LogRecord['level'], number>> = { INFO: 20, WARNING: 30, ERROR: 40 };

/** The log of one quantum; records stay in order. Source lines and processes are not known here and are 0 or empty. */
export function butlerLogRecords(quantum: Quantum, log: readonly LogRecord[], run: string): ButlerLogRecords {
  const LABEL = `${quantum.label}:${dataIdText(quantum.dataId)}`;
  return {
    extended: true, version: 2,
    records: log.map(({ utc, level, message }) => ({
      name: `ap_verify.${quantum.label}`, asctime: utc.replace('+00:00', 'Z'), message, levelno: LEVELS[level], levelname: level,
      filename: '', pathname: '', lineno: 0, funcName: quantum.taskName, process: 0, processName: 'quantumWorker', exc_info: null,
      MDC: { LABEL, RUN: run },
    })),
    exception: null, metadata: null, previous_process_quanta: [], logs: [], previous_attempts: [],
  };
}

/**
 * The config of a task as assignments in Python's syntax, each with the field's description before it. The same text
 * goes back in with `-C label:file`.
 */
export function configText(task: ResolvedTask): string {
  const fields = Object.entries(task.config).map(([name, value]) =>
    `# ${task.task.config[name]?.doc ?? ''}\nconfig.${name}=${pythonLiteral(value)}\n`);
  const names = Object.entries(connectionNames(task)).map(([name, datasetType]) => `config.connections.${name}=${pythonLiteral(datasetType)}\n`);
  return [`# Configuration of ${task.label}: ${task.className}\n`, ...fields, '# Names of the dataset types.\n', ...names].join('\n');
}

/** A value made of numbers, strings, booleans, null, arrays and plain objects as a Python literal. */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `float('${String(value).toLowerCase()}')`;
  if (typeof value === 'string') return quoted(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  return `{${Object.entries(value).map(([key, item]) => `${quoted(key)}: ${pythonLiteral(item)}`).join(', ')}}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
