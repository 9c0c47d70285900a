/** `ap-verify fits convert`: one file in, one file (or one a table) out. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { compressedFits, hduText, plainFits, tableCsv, type FitsHdu } from '../formats/fits/index.ts';
import { ApError } from '../model/errors.ts';
import { readWhole } from './fitsFiles.ts';

export const CONVERSIONS = ['plain', 'gz', 'rice', 'gzip2', 'csv'] as const;

export interface ConvertOptions {
  readonly to: typeof CONVERSIONS[number];
  readonly output?: string;
  readonly hdu?: string;
  readonly force?: true;
}

/**
 * Converts one file and prints the paths that it wrote. The HDUs of a damaged file that can be read are converted, too.
 * @returns the damage of the file.
 * @throws ApError USAGE when an output exists already and `force` is not given; BAD_FITS, FILE_TRUNCATED for odd HDUs.
 */
export function convertFile(file: string, options: ConvertOptions): readonly ApError[] {
  const { hdus, warnings, damage } = readWhole(file);
  for (const warning of warnings) process.stderr.write(`ap-verify: ${file}: warning: ${warning}\n`);
  for (const [name, bytes] of outputs(file, hdus, options)) {
    const target = path.join(options.output ?? path.dirname(file), name);
    if (path.resolve(target) === path.resolve(file) || (existsSync(target) && options.force !== true)) {
      throw new ApError('USAGE', { found: `${target} exists`, todo: 'give another --output, or --force' });
    }
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, bytes);
    process.stdout.write(`${target}\n`);
  }
  return damage;
}

function outputs(file: string, hdus: readonly FitsHdu[], { to, hdu }: ConvertOptions): (readonly [string, Uint8Array | string])[] {
  const stem = path.basename(file).replace(/(\.(fits?|fts))?(\.(gz|fz|Z))?$/i, '');
  switch (to) {
    case 'plain': return [[`${stem}.fits`, plainFits(hdus)]];
    case 'gz': return [[`${stem}.fits.gz`, gzipSync(plainFits(hdus))]];
    case 'rice': return [[`${stem}.fits.fz`, compressedFits(hdus, { codec: 'RICE_1' })]];
    case 'gzip2': return [[`${stem}.fits.fz`, compressedFits(hdus, { codec: 'GZIP_2', quantize: null })]];
    case 'csv': return tablesOf(file, hdus, hdu).map(table => [`${stem}.${table.name === '' ? table.index : table.name}.csv`, tableCsv(table)] as const);
  }
}

function tablesOf(file: string, hdus: readonly FitsHdu[], only: string | undefined): FitsHdu[] {
  const tables = hdus.filter(hdu => (hdu.kind === 'bintable' && !hdu.isCompressedImage) || hdu.kind === 'asciiTable');
  const chosen = only === undefined ? tables : tables.filter(hdu => String(hdu.index) === only);
  if (chosen.length > 0) return chosen.map(hdu => ({ ...hdu, name: hdu.name.replace(/[^\w.-]/g, '_') }));
  throw new ApError('BAD_FITS', { where: file, found: hdus.map(hduText).join(', '), expected: only === undefined ? 'a table' : `a table in HDU ${only}` });
}
