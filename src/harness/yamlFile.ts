/** YAML files of the harness: text in, values with line numbers and one kind of error out. */
import type { ErrorObject } from 'ajv';
import { LineCounter, parseAllDocuments, isNode } from 'yaml';
import type { Document } from 'yaml';
import { ApError } from '../model/errors.ts';
import type { ErrorCode } from '../model/errors.ts';

/** A file as the caller has read it. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface YamlDocument {
  readonly value: unknown;
  /** `file:line` of the node at the path, or of its nearest parent. */
  where(path: readonly (string | number)[]): string;
}

type Validator = ((value: unknown) => boolean) & { errors?: null | ErrorObject[] };

/**
 * The documents of a file, each valid by the schema. Throws `code` with file and line for a syntax
 * error, a duplicate key (YAML errors both) or the first violation of the schema.
 */
export function readYaml(file: TextFile, code: ErrorCode, validate: Validator): YamlDocument[] {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(file.text, { lineCounter, uniqueKeys: true });
  const read: YamlDocument[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    const problem = document.errors[0];
    if (problem !== undefined) {
      const { line } = lineCounter.linePos(problem.pos[0]);
      throw new ApError(code, { found: problem.message.split('\n')[0]!, where: `${file.path}:${line}` });
    }
    const value = plainValue(document, code, file.path);
    if (value === null) continue;
    const where = (path: readonly (string | number)[]): string => `${file.path}:${lineOf(document, lineCounter, path)}`;
    if (!validate(value)) throw schemaError(code, validate.errors?.[0], where);
    read.push({ value, where });
  }
  return read;
}

/** An alias without its anchor is found only when the value is made. */
function plainValue(document: Document, code: ErrorCode, where: string): unknown {
  try {
    return document.toJS() as unknown;
  } catch (cause) {
    throw new ApError(code, { found: (cause as Error).message, where }, { cause });
  }
}

function lineOf(document: Document, lineCounter: LineCounter, path: readonly (string | number)[]): number {
  for (let depth = path.length; depth >= 0; depth--) {
    const node: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
  }
  return 1;
}

function schemaError(code: ErrorCode, error: ErrorObject | undefined, where: (path: string[]) => string): ApError {
  const path = (error?.instancePath ?? '').split('/').slice(1).map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const params = error?.params as { additionalProperty?: string; allowedValues?: unknown[] } | undefined;
  const culprit = params?.additionalProperty;
  return new ApError(code, {
    found: `${path.join('.') || 'the document'} ${error?.message ?? 'is not valid'}${culprit === undefined ? '' : `: '${culprit}'`}`,
    expected: params?.allowedValues?.map(v => JSON.stringify(v)).join(', '),
    where: where(culprit === undefined ? path : [...path, culprit]),
  });
}
