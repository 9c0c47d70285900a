/** Real files and what astropy reads from them, kept in test/golden/formats/fitsCorpus.json. */
import { expect } from 'chai';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import {
  digestHdu, groupParameter, randomGroups, salvageFits, type FitsHdu, type HduDigest,
} from '../../../src/formats/fits/index.ts';

export const DATA = '../shared/data';
/** Larger files are left to the slow test: they hold nothing of another kind. */
export const LARGE_BYTES = 350_000;

interface ExpectedHdu {
  readonly index: number; readonly extname?: string; readonly type?: string; readonly bitpix?: number; readonly error?: string;
  readonly shape?: readonly number[]; readonly data_sha256?: string | null; readonly min?: number | null; readonly max?: number | null;
  readonly sum?: number; readonly nan_count?: number; readonly parameters?: Readonly<Record<string, readonly number[]>>;
  readonly columns?: readonly { readonly name: string; readonly data_sha256?: string }[];
}

/** Origin: test/golden/formats/fitsCorpus.py. */
export const golden = JSON.parse(readFileSync('test/golden/formats/fitsCorpus.json', 'utf8')) as
  { readonly tool: string; readonly files: Readonly<Record<string, readonly ExpectedHdu[] | { readonly error: string }>> };

function compare(expected: ExpectedHdu, hdu: FitsHdu): number {
  const { columns = [], nNaN, sum, ...found } = digestHdu(hdu) as HduDigest;
  const where = `HDU ${hdu.index}`;
  for (const key of ['extname', 'type', 'bitpix', 'shape', 'min', 'max'] as const) {
    if (expected[key] !== undefined) expect(found[key], `${where} ${key}`).to.deep.equal(expected[key]);
  }
  if (expected.sum !== undefined) expect(Number(sum), `${where} sum`).to.be.closeTo(expected.sum, 1e-12 * Math.abs(expected.sum));
  if (expected.nan_count !== undefined) expect(nNaN, `${where} NaN`).to.equal(expected.nan_count);
  if (expected.data_sha256 !== undefined) expect(found.data_sha256, `${where} data`).to.equal(expected.data_sha256);
  const wanted = expected.columns ?? [];
  if (expected.columns !== undefined) expect(columns.map(c => c.name), where).to.deep.equal(wanted.map(c => c.name));
  wanted.forEach((column, i) => {
    if (column.data_sha256 === undefined) return;
    expect(columns[i]!.data_sha256, `${where}, column ${column.name}`).to.equal(column.data_sha256);
  });
  for (const [name, values] of Object.entries(expected.parameters ?? {})) {
    groupParameter(randomGroups(hdu), name).forEach((value, i) => expect(value, name).to.be.closeTo(values[i]!,
      1e-6 * Math.abs(values[i]!)));
  }
  return 1 + wanted.length;
}

/** Compares a file with what astropy found in it; returns the number of HDUs and columns compared. */
export function compareFile(name: string): number {
  const expected = golden.files[name]!;
  if (!Array.isArray(expected)) return 0;
  const { hdus } = salvageFits(readFileSync(path.join(DATA, name)));
  expect(hdus.length).to.equal(expected.length);
  return (expected as readonly ExpectedHdu[]).reduce((n, one, i) => n + (one.error === undefined ? compare(one, hdus[i]!) : 0), 0);
}

/** Files with a golden entry, chosen by their size; none without the shared data. */
export function corpus(isWanted: (bytes: number) => boolean): string[] {
  return existsSync(DATA) ? Object.keys(golden.files).filter(name => isWanted(statSync(path.join(DATA, name)).size)) : [];
}
