/** `ap-verify image characterize | calibrate`: files in, files out, without a repository. */
import path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { referenceCatalogOf } from '../../../formats/refcat.ts';
import { readTableFile } from '../../../formats/tableFile.ts';
import { AlgorithmError, ApError } from '../../../model/errors.ts';
import type { Exposure } from '../../../model/image.ts';
import type { Instrument } from '../../../model/instrument.ts';
import type { Table } from '../../../model/table.ts';
import { resolveConfig } from '../../../pipeline/resolveConfig.ts';
import type { Task, TaskContext } from '../../../pipeline/task.ts';
import { calibrateImage } from '../../../tasks/calibrateImage.ts';
import { characterizeImage } from '../../../tasks/characterizeImage.ts';
import { readBytes } from '../../fitsFiles.ts';
import { readImage, type ImageInputOptions } from '../../imageInput.ts';
import { writeImageProducts, type ImageProducts } from '../../imageProducts.ts';
import type { Outcome } from '../../main.ts';
import { positiveNumber, several } from '../../optionValues.ts';

interface Options extends ImageInputOptions {
  readonly output: string;
  readonly config: readonly string[];
}

/** Adds `characterize` and `calibrate` to the group. */
export function addMeasureCommands(image: Command, outcome: Outcome): void {
  const command = (name: string, description: string): Command => image.command(`${name} <file...>`).description(description)
    .requiredOption('-o, --output <folder>', 'where the products go, one folder a file')
    .option('--gain <value>', 'electrons of one pixel unit (default: card GAIN, else 1)', positiveNumber)
    .option('--read-noise <electrons>', 'read noise (default: card RDNOISE, else 0)', notNegative)
    .option('--saturation <value>', 'pixel value from which a pixel is saturated (default: card SATURATE)', positiveNumber)
    .option('--band <name>', 'band of the image (default: card BAND or FILTER)')
    .option('-c, --config <field=value>', 'set a configuration field of the task; repeatable', several, []);
  command('characterize', 'sky, cosmic rays, PSF and a catalog in electrons')
    .action((files: string[], options: Options) => {
      eachFile(files, options, outcome, exposure => characterized(exposure, options));
    });
  command('calibrate', 'all of that, with astrometry and photometry from a reference catalog')
    .requiredOption('--refcat <file>', 'reference catalog: Parquet, FITS, ECSV or CSV; fluxes in columns <band>_flux (nJy)')
    .action(async (files: string[], options: Options & { readonly refcat: string }) => {
      const references = referenceCatalogOf(await readTableFile(options.refcat, readBytes(options.refcat)));
      eachFile(files, options, outcome, exposure => calibrated(exposure, references, options));
    });
}

function notNegative(text: string): number {
  const n = Number(text);
  if (text.trim() === '' || !(n >= 0)) throw new InvalidArgumentError('a number of at least 0 is expected.');
  return n;
}

/** A file that fails does not hide the others; the exit code is that of the last failure. */
function eachFile(
  files: readonly string[], options: Options, outcome: Outcome, productsOf: (exposure: Exposure) => ImageProducts,
): void {
  for (const [file, folder] of foldersOf(files, options.output)) {
    try {
      const products = productsOf(readImage(file, options));
      writeImageProducts(folder, products);
      process.stdout.write(`${file}: ${summaryOf(products)} -> ${folder}\n`);
    } catch (error) {
      const fault = faultOf(file, error);
      process.stderr.write(`ap-verify: ${file}: ${fault.message}\n`);
      outcome.exitCode = fault.exitCode;
    }
  }
}

/** One folder a file, named as the file without its extensions. @throws ApError USAGE when two files would share one. */
function foldersOf(files: readonly string[], output: string): [string, string][] {
  const nameOf = (file: string): string => path.basename(file).replace(/(\.fits?|\.fts)?(\.(gz|fz|Z))?$/i, '');
  const folders = files.map((file): [string, string] => [file, path.join(output, nameOf(file))]);
  const twice = folders.find(([, folder], i) => folders.findIndex(f => f[1] === folder) !== i);
  if (twice !== undefined) {
    throw new ApError('USAGE', { found: twice[0], where: twice[1], expected: 'files of different names, or one call each with its own folder' });
  }
  return folders;
}

/** An outcome of the algorithm ends as "the pipeline failed" with its numbers. */
function faultOf(file: string, error: unknown): ApError {
  if (error instanceof ApError) return error;
  if (!(error instanceof AlgorithmError)) throw error;
  const numbers = Object.entries(error.metadata).map(([name, value]) => `${name} ${String(value)}`).join(', ');
  return new ApError('PIPELINE_FAILED', { found: error.message, where: numbers === '' ? file : numbers }, { cause: error });
}

function summaryOf({ catalog, metadata }: ImageProducts): string {
  const of = (name: string, digits: number): string => {
    const value = metadata[name];
    return typeof value === 'number' ? value.toFixed(digits) : 'none';
  };
  const zeroPoint = metadata.zeroPoint_mag === undefined
    ? '' : `, zero point ${of('zeroPoint_mag', 3)} mag, astrometry ${of('astrometryScatterRa_mas', 1)} mas`;
  return `${catalog.nRows} sources, sky ${of('skyLevel_electron', 1)} electrons, FWHM ${of('psfFwhm_px', 2)} px${zeroPoint}`;
}

function characterized(exposure: Exposure, options: Options): ImageProducts {
  const context = contextOf();
  const made = characterizeImage.run({ exposure }, configOf(characterizeImage, options), context);
  return {
    exposure: made.characterized, background: { ...made.backgroundModel, unit: 'electron' }, catalog: made.sourceCat,
    metadata: context.metadata, tables: {},
  };
}

function calibrated(exposure: Exposure, refcat: Table, options: Options): ImageProducts {
  const context = contextOf();
  const inputs = { exposure, refcat: [{ dataId: {}, value: refcat }] };
  const made = calibrateImage.run(inputs, configOf(calibrateImage, options), context);
  return {
    exposure: made.outputExposure, background: made.background, catalog: made.stars, metadata: context.metadata,
    tables: { astrometry_matches: made.astrometryMatches, photometry_matches: made.photometryMatches },
  };
}

/** Defaults and `-c` overrides. Values are JSON where they can be, else words. @throws ApError USAGE, BAD_PIPELINE. */
function configOf<T extends Task & { run: (inputs: never, config: never, context: TaskContext) => unknown }>(
  task: T, { config }: Options,
): Parameters<T['run']>[1] {
  const items = config.map(text => {
    const at = text.indexOf('=');
    if (at < 1) throw new ApError('USAGE', { where: '--config', found: text, expected: 'field=value' });
    return { field: text.slice(0, at), value: valueOf(text.slice(at + 1)), where: `--config ${text}` };
  });
  return resolveConfig(task, items, new Map()).config as Parameters<T['run']>[1];
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A file belongs to no camera: everything is visit 0, detector 0. */
const FILE_CAMERA: Instrument = {
  name: 'file', doc: 'Any FITS image.', className: '', detectorMax: 1, visitMax: 1, exposureMax: 1, filters: [], detectors: [], overrides: {},
  translate: () => { throw new ApError('INTERNAL', { found: 'a raw header of no camera' }); },
};

function contextOf(): TaskContext {
  const log = { info: () => {}, warn: (message: string) => { process.stderr.write(`ap-verify: ${message}\n`); } };
  return {
    dataId: { visit: 0, detector: 0 }, instrument: FILE_CAMERA, records: {}, log, seed: 1, apdb: null, metadata: {},
  };
}
