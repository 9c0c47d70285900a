/** `ap-verify fits info | header | verify | digest | convert`: look into FITS files. */
import { Option, type Command } from 'commander';
import {
  digestHdu, formatCard, hduText, imageShape, verifyFits, type FitsHdu, type HduDigest, type HduHead,
} from '../../formats/fits/index.ts';
import { ApError } from '../../model/errors.ts';
import { CONVERSIONS, convertFile, type ConvertOptions } from '../fitsConvert.ts';
import { readBytes, readDirectory, readWhole } from '../fitsFiles.ts';
import type { Outcome } from '../main.ts';

type Backend = 'native' | 'fitsjs';

/** Adds the `fits` commands to the program. */
export function addFitsCommand(program: Command, outcome: Outcome): void {
  const fits = program.command('fits').description('look into FITS files: structure, headers, conformance, contents');
  const backend = (): Option => new Option('--fits-backend <reader>', 'who decodes the pixels; HDUs that fitsjs cannot read right fall back')
    .choices(['native', 'fitsjs']).default('native');

  fits.command('info <file...>').description('one line an HDU: name, type, size; reads the headers only')
    .action((files: string[]) => eachFile(files, outcome, printInfo));

  fits.command('header <file...>').description('the header cards as they stand in the file; reads the headers only')
    .option('--hdu <n>', 'only this HDU (0 = primary)')
    .action((files: string[], { hdu }: { hdu?: string }) => eachFile(files, outcome, file => printHeader(file, hdu)));

  fits.command('verify <file...>')
    .description('check the files against the FITS standard; the exit code is 4 when one has errors')
    .option('-q, --quiet', 'one line a file')
    .action((files: string[], { quiet }: { quiet?: true }) => (
      eachFile(files, outcome, file => printVerdict(file, quiet === true, outcome))));

  fits.command('digest <file...>')
    .description('one JSON line an HDU: shape, type, SHA-256 of the physical values, min, max, sum, NaN count')
    .addOption(backend())
    .action((files: string[], options: { fitsBackend: Backend }) => (
      eachFile(files, outcome, file => printDigest(file, options.fitsBackend))));

  fits.command('convert <file...>').description('write the contents in another form, beside the files or into a folder')
    .addOption(new Option('--to <form>', 'plain: no compression; gz: plain and gzipped; rice, gzip2: tile-compressed images; csv: tables')
      .choices(CONVERSIONS).makeOptionMandatory())
    .option('-o, --output <folder>', 'where the files go (default: where they came from)')
    .option('--hdu <n>', 'csv: only this table')
    .option('--force', 'overwrite files')
    .action((files: string[], options: ConvertOptions) => eachFile(files, outcome, file => convertFile(file, options)));
}

/** Runs the action for every file; a file that cannot be read does not hide the others. Exit code 4 for any damage. */
async function eachFile(
  files: readonly string[], outcome: Outcome, action: (file: string) => readonly ApError[] | Promise<readonly ApError[]>,
): Promise<void> {
  for (const file of files) {
    for (const fault of await faultsOf(() => action(file))) {
      process.stderr.write(`ap-verify: ${file}: ${fault.message}\n`);
      outcome.exitCode = fault.exitCode;
    }
  }
}

async function faultsOf(action: () => readonly ApError[] | Promise<readonly ApError[]>): Promise<readonly ApError[]> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof ApError) return [error];
    throw error;
  }
}

function warn(file: string, warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`ap-verify: ${file}: warning: ${warning}\n`);
}

function printInfo(file: string): readonly ApError[] {
  const { hdus, warnings, damage } = readDirectory(file);
  process.stdout.write(`${file}\n${'no.'.padStart(4)}  ${'name'.padEnd(24)} ${'type'.padEnd(16)} ${'cards'.padStart(5)}  ${'size'.padEnd(24)} bytes\n`);
  for (const hdu of hdus) {
    const type = hdu.isCompressedImage ? `image, ${String(hdu.header.ZCMPTYPE ?? '?')}` : hdu.kind;
    process.stdout.write(`${String(hdu.index).padStart(4)}  ${hdu.name.padEnd(24)} ${type.padEnd(16)} ${String(hdu.cards.length).padStart(5)}  `
      + `${sizeText(hdu).padEnd(24)} ${hdu.dataLength}\n`);
  }
  warn(file, warnings);
  return damage;
}

/** Pixels as `4096 x 2048 (-32)`, tables as `120R x 5C`. */
function sizeText(hdu: HduHead): string {
  if (hdu.kind === 'image' || hdu.isCompressedImage) {
    const bitpix = String(hdu.header[hdu.isCompressedImage ? 'ZBITPIX' : 'BITPIX']);
    const shape = imageShape(hdu);
    return shape.length === 0 ? '-' : `${shape.join(' x ')} (${bitpix})`;
  }
  if (hdu.kind === 'randomGroups') return `${String(hdu.header.GCOUNT ?? 1)} groups`;
  if (hdu.kind === 'other') return '-';
  return `${String(hdu.header.NAXIS2)}R x ${String(hdu.header.TFIELDS)}C`;
}

function printHeader(file: string, only: string | undefined): readonly ApError[] {
  const { hdus, warnings, damage } = readDirectory(file);
  const chosen = only === undefined ? hdus : hdus.filter(hdu => String(hdu.index) === only);
  if (chosen.length === 0) throw new ApError('BAD_FITS', { expected: `an HDU ${only ?? 0}`, found: hdus.map(hduText).join(', ') });
  for (const hdu of chosen) {
    process.stdout.write(`# ${hduText(hdu)} of ${file}\n`);
    for (const line of hdu.cards.flatMap(card => formatCard(card).match(/.{80}/gs) ?? [])) process.stdout.write(`${line.trimEnd()}\n`);
    process.stdout.write('END\n');
  }
  warn(file, warnings);
  return damage;
}

function printVerdict(file: string, isQuiet: boolean, outcome: Outcome): readonly ApError[] {
  const { findings, nErrors, nWarnings, nHdus } = verifyFits(readBytes(file));
  if (!isQuiet) {
    for (const { severity, where, text } of findings) process.stdout.write(`${file}: ${severity}: ${where}: ${text}\n`);
  }
  process.stdout.write(`${file}: ${nErrors === 0 ? 'conforms' : 'DOES NOT CONFORM'}: ${nErrors} errors, ${nWarnings} warnings in ${nHdus} HDUs\n`);
  if (nErrors > 0) outcome.exitCode = 4;
  return [];
}

async function printDigest(file: string, backend: Backend): Promise<readonly ApError[]> {
  const { hdus, warnings, damage } = readWhole(file);
  const faults: ApError[] = [];
  for (const hdu of hdus) {
    try {
      process.stdout.write(`${digestJson(file, await digestBy(file, hdu, backend))}\n`);
    } catch (error) {
      if (!(error instanceof ApError)) throw error;
      process.stdout.write(`${JSON.stringify({ file, index: hdu.index, extname: hdu.name, error: error.message })}\n`);
      faults.push(error);
    }
  }
  warn(file, warnings);
  // A cut data unit is told once, by its HDU.
  return [...damage.filter(fault => !faults.some(other => other.message === fault.message)), ...faults];
}

/** The second reader is loaded only when it is asked for: it puts a global in place. */
async function digestBy(file: string, hdu: FitsHdu, backend: Backend): Promise<HduDigest & { readonly backend?: Backend }> {
  if (backend === 'native') return digestHdu(hdu);
  const { fitsjsPixels, fitsjsRefusal } = await import('../../formats/fits/fitsjsReader.ts');
  const refusal = hdu.kind === 'image' ? fitsjsRefusal(hdu) : 'only images are digested by fitsjs';
  if (refusal === null) return { ...digestHdu(hdu, fitsjsPixels(hdu)), backend: 'fitsjs' };
  warn(file, [`${hduText(hdu)} is read by the native reader, fitsjs cannot: ${refusal}`]);
  return { ...digestHdu(hdu), backend: 'native' };
}

/** JSON with integers of any size written in full. */
function digestJson(file: string, { nNaN, ...digest }: HduDigest): string {
  const text = JSON.stringify({ file, ...digest, ...(nNaN === undefined ? {} : { nan_count: nNaN }) }, (_, value: unknown) => (
    typeof value === 'bigint' ? `bigint:${value}` : value));
  return text.replace(/"bigint:(-?\d+)"/g, '$1');
}
