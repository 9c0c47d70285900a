/** result.json: the one document that every report reads. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApError } from '../model/errors.ts';
import type { VerificationResult } from '../model/verification.ts';
import schema from './schemas/result.schema.json' with { type: 'json' };

const validate = new Ajv2020({
  allErrors: false, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true,
}).compile(schema);

/**
 * The text of result.json. Throws INTERNAL when the result breaks its schema or holds a number that is
 * not finite (JSON would write it as null and nobody would know).
 */
export function writeResult(result: VerificationResult): string {
  const strange = findNotFinite(result, '');
  if (strange !== null) throw new ApError('INTERNAL', { where: `result${strange}`, found: 'a number that is not finite' });
  const text = JSON.stringify(result, null, 1);
  check(JSON.parse(text), 'INTERNAL', 'the result');
  return `${text}\n`;
}

/** The result in a text; throws BAD_FORMAT when it is none. */
export function readResult(text: string, where: string): VerificationResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where, found: (cause as Error).message, expected: 'a result of ap-verify run' }, { cause });
  }
  check(value, 'BAD_FORMAT', where);
  return value as VerificationResult;
}

function check(value: unknown, code: 'INTERNAL' | 'BAD_FORMAT', where: string): void {
  if (validate(value)) return;
  const error = validate.errors?.[0];
  throw new ApError(code, { where: `${where}${error?.instancePath ?? ''}`, found: error?.message, expected: 'ap-verify-result/1' });
}

function findNotFinite(value: unknown, path: string): string | null {
  if (typeof value === 'number') return Number.isFinite(value) ? null : path;
  if (value === null || typeof value !== 'object') return null;
  for (const [key, child] of Object.entries(value)) {
    const found = findNotFinite(child, `${path}/${key}`);
    if (found !== null) return found;
  }
  return null;
}

export type ComparableResult = Omit<VerificationResult, 'run'>;

/**
 * The part of a result that the data decide: everything but the run itself and what is measured in seconds
 * and bytes (metrics with the tag `resource`). Two runs of the same thing are equal in it.
 */
export function comparableResult({ run: _, ...result }: VerificationResult): ComparableResult {
  const resource = new Set(result.metrics.filter(m => m.tags.includes('resource')).map(m => m.name));
  return {
    ...result,
    measurements: result.measurements.filter(m => !resource.has(m.metric)),
    verdicts: result.verdicts.filter(v => !resource.has(v.specification.metric)),
  };
}
