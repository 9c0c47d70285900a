/** The dataset packages `sim-small` and `sim-ci`: 4 visits of a small camera, or of one detector of it, made from a seed. */
import { writeExposure } from '../formats/exposureFits.ts';
import { writeTable } from '../formats/parquet.ts';
import { writeRawFrame } from '../formats/rawFits.ts';
import type { DataId } from '../model/dataset.ts';
import type { Detector } from '../model/instrument.ts';
import { random } from '../numeric/random.ts';
import { sim } from '../instruments/sim/index.ts';
import { AXIS_PIXEL, RAW_HEIGHT, RAW_WIDTH } from '../instruments/sim/geometry.ts';
import { CALIBRATION_DATE, defectsTable, masterBias, masterDark, masterFlat } from './calibrationFiles.ts';
import { makeDetectorMaps } from './detectorMaps.ts';
import type { DetectorMaps } from './detectorMaps.ts';
import { expose, headerWcs, throughput, trueWcs } from './observe.ts';
import type { PlacedSource } from './observe.ts';
import { makePsf } from './psfModel.ts';
import { rawCards } from './rawHeader.ts';
import { referenceCatalog, shardByTrixel } from './referenceCatalog.ts';
import { simSmallSky } from './simSmallSky.ts';
import { BANDS, fluxAt, positionAt } from './sky.ts';
import type { SkySource } from './sky.ts';
import { midTime_mjd, TEMPLATES, VISITS } from './survey.ts';
import type { SimVisit } from './survey.ts';
import { makeTemplate, templateSkyVariance_nJy2 } from './templateFiles.ts';
import { truthTable } from './truthTable.ts';
import type { TrueDetector } from './truthTable.ts';

export type GeneratedRole = 'raw' | 'bias' | 'dark' | 'flat' | 'defects' | 'refcat' | 'template' | 'truth';

/** A file of the package before it is written. */
export interface GeneratedFile {
  readonly path: string;
  readonly role: GeneratedRole;
  readonly bytes: Uint8Array;
  readonly dataId?: DataId;
  /** UTC, ISO 8601; without an end: for ever. */
  readonly validity?: { readonly begin?: string; readonly end?: string };
}

/** Calibrations hold for this month. */
const VALIDITY = { begin: CALIBRATION_DATE, end: '2026-02-10T20:00:00' };
/** All files of the package, one after the other, so that a writer may drop each before the next. The same seed gives the same bytes. */
export function* simSmall(seed: number, detectors: readonly Detector[] = sim.detectors): Generator<GeneratedFile> {
  const sources = simSmallSky(seed);
  const maps = new Map(detectors.map(d => [d.id, makeDetectorMaps(d, seed)]));
  for (const detector of detectors) yield* calibrationFiles(detector, maps.get(detector.id)!, seed);
  for (const visit of VISITS) yield* visitFiles(visit, sources, maps, { seed, detectors });
  for (const template of TEMPLATES) {
    for (const detector of detectors) {
      yield {
        path: `templates/template-${template.visit}-${detector.name}.fits`, role: 'template',
        bytes: writeExposure(makeTemplate(template, detector, sources, seed)),
        dataId: { instrument: 'sim', visit: template.visit, detector: detector.id, band: template.band, physical_filter: `sim-${template.band}` },
      };
    }
  }
  for (const { htm7, table } of shardByTrixel(referenceCatalog(sources, seed))) {
    yield { path: `refcats/${htm7}.parquet`, role: 'refcat', bytes: writeTable(table), dataId: { htm7 } };
  }
}

function* calibrationFiles(detector: Detector, maps: DetectorMaps, seed: number): Generator<GeneratedFile> {
  const dataId: DataId = { instrument: 'sim', detector: detector.id };
  const common = { dataId, validity: VALIDITY };
  yield { ...common, path: `calib/bias-${detector.name}.fits`, role: 'bias', bytes: writeExposure(masterBias(detector, maps, seed)) };
  yield { ...common, path: `calib/dark-${detector.name}.fits`, role: 'dark', bytes: writeExposure(masterDark(detector, maps, seed)) };
  for (const band of BANDS) {
    yield {
      path: `calib/flat-sim-${band}-${detector.name}.fits`, role: 'flat',
      bytes: writeExposure(masterFlat(detector, maps, band, seed)),
      dataId: { ...dataId, band, physical_filter: `sim-${band}` }, validity: VALIDITY,
    };
  }
  yield { ...common, path: `calib/defects-${detector.name}.parquet`, role: 'defects', bytes: writeTable(defectsTable(maps)) };
}

/** Raw frames and truth of a visit. */
function* visitFiles(
  visit: SimVisit, sources: readonly SkySource[], maps: ReadonlyMap<number, DetectorMaps>,
  { seed, detectors }: { readonly seed: number; readonly detectors: readonly Detector[] },
): Generator<GeneratedFile> {
  const psf = makePsf(visit.fwhm_px, random(seed, `psf ${visit.visit}`));
  const mid_mjd = midTime_mjd(visit.begin);
  const placed = placeSources(sources, visit, mid_mjd);
  const places: TrueDetector[] = [];
  for (const detector of detectors) {
    const axisPixel = AXIS_PIXEL[detector.id]!;
    const wcs = trueWcs(visit, detector);
    const detectorMaps = maps.get(detector.id)!;
    const { raw, expected } = expose({ visit, detector, maps: detectorMaps, scene: { wcs, psf, axisPixel, sources: placed }, seed });
    places.push({ detector, wcs, axisPixel, expected, flat: detectorMaps.flat[visit.band] });
    const cards = rawCards(visit, detector, headerWcs(visit, detector, seed));
    yield {
      path: `raw/sim-${visit.visit}-${detector.name}.fits`, role: 'raw',
      bytes: writeRawFrame({ cards, width: RAW_WIDTH, height: RAW_HEIGHT, data: raw }),
      dataId: { instrument: 'sim', exposure: visit.visit, detector: detector.id },
    };
  }
  const table = truthTable({
    sources, band: visit.band, mid_mjd, psf, electronsPerNJy: throughput(visit),
    templateVariance_nJy2: templateSkyVariance_nJy2(TEMPLATES.find(t => t.band === visit.band)!), detectors: places,
  });
  yield { path: `truth/truth-${visit.visit}.parquet`, role: 'truth', bytes: writeTable(table), dataId: { instrument: 'sim', visit: visit.visit } };
}

function placeSources(sources: readonly SkySource[], visit: SimVisit, mid_mjd: number): PlacedSource[] {
  const electrons = throughput(visit);
  return sources.map(source => {
    const [ra, dec] = positionAt(source, mid_mjd);
    return { source, ra, dec, flux: electrons * fluxAt(source, visit.band, mid_mjd) };
  });
}
