/**
 * Every failure that an operator can meet, in one table. `code` is stable; the sentence may change.
 * `exit` is the process exit code of design decision 7 (3 pipeline failed, 4 bad dataset or
 * configuration, 5 internal fault, 64 usage).
 */
export const ERRORS = {
  USAGE: { exit: 64, text: 'the command line is not understood' },
  DATASET_PACKAGE_NOT_FOUND: { exit: 4, text: 'no dataset package of that name' },
  DATASET_PACKAGE_INVALID: { exit: 4, text: 'the dataset package is damaged or incomplete' },
  FILE_NOT_FOUND: { exit: 4, text: 'a file is missing' },
  FILE_TRUNCATED: { exit: 4, text: 'a file is shorter than it must be' },
  FILE_CHECKSUM: { exit: 4, text: 'a file does not have the recorded checksum' },
  BAD_FITS: { exit: 4, text: 'the FITS file cannot be read' },
  BAD_FORMAT: { exit: 4, text: 'the file is not of the expected format' },
  BAD_CONFIG: { exit: 4, text: 'the configuration is not valid' },
  BAD_PIPELINE: { exit: 4, text: 'the pipeline definition is not valid' },
  BAD_QUERY: { exit: 4, text: 'the query expression is not valid' },
  BAD_METRIC: { exit: 4, text: 'a metric definition is not valid' },
  BAD_SPECIFICATION: { exit: 4, text: 'a specification is not valid' },
  BAD_WCS: { exit: 4, text: 'the world coordinate system is not usable' },
  REPOSITORY: { exit: 4, text: 'the data repository cannot be used' },
  REPOSITORY_BUSY: { exit: 4, text: 'the data repository is in use by another process' },
  DATASET_NOT_FOUND: { exit: 4, text: 'no such dataset in the searched collections' },
  DATASET_CONFLICT: { exit: 4, text: 'a different dataset of that type and data ID exists already' },
  COLLECTION: { exit: 4, text: 'the collection does not allow this' },
  CALIBRATION_NOT_FOUND: { exit: 4, text: 'no valid calibration for the data ID and date' },
  CALIBRATION_OVERLAP: { exit: 4, text: 'a calibration is certified already for part of this time' },
  EMPTY_GRAPH: { exit: 4, text: 'the quantum graph is empty' },
  APDB: { exit: 4, text: 'the association database cannot be used' },
  DELIVERY: { exit: 4, text: 'alerts were not delivered' },
  PIPELINE_FAILED: { exit: 3, text: 'the pipeline under test failed' },
  INTERNAL: { exit: 5, text: 'internal fault' },
} as const;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorContext = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

/**
 * An operational error: what was found, what was expected, where, and what to do.
 * By convention the context uses the keys `found`, `expected`, `where` and `todo` where they apply.
 */
export class ApError extends Error {
  readonly code: ErrorCode;
  readonly context: ErrorContext;
  constructor(code: ErrorCode, context: ErrorContext = {}, options?: ErrorOptions) {
    const detail = Object.entries(context)
      .filter(([, v]) => v !== undefined)
      .map(([k, v]) => `${k}: ${String(v)}`)
      .join('; ');
    super(`${ERRORS[code].text}${detail && ` (${detail})`}`, options);
    this.name = 'ApError';
    this.code = code;
    this.context = context;
  }
  get exitCode(): number {
    return ERRORS[this.code].exit;
  }
}

/** Numbers and words that explain a scientific outcome; they go to the task metadata. */
export type OutcomeMetadata = Readonly<Record<string, number | string | boolean>>;

/** Scientific outcome: there was nothing to do. The quantum succeeds; its outputs are absent. */
export class NoWorkFound extends Error {
  readonly metadata: OutcomeMetadata;
  constructor(message: string, metadata: OutcomeMetadata = {}) {
    super(message);
    this.name = 'NoWorkFound';
    this.metadata = metadata;
  }
}

/** Scientific outcome: the algorithm cannot give a result for these data; repeatable, never retried. */
export class AlgorithmError extends Error {
  readonly metadata: OutcomeMetadata;
  constructor(message: string, metadata: OutcomeMetadata = {}) {
    super(message);
    this.name = 'AlgorithmError';
    this.metadata = metadata;
  }
}
