/** `ap-verify calib build bias | dark | flat | fringe | defects`: calibrations of a camera from its raw frames. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { Argument } from 'commander';
import type { Command } from 'commander';
import { repositoryExists } from '../../butler/repository.ts';
import type { Repository } from '../../butler/repository.ts';
import { readDataset, stageDataset } from '../../butler/staging.ts';
import { writeExposure } from '../../formats/exposureFits.ts';
import { writeTableFile } from '../../formats/tableFile.ts';
import type { DatasetType, TimeSpan } from '../../model/dataset.ts';
import * as types from '../../model/datasetTypes.ts';
import { AlgorithmError, ApError } from '../../model/errors.ts';
import type { Exposure } from '../../model/image.ts';
import type { Instrument, RawFrame } from '../../model/instrument.ts';
import type { Table } from '../../model/table.ts';
import { isoOfTaiNs, taiNsOfTaiIso } from '../../sky/time.ts';
import { buildCalibration, CALIBRATION_KINDS } from '../../tasks/buildCalibration.ts';
import type { BuiltCalibration, CalibrationKind, NamedRaw } from '../../tasks/buildCalibration.ts';
import { calibrationsOf, instrumentOfRaws, readRaws, withCalibrationOptions, writeWhole } from '../rawFiles.ts';
import type { CalibrationOptions } from '../rawFiles.ts';
import { instrumentOf } from '../repositoryOf.ts';
import { print, splitNames, withRepository, withRun } from './butler/common.ts';

interface Options extends CalibrationOptions {
  readonly output?: string;
  readonly input?: string;
  readonly where?: string;
  readonly filter?: string;
  readonly sigma: string;
  readonly beginDate?: string;
  readonly endDate?: string;
  readonly label?: string;
}

export function addCalibCommand(program: Command): void {
  const calib = program.command('calib').description('calibrations of a camera');
  withCalibrationOptions(calib.command('build').addArgument(new Argument('<kind>', 'what to make').choices(CALIBRATION_KINDS))
    .argument('<repo-or-file...>', 'a repository, whose raws are chosen with -d, or raw files')
    .description('combine raw frames with clipping; frames that do not belong are left out with the reason')
    .option('-o, --output <folder>', 'folder for the result of files')
    .option('-i, --input <collections>', 'collections of the raws in a repository (default: <instrument>/raw/all)')
    .option('-d, --where <expression>', 'raws of a repository, like "exposure.observation_type = \'bias\'"')
    .option('--filter <name>', 'filter of a flat or fringe frame (default: the one that most frames have)')
    .option('--sigma <n>', 'clipping of the combination', '4')
    .option('--begin-date <time>', 'begin of the validity in a repository, TAI (default: the first frame)')
    .option('--end-date <time>', 'end of the validity, TAI; not included (default: for ever)')
    .option('--label <name>', 'extra part of the collection names'))
    .action((kind: CalibrationKind, sources: string[], options: Options) => buildCommand(kind, sources, options));
}

async function buildCommand(kind: CalibrationKind, sources: string[], options: Options): Promise<void> {
  const [first] = sources;
  const isRepository = sources.length === 1 && (repositoryExists(first!) || repositoryExists(path.join(first!, 'repo')));
  if (isRepository) return buildInRepository(kind, first!, options);
  const files = sources.filter(source => statSync(source, { throwIfNoEntry: false })?.isDirectory() !== true);
  if (files.length < sources.length) {
    throw new ApError('REPOSITORY', { where: sources.find(source => !files.includes(source)), found: 'a folder without a repository', expected: 'a repository or raw files' });
  }
  if (options.output === undefined) throw new ApError('USAGE', { found: 'raw files without --output', expected: '-o FOLDER' });
  const raws = readRaws(files);
  const instrument = instrumentOfRaws(raws, options.instrument);
  for (const [detector, list] of byDetector(raws, instrument)) {
    const built = await build(kind, list, { instrument, detector, options });
    const name = [kind, instrument.name, instrument.detectors.find(d => d.id === detector)?.name ?? detector, built.physicalFilter.replace(/\W+/g, '_')];
    const stem = path.join(options.output, name.filter(part => part !== '').join('-'));
    const file = kind === 'defects' ? `${stem}.ecsv` : `${stem}.fits`;
    writeWhole(file, kind === 'defects' ? writeTableFile(file, built.product as Table) : writeExposure(built.product as Exposure));
    tell(file, built);
  }
}

/** Frames that no camera understands go to the first detector, where they are rejected with the reason. */
function byDetector(raws: readonly NamedRaw[], instrument: Instrument): Map<number, NamedRaw[]> {
  const groups = new Map<number, NamedRaw[]>();
  const odd: NamedRaw[] = [];
  for (const item of raws) {
    try {
      const { detector } = instrument.translate(item.raw.header);
      groups.set(detector, [...groups.get(detector) ?? [], item]);
    } catch (error) {
      if (!(error instanceof ApError)) throw error;
      odd.push(item);
    }
  }
  const [first] = groups;
  first?.[1].push(...odd);
  return groups;
}

interface BuildContext {
  readonly instrument: Instrument;
  readonly detector: number;
  readonly options: Options;
}

async function build(
  kind: CalibrationKind, raws: readonly NamedRaw[], { instrument, detector, options }: BuildContext,
): Promise<BuiltCalibration> {
  const { calibrations, config } = await calibrationsOf(instrument, detector, options);
  const nSigma = Number(options.sigma);
  if (!(nSigma > 0)) throw new ApError('USAGE', { where: '--sigma', found: options.sigma, expected: 'a number above 0' });
  try {
    return buildCalibration(kind, raws, {
      instrument, config, calibrations, nSigma, filter: options.filter ?? null,
      log: { info: () => undefined, warn: text => process.stderr.write(`${text}\n`) },
    });
  } catch (error) {
    if (!(error instanceof AlgorithmError)) throw error;
    throw new ApError('DATASET_NOT_FOUND', { where: `calib build ${kind}, detector ${detector}`, found: error.message, expected: 'raw frames that belong together' });
  }
}

function tell(where: string, { used, rejected, metadata }: BuiltCalibration): void {
  for (const { name, reason } of rejected) process.stderr.write(`left out ${name}: ${reason}\n`);
  const facts = Object.entries(metadata).map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(6)) : value}`).join(', ');
  print(`${where}: ${used.length} frames (${facts})`);
}

const TYPES: Readonly<Record<CalibrationKind, DatasetType>> = {
  bias: types.bias, dark: types.dark, flat: types.flat, fringe: types.fringe, defects: types.defects,
};

/** Raws from the repository, calibrations from its `<instrument>/calib`, the result certified there. */
async function buildInRepository(kind: CalibrationKind, repo: string, options: Options): Promise<void> {
  let calib = '';
  await withRepository(repo, repository => {
    calib = [instrumentOf(repository, options.instrument).name, 'calib', ...(options.label === undefined ? [] : [options.label])].join('/');
  }, { readonly: true });
  await withRun(repo, calib, async repository => {
    const instrument = instrumentOf(repository, options.instrument);
    const raws = await rawsOf(repository, instrument, kind, options);
    for (const [detector, list] of byDetector(raws, instrument)) {
      const built = await build(kind, list, { instrument, detector, options });
      store(repository, calib, kind, { instrument, detector, options, built });
    }
  });
}

const DEFAULT_WHERE: Readonly<Record<CalibrationKind, string>> = {
  bias: "exposure.observation_type = 'bias'", dark: "exposure.observation_type = 'dark'", flat: "exposure.observation_type = 'flat'",
  fringe: "exposure.observation_type = 'science'", defects: "exposure.observation_type IN ('flat', 'dark')",
};

async function rawsOf(repository: Repository, instrument: Instrument, kind: CalibrationKind, options: Options): Promise<NamedRaw[]> {
  const collections = options.input === undefined ? [`${instrument.name}/raw/all`] : splitNames(options.input);
  const where = options.where ?? DEFAULT_WHERE[kind];
  const refs = repository.query(types.raw, collections, { where: `instrument = '${instrument.name}' AND (${where})` });
  if (refs.length === 0) throw new ApError('DATASET_NOT_FOUND', { where: collections.join(', '), found: `no raw with ${where}`, expected: 'raws to combine', todo: 'choose them with -d' });
  const raws: NamedRaw[] = [];
  for (const ref of refs) {
    const raw = await readDataset(repository.root, types.raw, repository.pathOf(ref)) as RawFrame;
    raws.push({ name: `exposure ${ref.dataId.exposure}, detector ${ref.dataId.detector}`, raw });
  }
  return raws;
}

interface StoreContext extends BuildContext {
  readonly built: BuiltCalibration;
}

function store(repository: Repository, calib: string, kind: CalibrationKind, { instrument, detector, options, built }: StoreContext): void {
  const type = TYPES[kind];
  const begin = options.beginDate === undefined ? built.begin_taiNs : taiNsOfTaiIso(options.beginDate);
  const timespan: TimeSpan = { begin_ns: begin, end_ns: options.endDate === undefined ? null : taiNsOfTaiIso(options.endDate) };
  const run = `${calib}/${kind}/${isoOfTaiNs(begin).slice(0, 19).replaceAll(/[-:]/g, '')}`;
  const dataId = {
    instrument: instrument.name, detector,
    ...(type.dimensions.includes('physical_filter') ? { physical_filter: built.physicalFilter } : {}),
  };
  repository.registerDatasetType(type);
  repository.registerRun(run);
  repository.registerCalibrationCollection(calib);
  const [ref] = repository.commit([stageDataset(repository.root, { type, dataId, run }, built.product)]);
  repository.certify(calib, [ref!], timespan);
  tell(`${kind} of detector ${detector} certified in ${calib} from ${isoOfTaiNs(begin).slice(0, 19)}`, built);
}
