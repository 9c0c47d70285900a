/** Values of command line options. */
import { InvalidArgumentError } from 'commander';

/** Collects a repeatable option. */
export const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Collects a repeatable option whose values may also be separated by commas. */
export const severalNames = (value: string, before: readonly string[]): readonly string[] =>
  [...before, ...value.split(',').map(name => name.trim()).filter(name => name !== '')];

export function positiveInteger(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 1) throw new InvalidArgumentError('an integer of at least 1 is expected.');
  return n;
}

export function positiveNumber(text: string): number {
  const n = Number(text);
  if (!(n > 0) || !Number.isFinite(n)) throw new InvalidArgumentError('a number above 0 is expected.');
  return n;
}
