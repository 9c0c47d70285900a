/** Master bias, dark and flat of a simulated detector with the noise of the frames that went in, and its defects. */
import { DEFECT_COLUMNS } from '../astro/isr/defects.ts';
import { allocMaskedImage } from '../model/image.ts';
import type { Exposure, MaskedImage } from '../model/image.ts';
import type { Detector } from '../model/instrument.ts';
import { tableFromRows } from '../model/table.ts';
import type { Table } from '../model/table.ts';
import type { VisitInfo } from '../model/visitInfo.ts';
import { random } from '../numeric/random.ts';
import { mjdTaiOfNs, taiNsOfUtcIso } from '../sky/time.ts';
import type { DetectorMaps } from './detectorMaps.ts';
import type { SimBand } from './sky.ts';

/** Night of the calibrations, UTC. */
export const CALIBRATION_DATE = '2026-01-10T20:00:00';
const N_BIAS = 25;
const N_DARK = 15;
const DARK_TIME_S = 300;
const N_FLAT = 25;
const FLAT_LEVEL_ELECTRON = 30_000;

/** Bias structure about the overscan level; ADU. */
export function masterBias(detector: Detector, maps: DetectorMaps, seed: number): Exposure {
  const draw = random(seed, `master bias ${detector.name}`);
  const image = allocMaskedImage(detector.width, detector.height);
  forEachAmplifierPixel(detector, (p, gain, readNoise) => {
    const sigma = readNoise / gain / Math.sqrt(N_BIAS);
    image.image[p] = maps.bias_adu[p]! + sigma * draw.normal();
    image.variance[p] = sigma * sigma;
  });
  return asExposure(image, detector, { unit: 'adu', exposureTime_s: 0, darkTime_s: 0, band: '', filter: '' });
}

/** Dark current collected in DARK_TIME_S; electrons. */
export function masterDark(detector: Detector, maps: DetectorMaps, seed: number): Exposure {
  const draw = random(seed, `master dark ${detector.name}`);
  const image = allocMaskedImage(detector.width, detector.height);
  forEachAmplifierPixel(detector, (p, _gain, readNoise) => {
    const signal = maps.dark[p]! * DARK_TIME_S;
    const variance = (signal + readNoise * readNoise) / N_DARK;
    image.image[p] = signal + Math.sqrt(variance) * draw.normal();
    image.variance[p] = variance;
  });
  return asExposure(image, detector, { unit: 'electron', exposureTime_s: 0, darkTime_s: DARK_TIME_S, band: '', filter: '' });
}

/** Response relative to the mean. */
export function masterFlat(detector: Detector, maps: DetectorMaps, band: SimBand, seed: number): Exposure {
  const draw = random(seed, `master flat ${band} ${detector.name}`);
  const image = allocMaskedImage(detector.width, detector.height);
  forEachAmplifierPixel(detector, (p, _gain, readNoise) => {
    const response = maps.flat[band][p]!;
    const variance = (response * FLAT_LEVEL_ELECTRON + readNoise * readNoise) / (N_FLAT * FLAT_LEVEL_ELECTRON ** 2);
    image.image[p] = response + Math.sqrt(variance) * draw.normal();
    image.variance[p] = variance;
  });
  return asExposure(image, detector, { unit: '', exposureTime_s: 12, darkTime_s: 14.5, band, filter: `sim-${band}` });
}

/** The bad rectangles of a detector. */
export function defectsTable(maps: DetectorMaps): Table {
  return tableFromRows(DEFECT_COLUMNS, maps.defects.map(d => ({ ...d })));
}

function forEachAmplifierPixel(detector: Detector, visit: (p: number, gain: number, readNoise: number) => void): void {
  for (const { detectorBox: box, gain_electronPerAdu, readNoise_electron } of detector.amplifiers) {
    for (let y = box.y0; y < box.y0 + box.height; y++) {
      for (let p = y * detector.width + box.x0; p < y * detector.width + box.x0 + box.width; p++) {
        visit(p, gain_electronPerAdu, readNoise_electron);
      }
    }
  }
}

interface FrameFacts {
  readonly unit: string;
  readonly exposureTime_s: number;
  readonly darkTime_s: number;
  readonly band: string;
  readonly filter: string;
}

function asExposure(image: MaskedImage, detector: Detector, facts: FrameFacts): Exposure {
  const begin_taiNs = taiNsOfUtcIso(CALIBRATION_DATE);
  const visitInfo: VisitInfo = {
    instrument: 'sim', visit: 0, begin_taiNs, end_taiNs: begin_taiNs, mid_mjdTai: mjdTaiOfNs(begin_taiNs),
    exposureTime_s: facts.exposureTime_s, darkTime_s: facts.darkTime_s,
    boresightRa_deg: 0, boresightDec_deg: 0, rotation_deg: 0, airmass: 1,
  };
  return {
    ...image, wcs: null, psf: null, photoCalib: null, visitInfo, detector: detector.id,
    band: facts.band, physicalFilter: facts.filter, unit: facts.unit, metadata: {},
  };
}
