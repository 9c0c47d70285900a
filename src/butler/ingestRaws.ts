/** Raw frames into a repository: headers translated, exposures registered, files ingested, visits defined. */
import { readFileSync } from 'node:fs';
import { readRawFrame } from '../formats/rawFits.ts';
import type { DatasetRef, DimensionRecord } from '../model/dataset.ts';
import { raw } from '../model/datasetTypes.ts';
import { ApError } from '../model/errors.ts';
import type { Instrument, RawFacts } from '../model/instrument.ts';
import { encodePolygon } from '../sky/regionEncoding.ts';
import { polygonOfBox } from '../sky/sphere.ts';
import { taiNsOfTaiIso } from '../sky/time.ts';
import { ONE_TO_ONE } from './instrumentRecords.ts';
import { hullOfPolygons } from './regions.ts';
import type { Repository, TransferMode } from './repository.ts';
import { fileFacts, withFile } from './staging.ts';

/** Regions are conservatively large, because the WCS of a raw header is a first guess. */
const PAD_PX = 100;
const NS_PER_HOUR = 3_600_000_000_000n;
/** Exposures that do not look at the sky. */
const DARK_TYPES = new Set(['bias', 'dark', 'flat', 'domeflat', 'zero', 'test']);

export interface RawIngest {
  /** Datasets that are new in the run, in the order of the paths. */
  readonly ingested: DatasetRef[];
  /** Files that were there already, each with the reason in words. */
  readonly skipped: { readonly path: string; readonly reason: string }[];
}

interface RawFile {
  readonly path: string;
  readonly facts: RawFacts;
}

export interface RawIngestOptions {
  readonly run: string;
  readonly mode: TransferMode;
  /** Files that cannot be read or understood are skipped with the reason, instead of stopping everything. */
  readonly isTolerant?: boolean;
  /** Called after each file that was read. */
  readonly onFile?: (nDone: number, nTotal: number) => void;
}

/**
 * Reads every file whole, registers the exposures, their groups and days, and ingests the files as `raw`. All or
 * nothing. The record of an exposure is that of its detector with the lowest number.
 * @throws ApError FILE_NOT_FOUND, FILE_TRUNCATED, BAD_FITS, BAD_FORMAT (header, unknown detector or filter) naming the
 * file; DATASET_CONFLICT for another frame of the same exposure and detector, or an exposure whose facts differ.
 */
export function ingestRaws(
  repository: Repository, instrument: Instrument, paths: readonly string[], options: RawIngestOptions,
): RawIngest {
  const result: RawIngest = { ingested: [], skipped: [] };
  const files = paths.flatMap((path, k): RawFile[] => {
    try {
      return [{ path, facts: readFacts(instrument, path) }];
    } catch (error) {
      if (options.isTolerant !== true || !(error instanceof ApError)) throw error;
      result.skipped.push({ path, reason: error.message });
      return [];
    } finally {
      options.onFile?.(k + 1, paths.length);
    }
  });
  repository.transaction(() => {
    repository.registerInstrument(instrument);
    repository.registerRun(options.run);
    repository.registerDatasetType(raw);
    insertExposures(repository, instrument, files);
    const seen = new Map<string, string>();
    const wanted = files.filter(file => isNew(repository, { file, instrument, run: options.run, seen, skipped: result.skipped }));
    result.ingested.push(...repository.ingest(wanted.map(({ path, facts }) => ({
      type: raw, dataId: dataIdOf(instrument, facts), run: options.run, path, mode: options.mode, idMode: 'DATAID_TYPE',
    }))));
  });
  return result;
}

function dataIdOf(instrument: Instrument, { exposure, detector }: RawFacts): { instrument: string; detector: number; exposure: number } {
  return { instrument: instrument.name, detector, exposure };
}

/** The facts of one file. Pixels are decoded too: a file that is cut short is noticed here and not in a task. */
function readFacts(instrument: Instrument, path: string): RawFacts {
  fileFacts(path);
  try {
    const facts = instrument.translate(readRawFrame(readFileSync(path)).header);
    const { detector, physicalFilter } = facts;
    const detectors = instrument.detectors.map(d => d.id);
    if (!detectors.includes(detector)) throw unknown('detector', detector, detectors);
    const filters = instrument.filters.map(f => f.name);
    if (!filters.includes(physicalFilter)) throw unknown('filter', physicalFilter, filters);
    return facts;
  } catch (error) {
    throw withFile(error, path);
  }
}

function unknown(what: string, found: string | number, expected: readonly (string | number)[]): ApError {
  return new ApError('BAD_FORMAT', { found: `${what} ${found}`, expected: expected.join(', ') });
}

interface Candidate {
  readonly file: RawFile;
  readonly instrument: Instrument;
  readonly run: string;
  /** Exposure and detector -> path of the files before this one. */
  readonly seen: Map<string, string>;
  readonly skipped: RawIngest['skipped'];
}

function isNew(repository: Repository, { file: { path, facts }, instrument, run, seen, skipped }: Candidate): boolean {
  const key = `exposure ${facts.exposure}, detector ${facts.detector}`;
  const { size_byte } = fileFacts(path);
  const twin = seen.get(key);
  const existing = twin === undefined ? repository.find(raw, dataIdOf(instrument, facts), [run]) : null;
  const other = twin ?? (existing !== null && repository.has(existing) ? repository.pathOf(existing) : undefined);
  if (other === undefined) {
    seen.set(key, path);
    return true;
  }
  if (fileFacts(other).size_byte !== size_byte) {
    const expected = `${fileFacts(other).size_byte} bytes as ${other}`;
    throw new ApError('DATASET_CONFLICT', {
      where: path, found: `${key} with ${size_byte} bytes`, expected, todo: 'ingest into another run',
    });
  }
  skipped.push({ path, reason: twin === undefined ? `${key} is in ${run} already` : `${key} is in ${twin}, too` });
  return false;
}

function insertExposures(repository: Repository, instrument: Instrument, files: readonly RawFile[]): void {
  const known = new Map(repository.records('exposure').filter(r => r.instrument === instrument.name).map(r => [r.id, r]));
  const ordered = files.toSorted((a, b) => a.facts.exposure - b.facts.exposure || a.facts.detector - b.facts.detector);
  for (const { path, facts } of ordered) {
    const record = exposureRecord(instrument, facts);
    const existing = known.get(facts.exposure);
    if (existing === undefined) {
      repository.insertRecords('day_obs', [dayRecord(instrument, facts)], 'keep');
      repository.insertRecords('group', [{ instrument: instrument.name, name: facts.groupName }]);
      repository.insertRecords('exposure', [record]);
      known.set(facts.exposure, record);
    } else checkSameExposure(path, record, existing);
  }
}

/** Detectors of one exposure may differ in pointing and in time of read-out, not in what identifies the exposure. */
function checkSameExposure(path: string, record: DimensionRecord, existing: DimensionRecord): void {
  for (const column of ['obs_id', 'physical_filter', 'day_obs', 'group', 'observation_type']) {
    if (record[column] === existing[column]) continue;
    throw new ApError('DATASET_CONFLICT', {
      where: `${path}, exposure ${String(record.id)}`, found: `${column} ${String(record[column])}`, expected: String(existing[column]),
    });
  }
}

/** A day of 24 hours from midnight or, where exposures of it end before that, from noon (TAI). */
function dayRecord(instrument: Instrument, { dayObs, visitInfo }: RawFacts): DimensionRecord {
  const iso = String(dayObs).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  const midnight = taiNsOfTaiIso(iso);
  const isWithin = visitInfo.begin_taiNs >= midnight && visitInfo.begin_taiNs < midnight + 24n * NS_PER_HOUR;
  const begin_ns = isWithin ? midnight : midnight + 12n * NS_PER_HOUR;
  return { instrument: instrument.name, id: dayObs, timespan: { begin_ns, end_ns: begin_ns + 24n * NS_PER_HOUR } };
}

/** All columns of the universe; what raw headers do not say is null. */
function exposureRecord(instrument: Instrument, facts: RawFacts): DimensionRecord {
  const { visitInfo } = facts;
  return {
    instrument: instrument.name, id: facts.exposure, day_obs: facts.dayObs, group: facts.groupName, physical_filter: facts.physicalFilter,
    obs_id: facts.obsId, exposure_time: visitInfo.exposureTime_s, dark_time: visitInfo.darkTime_s,
    observation_type: facts.observationType, observation_reason: facts.observationType,
    seq_num: facts.seqNum, seq_start: facts.seqNum, seq_end: facts.seqNum, target_name: facts.targetName, science_program: null,
    tracking_ra: visitInfo.boresightRa_deg, tracking_dec: visitInfo.boresightDec_deg, sky_angle: visitInfo.rotation_deg,
    azimuth: null, zenith_angle: zenithAngle_deg(visitInfo.airmass), has_simulated: null,
    can_see_sky: !DARK_TYPES.has(facts.observationType.toLowerCase()),
    timespan: { begin_ns: visitInfo.begin_taiNs, end_ns: visitInfo.end_taiNs },
  };
}

/** Of the plane-parallel atmosphere, where the airmass is the secant. */
function zenithAngle_deg(airmass: number): number | null {
  return airmass >= 1 ? (Math.acos(1 / airmass) * 180) / Math.PI : null;
}

/**
 * Defines a visit for every exposure that sees the sky and has raw frames: same number, region of each detector from
 * the WCS in the header (grown by 100 pixels), region of the visit as the hull around them. Frames that came later
 * are added to their visit. Without a WCS there is no region. Returns the number of new visits.
 * @throws ApError naming the file when a raw frame cannot be read again.
 */
export function defineVisits(repository: Repository, instrument: Instrument): number {
  const own = (element: string): readonly DimensionRecord[] => repository.records(element).filter(r => r.instrument === instrument.name);
  const raws = Map.groupBy(rawsOf(repository, instrument), ref => Number(ref.dataId.exposure));
  const visits = new Set(own('visit').map(record => record.id));
  const regions = new Set(own('visit_detector_region').map(record => `${String(record.visit)} ${String(record.detector)}`));
  const exposures = own('exposure').filter(({ can_see_sky: isSky }) => isSky !== false);
  const incomplete = exposures.filter(({ id }) => raws.get(Number(id))
    ?.some(({ dataId }) => !visits.has(Number(id)) || !regions.has(`${String(id)} ${String(dataId.detector)}`)));
  repository.transaction(() => {
    repository.insertRecords('visit_system', [{ instrument: instrument.name, ...ONE_TO_ONE }]);
    for (const exposure of incomplete) defineVisit(repository, instrument, exposure, raws.get(Number(exposure.id))!);
  });
  return incomplete.filter(({ id }) => !visits.has(id!)).length;
}

function rawsOf(repository: Repository, instrument: Instrument): DatasetRef[] {
  const runs = repository.collections().filter(({ type }) => type === 'RUN').map(({ name }) => name);
  return repository.query(raw, runs).filter(({ dataId }) => dataId.instrument === instrument.name);
}

function defineVisit(repository: Repository, instrument: Instrument, exposure: DimensionRecord, raws: readonly DatasetRef[]): void {
  const { id, obs_id: name, day_obs, physical_filter, seq_num, exposure_time, target_name } = exposure;
  const { observation_reason, science_program, azimuth, zenith_angle, timespan } = exposure;
  const boxes = raws.map(ref => {
    const { wcs, detector } = readFacts(instrument, repository.pathOf(ref));
    const { width, height } = instrument.detectors.find(d => d.id === detector)!;
    return { detector, polygon: wcs === null ? null : polygonOfBox(wcs, width, height, PAD_PX) };
  });
  const polygons = boxes.flatMap(({ polygon }) => (polygon === null ? [] : [polygon]));
  const common = { instrument: instrument.name };
  repository.insertRecords('visit', [{
    ...common, id: id!, name: name!, day_obs: day_obs!, physical_filter: physical_filter!, seq_num: seq_num!, exposure_time: exposure_time!,
    target_name: target_name!, observation_reason: observation_reason!, science_program: science_program!, azimuth: azimuth!,
    zenith_angle: zenith_angle!, timespan: timespan!,
    region: polygons.length === 0 ? null : encodePolygon(hullOfPolygons(polygons)),
  }], 'replace');
  repository.insertRecords('visit_definition', [{ ...common, exposure: id!, visit: id! }]);
  repository.insertRecords('visit_system_membership', [{ ...common, visit_system: ONE_TO_ONE.id, visit: id! }]);
  repository.insertRecords('visit_detector_region', boxes.map(({ detector, polygon }) =>
    ({ ...common, visit: id!, detector, region: polygon === null ? null : encodePolygon(polygon) })), 'replace');
}
