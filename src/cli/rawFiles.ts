/** Raw frames and calibrations named on a command line, for people without a repository. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { readAnyExposure } from '../butler/anyExposure.ts';
import { withFile } from '../butler/staging.ts';
import { CROSSTALK_COLUMNS, parseCrosstalkText } from '../astro/isr/crosstalk.ts';
import { parseDefectsText } from '../astro/isr/defects.ts';
import { readRawFrames } from '../formats/rawFits.ts';
import { readTableFile } from '../formats/tableFile.ts';
import { instruments } from '../instruments/index.ts';
import { ApError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import type { Instrument } from '../model/instrument.ts';
import { tableFromRows } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import { resolveConfig } from '../pipeline/resolveConfig.ts';
import type { IsrInputs, IsrValues, NamedRaw } from '../tasks/buildCalibration.ts';
import { isr } from '../tasks/isr.ts';
import { readBytes } from './fitsFiles.ts';

const FRAMES = ['bias', 'dark', 'flat', 'fringe', 'illumination'] as const;
const TABLES = ['defects', 'linearizer', 'crosstalk', 'bfk'] as const;
/** The switch of the step that uses a calibration. */
const SWITCH: Readonly<Record<(typeof FRAMES)[number] | (typeof TABLES)[number], string>> = {
  bias: 'doBias', dark: 'doDark', flat: 'doFlat', fringe: 'doFringe', illumination: 'doIlluminationCorrection',
  defects: 'doDefect', linearizer: 'doLinearize', crosstalk: 'doCrosstalk', bfk: 'doBrighterFatter',
};

export interface CalibrationOptions extends Readonly<Partial<Record<(typeof FRAMES)[number] | (typeof TABLES)[number], string>>> {
  readonly instrument?: string;
  readonly config: readonly string[];
}

/** Adds the options that name the instrument, the calibrations and the config to a command. */
export function withCalibrationOptions(command: Command): Command {
  command.option('--instrument <name>', `camera of the frames: ${Object.keys(instruments).join(', ')} (default: the one whose header it is)`);
  for (const name of FRAMES) command.option(`--${name} <file>`, `${name === 'illumination' ? 'illumination correction' : `${name} frame`} (FITS)`);
  for (const name of TABLES) command.option(`--${name} <file>`, `${name} table (ECSV, CSV, Parquet, FITS${name === 'defects' || name === 'crosstalk' ? ', text' : ''})`);
  return command.option('-c, --config <name=value>', 'config of ISR, repeatable, like overscanFitType=MEDIAN', (text: string, list: string[]) => [...list, text], []);
}

/** Every detector image of the files; the name tells file and detector. @throws ApError with the file. */
export function readRaws(files: readonly string[]): NamedRaw[] {
  return files.flatMap(file => {
    try {
      const frames = readRawFrames(readBytes(file));
      return frames.map((raw, k) => ({ name: frames.length === 1 ? file : `${file}[${String(raw.header.EXTNAME ?? k)}]`, raw }));
    } catch (error) {
      throw withFile(error, file);
    }
  });
}

/** The camera asked for, or the only one that understands the header. @throws ApError BAD_CONFIG, BAD_FORMAT with every reason. */
export function instrumentOfRaws(raws: readonly NamedRaw[], named: string | undefined): Instrument {
  if (named !== undefined) {
    const found = instruments[named];
    if (found === undefined) throw new ApError('BAD_CONFIG', { where: '--instrument', found: named, expected: Object.keys(instruments).join(', ') });
    return found;
  }
  const reasons: string[] = [];
  for (const { raw } of raws) {
    for (const instrument of Object.values(instruments)) {
      try {
        instrument.translate(raw.header);
        return instrument;
      } catch (error) {
        if (!(error instanceof ApError)) throw error;
        reasons.push(`${instrument.name}: ${String(error.context.where ?? error.message)} = ${String(error.context.found ?? '?')}`);
      }
    }
    break;
  }
  throw new ApError('BAD_FORMAT', {
    where: raws[0]?.name, found: `a header of no known camera (${reasons.join('; ')})`, expected: Object.keys(instruments).join(', '), todo: 'name one with --instrument',
  });
}

/**
 * Calibrations of the files, and the config: that of the camera, then what is given; a step whose calibration is named is
 * on, one without is off unless the config asks for it. @throws ApError for files and values that are wrong.
 */
export async function calibrationsOf(
  instrument: Instrument, detector: number, options: CalibrationOptions,
): Promise<{ calibrations: Omit<IsrInputs, 'raw'>; config: IsrValues; without: string[] }> {
  const frame = (name: (typeof FRAMES)[number]): Exposure | null => (options[name] === undefined ? null : readFrame(options[name]));
  const table = async (name: (typeof TABLES)[number]): Promise<Table | null> =>
    (options[name] === undefined ? null : readCalibrationTable(name, options[name], instrument, detector));
  const calibrations = {
    rawMask: null, crosstalkSources: [],
    bias: frame('bias'), dark: frame('dark'), flat: frame('flat'), fringe: frame('fringe'), illumination: frame('illumination'),
    defects: await table('defects'), linearizer: await table('linearizer'), crosstalk: await table('crosstalk'), bfKernel: await table('bfk'),
  };
  const given = options.config.map(text => {
    const [name, ...rest] = text.split('=');
    return { name: name!.trim(), value: valueOf(rest.join('=')), where: `--config ${text}` };
  });
  const overrides = Object.entries(instrument.overrides.isr ?? {}).map(([name, value]) => ({ name, value, where: `overrides of ${instrument.name}` }));
  const switches = [...FRAMES, ...TABLES].map(name => ({ name: SWITCH[name], value: options[name] !== undefined, where: `--${name}` }));
  const items = [...overrides, ...switches, ...given].map(({ name, value, where }) => ({ field: name, value, where }));
  const { config } = resolveConfig(isr, items, new Map());
  const without = FRAMES.slice(0, 3).filter(name => config[SWITCH[name]] === false);
  return { calibrations, config: config as unknown as IsrValues, without };
}

function valueOf(text: string): unknown {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function readFrame(file: string): Exposure {
  try {
    return readAnyExposure(readBytes(file));
  } catch (error) {
    throw withFile(error, file);
  }
}

async function readCalibrationTable(kind: string, file: string, instrument: Instrument, detector: number): Promise<Table> {
  try {
    const bytes = readBytes(file);
    if (!/\.(txt|dat)$/.test(file)) return await readTableFile(file, bytes);
    const text = new TextDecoder().decode(bytes);
    if (kind === 'defects') return parseDefectsText(text);
    if (kind === 'crosstalk') {
      return tableFromRows(CROSSTALK_COLUMNS, parseCrosstalkText(text, instrument.detectors, detector)
        .map(({ sourceDetector, ...term }) => ({ source_detector: sourceDetector, ...term })));
    }
    throw new ApError('BAD_FORMAT', { found: path.extname(file), expected: 'ecsv, csv, parq or fits' });
  } catch (error) {
    throw withFile(error, file);
  }
}

/** Writes under a temporary name first, so that the file is there whole or not at all. */
export function writeWhole(file: string, bytes: Uint8Array | string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, bytes);
  renameSync(`${file}.tmp`, file);
}
