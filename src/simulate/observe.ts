/** Exposures of the simulated camera: expected light on each detector, then the raw frame. */
import type { Detector } from '../model/instrument.ts';
import type { SkyWcs } from '../model/wcs.ts';
import { random } from '../numeric/random.ts';
import { localCd, planeToSky, skyToPixel } from '../sky/wcs.ts';
import { AXIS_PIXEL, PIXEL_SCALE_ARCSEC } from '../instruments/sim/geometry.ts';
import type { DetectorMaps } from './detectorMaps.ts';
import { galaxyComponents } from './galaxyProfiles.ts';
import { addSource, convolveComponents } from './gaussians.ts';
import type { Canvas, GaussianComponent } from './gaussians.ts';
import { psfComponents } from './psfModel.ts';
import type { SimPsf } from './psfModel.ts';
import { addCosmicRays, bleed, countElectrons, readOut } from './readout.ts';
import type { SkySource } from './sky.ts';
import { ELECTRONS_PER_NJY, EXPOSURE_TIME_S, EXTRA_DARK_TIME_S, FIELD_CENTRE_DEG } from './survey.ts';
import type { SimVisit } from './survey.ts';

/** TAN projection with north up (turned by rotation_deg, north towards west) and east to the left. */
export function tangentWcs(
  crval_deg: readonly [number, number], crpix: readonly [number, number], rotation_deg: number, scale_arcsec = PIXEL_SCALE_ARCSEC,
): SkyWcs {
  const c = (scale_arcsec / 3600) * Math.cos((rotation_deg * Math.PI) / 180);
  const s = (scale_arcsec / 3600) * Math.sin((rotation_deg * Math.PI) / 180);
  return { projection: 'TAN', crpix, crval_deg, cd: [-c, s, s, c] };
}

/** Where the telescope pointed and how it was turned. */
export function boresightOf(visit: SimVisit): readonly [number, number] {
  return planeToSky(FIELD_CENTRE_DEG, visit.dither_arcsec[0] / 3600, visit.dither_arcsec[1] / 3600);
}

/** The true WCS of a detector in a visit. */
export function trueWcs(visit: SimVisit, detector: Detector): SkyWcs {
  return tangentWcs(boresightOf(visit), AXIS_PIXEL[detector.id]!, visit.rotation_deg);
}

/** What the header says: off by a few arcsec in pointing, some hundredths of a degree in angle, 2e-4 in scale. */
export function headerWcs(visit: SimVisit, detector: Detector, seed: number): SkyWcs {
  const draw = random(seed, `pointing ${visit.visit}`);
  const [ra, dec] = boresightOf(visit);
  const offset = [2.5 * draw.normal(), 2.5 * draw.normal()];
  const rotationError = 0.02 * draw.normal();
  return tangentWcs(
    planeToSky([ra, dec], offset[0]! / 3600, offset[1]! / 3600), AXIS_PIXEL[detector.id]!,
    visit.rotation_deg + rotationError, PIXEL_SCALE_ARCSEC * (1 + 2e-4 * draw.normal()),
  );
}

/** Everything that draws sources on an image needs to know. */
export interface Scene {
  readonly wcs: SkyWcs;
  readonly psf: SimPsf;
  /** Pixel on the optical axis, for the PSF. */
  readonly axisPixel: readonly [number, number];
  readonly sources: readonly PlacedSource[];
}

/** A source at one time: position and flux in the image's unit. */
export interface PlacedSource {
  readonly source: SkySource;
  readonly ra: number;
  readonly dec: number;
  readonly flux: number;
}

/** Sources farther than this beyond the edge are not drawn. */
const MARGIN_PX = 60;

/** Adds all sources with flux to the canvas. */
export function drawScene(canvas: Canvas, { wcs, psf, axisPixel, sources }: Scene): void {
  for (const { source, ra, dec, flux } of sources) {
    if (!(flux > 0)) continue;
    const [x, y] = skyToPixel(wcs, ra, dec);
    if (!(x > -MARGIN_PX && x < canvas.width + MARGIN_PX && y > -MARGIN_PX && y < canvas.height + MARGIN_PX)) continue;
    const point = psfComponents(psf, (x - axisPixel[0]) / 1000, (y - axisPixel[1]) / 1000);
    addSource(canvas, x, y, flux, source.shape === null ? point : galaxyOnDetector(source, wcs, [x, y], point));
  }
}

function galaxyOnDetector(
  source: SkySource, wcs: SkyWcs, [x, y]: readonly [number, number], point: readonly GaussianComponent[],
): GaussianComponent[] {
  const [a, b, c, d] = localCd(wcs, x, y);
  const scale = 3600 * (a * d - b * c);
  return convolveComponents(galaxyComponents(source.shape!, [d / scale, -b / scale, -c / scale, a / scale]), point);
}

export interface SimExposure {
  /** Expected electrons by light and dark current, before noise, cosmic rays and bleeding. */
  readonly expected: Float64Array;
  readonly raw: Uint16Array;
  readonly nCosmicRays: number;
}

export interface ExposeInput {
  readonly visit: SimVisit;
  readonly detector: Detector;
  readonly maps: DetectorMaps;
  /** Fluxes in electrons (clouds included). */
  readonly scene: Scene;
  readonly seed: number;
}

const COSMIC_RAYS_PER_EXPOSURE = 18;

/** One exposure of one detector. */
export function expose({ visit, detector, maps, scene, seed }: ExposeInput): SimExposure {
  const { width, height } = detector;
  const canvas: Canvas = { width, height, data: skyLight(visit, detector, seed) };
  drawScene(canvas, scene);
  const flat = maps.flat[visit.band];
  const darkTime_s = EXPOSURE_TIME_S + EXTRA_DARK_TIME_S;
  for (let p = 0; p < canvas.data.length; p++) canvas.data[p] = canvas.data[p]! * flat[p]! + maps.dark[p]! * darkTime_s;
  const expected = canvas.data.slice();
  const draw = random(seed, `exposure ${visit.visit} ${detector.name}`);
  countElectrons(canvas.data, draw);
  const nCosmicRays = addCosmicRays(canvas, COSMIC_RAYS_PER_EXPOSURE, draw);
  for (const { x, y0, charge_electron } of maps.hotColumns) {
    for (let y = y0; y < height; y++) canvas.data[y * width + x]! += draw.poisson(charge_electron);
  }
  bleed(canvas, detector);
  return { expected, raw: readOut(canvas, detector, maps, draw), nCosmicRays };
}

/** Sky with a gradient of some percent across the focal plane (moonlight, airglow). */
function skyLight(visit: SimVisit, detector: Detector, seed: number): Float64Array {
  const draw = random(seed, `sky gradient ${visit.visit}`);
  const [gx, gy] = [0.02 * draw.normal(), 0.02 * draw.normal()];
  const bend = 0.01 * draw.normal();
  const [axisX, axisY] = AXIS_PIXEL[detector.id]!;
  const data = new Float64Array(detector.width * detector.height);
  for (let y = 0; y < detector.height; y++) {
    const focalY = (y - axisY) / 1000;
    for (let x = 0; x < detector.width; x++) {
      const focalX = (x - axisX) / 1000;
      data[y * detector.width + x] = visit.sky_electron * (1 + gx * focalX + gy * focalY + bend * (focalX * focalX + focalY * focalY));
    }
  }
  return data;
}

/** Electrons per nJy in a visit. */
export function throughput(visit: SimVisit): number {
  return ELECTRONS_PER_NJY * visit.transparency;
}
