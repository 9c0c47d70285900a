/** `ap-verify image isr`: raw frames to detector images in electrons. */
import path from 'node:path';
import type { Command } from 'commander';
import { writeExposure } from '../../../formats/exposureFits.ts';
import { encodePng } from '../../../formats/png.ts';
import { pythonJsonText } from '../../../formats/pythonJson.ts';
import { AlgorithmError } from '../../../model/errors.ts';
import type { Exposure } from '../../../model/image.ts';
import type { Instrument } from '../../../model/instrument.ts';
import type { TaskContext } from '../../../pipeline/task.ts';
import { overviewRgb } from '../../../report/stretch.ts';
import type { NamedRaw } from '../../../tasks/buildCalibration.ts';
import { isr } from '../../../tasks/isr.ts';
import type { Outcome } from '../../main.ts';
import { calibrationsOf, instrumentOfRaws, readRaws, withCalibrationOptions, writeWhole } from '../../rawFiles.ts';
import type { CalibrationOptions } from '../../rawFiles.ts';

interface Options extends CalibrationOptions {
  readonly output: string;
}

const OVERVIEW_PX = 1024;

export function addIsrCommand(image: Command, outcome: Outcome): void {
  withCalibrationOptions(image.command('isr <file...>')
    .description('remove the instrument signature: <stem>.isr.fits with image, variance and mask, <stem>.isr.json, <stem>.isr.png')
    .requiredOption('-o, --output <folder>', 'where the results go'))
    .action((files: string[], options: Options) => isrCommand(files, options, outcome));
}

/** Frames that end as a scientific outcome are told and left out; the exit code is then 3. */
async function isrCommand(files: readonly string[], options: Options, outcome: Outcome): Promise<void> {
  for (const file of files) {
    for (const item of readRaws([file])) {
      if (!await correct(item, instrumentOfRaws([item], options.instrument), options)) outcome.exitCode = 3;
    }
  }
}

async function correct(item: NamedRaw, instrument: Instrument, options: Options): Promise<boolean> {
  const facts = instrument.translate(item.raw.header);
  const { calibrations, config, without } = await calibrationsOf(instrument, facts.detector, options);
  const metadata: TaskContext['metadata'] = {};
  const warn = (text: string): void => { process.stderr.write(`${item.name}: ${text}\n`); };
  if (without.length > 0) warn(`without ${without.join(', ')}`);
  const context: TaskContext = {
    dataId: { instrument: instrument.name, exposure: facts.exposure, detector: facts.detector }, instrument, records: {},
    seed: facts.exposure, apdb: null, metadata, log: { info: () => undefined, warn },
  };
  const stem = path.join(options.output, `${path.basename(item.name).replace(/\.(fits?|fz|gz)(?=[.[]|$)/g, '').replace(/[[\]]/g, '_')}.isr`);
  try {
    const { outputExposure } = isr.run({ ...calibrations, raw: item.raw }, config, context);
    writeWhole(`${stem}.fits`, writeExposure({ ...outputExposure, metadata }));
    writeWhole(`${stem}.json`, pythonJsonText(metadata));
    writeWhole(`${stem}.png`, overview(outputExposure));
    process.stdout.write(`${stem}.fits: ${levels(metadata)}\n`);
    return true;
  } catch (error) {
    if (!(error instanceof AlgorithmError)) throw error;
    warn(`no result: ${error.message} (${Object.entries(error.metadata).map(([name, value]) => `${name} ${value}`).join(', ')})`);
    return false;
  }
}

function overview(exposure: Exposure): Uint8Array {
  const { width, height, rgb } = overviewRgb(exposure, OVERVIEW_PX);
  return encodePng(width, height, rgb);
}

function levels(metadata: TaskContext['metadata']): string {
  const amplifiers = Object.keys(metadata).filter(key => key.startsWith('level_electron_')).map(key => key.slice('level_electron_'.length));
  const number = (key: string): string => Number(metadata[key]).toFixed(1);
  return amplifiers.map(name => `${name} ${number(`level_electron_${name}`)} ± ${number(`levelSigma_electron_${name}`)} e-`).join(', ');
}
