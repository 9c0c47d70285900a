/** A dataset package into a data repository. Done twice, it changes nothing. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { defineVisits, ingestRaws } from '../butler/ingestRaws.ts';
import type { Repository } from '../butler/repository.ts';
import { readExposure } from '../formats/exposureFits.ts';
import type { DataId, DatasetType, DimensionRecord, TimeSpan } from '../model/dataset.ts';
import * as types from '../model/datasetTypes.ts';
import { ApError } from '../model/errors.ts';
import type { Exposure } from '../model/image.ts';
import type { Instrument } from '../model/instrument.ts';
import type { SkyPolygon } from '../model/apdb.ts';
import { encodePolygon } from '../sky/regionEncoding.ts';
import { orientedPolygon, polygonOfBox } from '../sky/sphere.ts';
import { pixelsToSky } from '../sky/wcs.ts';
import { taiNsOfUtcIso, utcIsoOfTaiNs } from '../sky/time.ts';
import type { DatasetPackage, FileRole, PackageFile } from './datasetPackage.ts';

const TYPES: Readonly<Partial<Record<FileRole, DatasetType>>> = {
  raw_mask: types.rawMask, bias: types.bias, dark: types.dark, flat: types.flat, defects: types.defects,
  refcat: types.refcat, template: types.templateExposure, truth: types.truth,
};
const CALIBRATIONS: readonly FileRole[] = ['bias', 'dark', 'flat', 'defects'];

/** Collections of an ingested package; `inputs` is the chain that a run searches. */
export interface PackageCollections {
  readonly raw: string;
  readonly calib: string;
  readonly inputs: string;
}

export function packageCollections(instrument: string, { manifest }: DatasetPackage): PackageCollections {
  const stem = `${manifest.name}/${manifest.version}`;
  return { raw: `${instrument}/raw/all`, calib: `${instrument}/calib/${stem}`, inputs: `${instrument}/defaults/${stem}` };
}

/**
 * Registers the instrument, ingests raw frames and defines their visits, then ingests everything else that
 * the manifest lists: calibrations are certified for their validity, templates bring their visits along.
 * Files are linked where the file system allows it. Throws FILE_TRUNCATED, BAD_FITS, DATASET_CONFLICT and
 * CALIBRATION_OVERLAP with the file.
 */
export function ingestPackage(repository: Repository, dataset: DatasetPackage, instrument: Instrument): PackageCollections {
  const collections = packageCollections(instrument.name, dataset);
  const files = (...roles: FileRole[]): PackageFile[] => dataset.manifest.files.filter(({ role }) => roles.includes(role));
  const absolute = (file: PackageFile): string => path.join(dataset.root, file.path);
  repository.registerInstrument(instrument);
  repository.registerRun(collections.raw);
  ingestRaws(repository, instrument, files('raw').map(absolute), { run: collections.raw, mode: 'link' });
  defineVisits(repository, instrument);
  for (const file of files('template')) defineTemplateVisit(repository, instrument, file, readExposure(readFileSync(absolute(file))));
  const runs = new Map<string, PackageFile[]>();
  for (const file of dataset.manifest.files.filter(({ role }) => TYPES[role] !== undefined)) {
    const run = runOf(file, dataset, collections);
    runs.set(run, [...(runs.get(run) ?? []), file]);
  }
  repository.registerCalibrationCollection(collections.calib);
  for (const [run, members] of runs) ingestRun(repository, run, members, { instrument, absolute, collections });
  // Not the run that holds the calibration files: found there, a calibration would be valid for ever.
  const others = [...runs.keys()].filter(run => run !== collections.raw && run !== calibrationRun(collections));
  repository.registerChain(collections.inputs, [collections.raw, collections.calib, ...others]);
  return collections;
}

function calibrationRun({ calib }: PackageCollections): string {
  return `${calib}/files`;
}

function runOf({ role }: PackageFile, { manifest }: DatasetPackage, collections: PackageCollections): string {
  if (role === 'raw_mask') return collections.raw;
  if (CALIBRATIONS.includes(role)) return calibrationRun(collections);
  return `${{ refcat: 'refcats', template: 'templates', truth: 'truth' }[role as 'refcat']}/${manifest.name}/${manifest.version}`;
}

interface IngestContext {
  readonly instrument: Instrument;
  readonly absolute: (file: PackageFile) => string;
  readonly collections: PackageCollections;
}

function ingestRun(repository: Repository, run: string, files: readonly PackageFile[], context: IngestContext): void {
  const { instrument, absolute, collections } = context;
  repository.registerRun(run);
  const items = files.map(file => {
    const type = TYPES[file.role]!;
    repository.registerDatasetType(type);
    return { type, dataId: dataIdOf(file, type, instrument), run, path: absolute(file), mode: 'link' as const };
  });
  const refs = repository.ingest(items);
  refs.forEach((ref, i) => {
    if (CALIBRATIONS.includes(files[i]!.role)) repository.certify(collections.calib, [ref], validityOf(files[i]!));
  });
}

/** The data ID of the manifest with what it leaves out because there is no choice. */
function dataIdOf(file: PackageFile, type: DatasetType, instrument: Instrument): DataId {
  const given = { ...(type.dimensions.includes('instrument') ? { instrument: instrument.name } : {}), ...file.dataId };
  const missing = type.dimensions.filter(dimension => given[dimension] === undefined);
  if (missing.length > 0) {
    throw new ApError('DATASET_PACKAGE_INVALID', { where: file.path, found: `a data ID without ${missing.join(', ')}`, expected: type.dimensions.join(', ') });
  }
  return given;
}

function validityOf({ validity }: PackageFile): TimeSpan {
  const ns = (text: string | undefined): bigint | null => (text === undefined ? null : taiNsOfUtcIso(text));
  return { begin_ns: ns(validity?.begin), end_ns: ns(validity?.end) };
}

/** A template is an exposure of an earlier visit, which has no raw frame: its visit and region come from the template. */
function defineTemplateVisit(repository: Repository, instrument: Instrument, file: PackageFile, exposure: Exposure): void {
  const { visitInfo, wcs, width, height, physicalFilter } = exposure;
  if (wcs === null) throw new ApError('BAD_WCS', { where: file.path, found: 'no WCS', expected: 'a calibrated exposure' });
  const visit = Number(file.dataId?.visit ?? visitInfo.visit);
  const common = { instrument: instrument.name };
  const day_obs = dayOf(visitInfo.end_taiNs);
  const timespan: TimeSpan = { begin_ns: visitInfo.begin_taiNs, end_ns: visitInfo.end_taiNs };
  if (!repository.records('day_obs').some(record => Number(record.id) === day_obs)) {
    repository.insertRecords('day_obs', [{ ...common, id: day_obs, timespan: { begin_ns: null, end_ns: null } }]);
  }
  if (!repository.records('visit').some(record => Number(record.id) === visit)) {
    const record: DimensionRecord = {
      ...common, id: visit, name: `template-${visit}`, physical_filter: physicalFilter, day_obs, seq_num: 0,
      exposure_time: visitInfo.exposureTime_s, target_name: 'template', observation_reason: 'template', science_program: 'template',
      azimuth: null, zenith_angle: null, timespan,
      region: encodePolygon(boxAround(instrument, exposure)),
    };
    repository.insertRecords('visit', [record]);
  }
  repository.insertRecords('visit_detector_region', [{
    ...common, visit, detector: exposure.detector, region: encodePolygon(polygonOfBox(wcs, width, height)),
  }]);
}

/** A square about the template that holds the whole camera, whatever the detector: its diagonal for every detector. */
function boxAround(instrument: Instrument, { wcs, width, height }: Exposure): SkyPolygon {
  const reach = instrument.detectors.reduce((sum, d) => sum + Math.hypot(d.width, d.height), 0);
  const [x0, x1, y0, y1] = [width / 2 - reach, width / 2 + reach, height / 2 - reach, height / 2 + reach];
  const corners = pixelsToSky(wcs!, [x0, x1, x1, x0], [y0, y0, y1, y1]);
  return orientedPolygon([0, 1, 2, 3].map(k => [corners.ra[k]!, corners.dec[k]!] as const));
}

function dayOf(taiNs: bigint): number {
  return Number(utcIsoOfTaiNs(taiNs).slice(0, 10).replaceAll('-', ''));
}
