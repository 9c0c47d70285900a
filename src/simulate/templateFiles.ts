/** Template exposures: averages of earlier visits on a pixel grid of their own, calibrated in nJy. */
import { allocMaskedImage } from '../model/image.ts';
import type { Exposure } from '../model/image.ts';
import type { Detector } from '../model/instrument.ts';
import { MASK } from '../model/mask.ts';
import { random } from '../numeric/random.ts';
import { mjdTaiOfNs, taiNsOfUtcIso } from '../sky/time.ts';
import { AXIS_PIXEL, READ_NOISE_ELECTRON } from '../instruments/sim/geometry.ts';
import { drawScene, tangentWcs } from './observe.ts';
import type { Scene } from './observe.ts';
import { makePsf, psfModelOf } from './psfModel.ts';
import { templateFlux } from './sky.ts';
import type { SkySource } from './sky.ts';
import { ELECTRONS_PER_NJY, EXPOSURE_TIME_S, FIELD_CENTRE_DEG, TEMPLATE_BORDER_PX } from './survey.ts';
import type { SimTemplate } from './survey.ts';

/** Electrons in one exposure above which a pixel of the template is saturated. */
const SATURATION_ELECTRON = 100_000;

/** Per-pixel variance of the empty sky in a template, nJy^2. */
export function templateSkyVariance_nJy2({ sky_electron, nCombined }: SimTemplate): number {
  return (sky_electron + READ_NOISE_ELECTRON ** 2) / (nCombined * ELECTRONS_PER_NJY ** 2);
}

/** The template of one detector: sky subtracted, static sources and variables at their mean. */
export function makeTemplate(template: SimTemplate, detector: Detector, sources: readonly SkySource[], seed: number): Exposure {
  const width = detector.width + 2 * TEMPLATE_BORDER_PX;
  const height = detector.height + 2 * TEMPLATE_BORDER_PX;
  const [axisX, axisY] = AXIS_PIXEL[detector.id]!;
  const axisPixel = [axisX + TEMPLATE_BORDER_PX + template.offset_px[0], axisY + TEMPLATE_BORDER_PX + template.offset_px[1]] as const;
  const wcs = tangentWcs(FIELD_CENTRE_DEG, axisPixel, template.rotation_deg);
  const psf = makePsf(template.fwhm_px, random(seed, `psf ${template.visit}`));
  const canvas = { width, height, data: new Float64Array(width * height) };
  const scene: Scene = {
    wcs, psf, axisPixel,
    sources: sources.map(source => ({ source, ra: source.ra, dec: source.dec, flux: templateFlux(source, template.band) })),
  };
  drawScene(canvas, scene);
  return {
    ...withNoise(canvas, template, random(seed, `template ${template.visit} ${detector.name}`)),
    wcs, psf: psfModelOf(psf, { width, height, axisPixel }),
    photoCalib: { calibration_nJy: 1, calibrationErr_nJy: 0 },
    visitInfo: visitInfoOf(template), detector: detector.id,
    band: template.band, physicalFilter: `sim-${template.band}`, unit: 'nJy', metadata: { nCombined: template.nCombined },
  };
}

function withNoise(canvas: { width: number; height: number; data: Float64Array }, template: SimTemplate, draw: ReturnType<typeof random>) {
  const image = allocMaskedImage(canvas.width, canvas.height);
  const skyVariance = templateSkyVariance_nJy2(template);
  const perPhoton = 1 / (template.nCombined * ELECTRONS_PER_NJY);
  const saturation = SATURATION_ELECTRON / ELECTRONS_PER_NJY;
  for (let p = 0; p < canvas.data.length; p++) {
    const flux = Math.min(canvas.data[p]!, saturation);
    const variance = skyVariance + flux * perPhoton;
    image.image[p] = flux + Math.sqrt(variance) * draw.normal();
    image.variance[p] = variance;
    if (canvas.data[p]! >= saturation) image.mask[p] = MASK.SAT;
  }
  return image;
}

function visitInfoOf(template: SimTemplate): Exposure['visitInfo'] {
  const begin_taiNs = taiNsOfUtcIso(template.begin);
  const exposureTime_s = template.nCombined * EXPOSURE_TIME_S;
  const end_taiNs = begin_taiNs + BigInt(exposureTime_s * 1_000_000_000);
  return {
    instrument: 'sim', visit: template.visit, begin_taiNs, end_taiNs, mid_mjdTai: mjdTaiOfNs((begin_taiNs + end_taiNs) / 2n),
    exposureTime_s, darkTime_s: exposureTime_s,
    boresightRa_deg: FIELD_CENTRE_DEG[0], boresightDec_deg: FIELD_CENTRE_DEG[1], rotation_deg: template.rotation_deg, airmass: 1.05,
  };
}
