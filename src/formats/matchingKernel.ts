/** Matching kernels as JSON: the fields of `MatchingKernel`, arrays as lists, numbers exact, NaN as a bare word. */
import { ApError } from '../model/errors.ts';
import type { MatchingKernel } from '../model/kernel.ts';
import { nPolynomialTerms } from '../model/psf.ts';
import { parsePythonJson, pythonJsonText } from './pythonJson.ts';

const FORMAT = 'ap-verify-matching-kernel/1';

/** The kernel as UTF-8 JSON; the same kernel gives the same bytes. */
export function writeMatchingKernel(kernel: MatchingKernel): Uint8Array {
  return Buffer.from(pythonJsonText({
    format: FORMAT, ...kernel,
    basis: kernel.basis.map(image => [...image]), coefficients: kernel.coefficients.map(terms => [...terms]),
    background: [...kernel.background],
  }));
}

type Stored = Omit<MatchingKernel, 'basis' | 'coefficients' | 'background'> & {
  readonly basis: readonly (readonly number[])[];
  readonly coefficients: readonly (readonly number[])[];
  readonly background: readonly number[];
};

/**
 * The kernel in the bytes of `writeMatchingKernel`.
 * @throws ApError BAD_FORMAT for other bytes, and when the lengths of the arrays do not fit the sizes and orders.
 */
export function readMatchingKernel(bytes: Uint8Array): MatchingKernel {
  const { format, ...stored } = parsed(bytes);
  if (format !== FORMAT) throw badKernel('format', String(format), FORMAT);
  const { size, basis, spatialOrder, coefficients, backgroundOrder, background } = stored;
  checkLengths('basis', basis, size ** 2);
  checkLengths('coefficients', coefficients, nPolynomialTerms(spatialOrder));
  checkLengths('background', [background], nPolynomialTerms(backgroundOrder));
  if (coefficients.length !== basis.length) throw badKernel('coefficients', `${coefficients.length} lists`, `${basis.length} as for basis`);
  return {
    ...stored,
    basis: basis.map(image => Float64Array.from(image)), coefficients: coefficients.map(terms => Float64Array.from(terms)),
    background: Float64Array.from(background),
  };
}

function parsed(bytes: Uint8Array): Stored & { readonly format?: unknown } {
  try {
    const value = parsePythonJson(Buffer.from(bytes).toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Stored;
  } catch (cause) {
    throw new ApError('BAD_FORMAT', { where: 'matching kernel', found: String((cause as Error).message), expected: 'JSON' }, { cause });
  }
  throw badKernel('root', 'no object', 'an object');
}

function checkLengths(name: string, arrays: unknown, length: number): void {
  const fits = Array.isArray(arrays) && arrays.every(a => Array.isArray(a) && a.length === length && a.every(x => typeof x === 'number'));
  if (!fits) throw badKernel(name, 'other arrays', `arrays of ${length} numbers`);
}

function badKernel(where: string, found: string, expected: string): ApError {
  return new ApError('BAD_FORMAT', { where: `matching kernel, ${where}`, found, expected });
}
