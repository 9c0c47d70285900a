/**
 * A detector image with known truth, made with none of the code under test: pixel-integrated elliptical Moffat stars whose
 * width and shape change over the field, galaxies, a sky with gradients, saturation, bad columns, cosmic rays, and a
 * distorted world coordinate system. Same seed, same pixels.
 */
import { allocMaskedImage } from '../../../src/model/image.ts';
import type { MaskedImage } from '../../../src/model/image.ts';
import { MASK } from '../../../src/model/mask.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { random } from '../../../src/numeric/random.ts';
import type { Random } from '../../../src/numeric/random.ts';
import { galaxyComponents } from '../../../src/simulate/galaxyProfiles.ts';
import { addSource, convolveComponents } from '../../../src/simulate/gaussians.ts';
import { psfComponents } from '../../../src/simulate/psfModel.ts';

export interface FrameOptions {
  readonly width: number;
  readonly height: number;
  readonly nStars: number;
  readonly nGalaxies: number;
  readonly seed: number;
  /** FWHM of the atmosphere at the centre (without the pixel). */
  readonly fwhm_px: number;
  readonly sky_electron: number;
  readonly nCosmicRays: number;
}

export const FRAME: FrameOptions = {
  width: 2048, height: 4096, nStars: 9500, nGalaxies: 4000, seed: 1, fwhm_px: 3.5, sky_electron: 800, nCosmicRays: 500,
};

export interface FrameObject {
  readonly kind: 'star' | 'galaxy';
  readonly x: number;
  readonly y: number;
  /** Total, electrons. */
  readonly flux: number;
}

export interface SimulatedFrame {
  readonly options: FrameOptions;
  /** With sky; electrons. SAT and BAD are set, cosmic rays are not marked. */
  readonly mi: MaskedImage;
  readonly objects: readonly FrameObject[];
  readonly sky: Float32Array;
  /** Electrons of cosmic rays in each pixel (0: none); already part of `mi.image`. */
  readonly rays: Float32Array;
  readonly wcs: SkyWcs;
  readonly readNoise_electron: number;
}

export const READ_NOISE = 6;
export const FULL_WELL = 90_000;

/** Makes the frame. Without rays `nCosmicRays` is 0. */
export function simulateFrame(changes: Partial<FrameOptions> = {}): SimulatedFrame {
  const options = { ...FRAME, ...changes };
  const { width, height, seed } = options;
  const objects = placeObjects(options, random(seed, 'objects'));
  const light = new Float64Array(width * height);
  const shapes = random(seed, 'galaxy shapes');
  for (const o of objects) {
    if (o.kind === 'star') addMoffat(light, options, o.x, o.y, o.flux);
    else addGalaxy(light, options, o, shapes);
  }
  const sky = skyOf(options);
  const rays = cosmicRays(options, random(seed, 'rays'));
  const mi = allocMaskedImage(width, height);
  const noise = random(seed, 'noise');
  for (let i = 0; i < light.length; i++) {
    const value = noise.poisson(light[i]! + sky[i]!) + rays[i]!;
    const isFull = value > FULL_WELL;
    mi.image[i] = Math.min(value, FULL_WELL) + READ_NOISE * noise.normal();
    mi.variance[i] = Math.max(1, mi.image[i]!) + READ_NOISE ** 2;
    if (isFull) mi.mask[i] = MASK.SAT;
  }
  badColumns(mi, random(seed, 'columns'));
  return { options, mi, objects, sky, rays, wcs: distortedWcs(options), readNoise_electron: READ_NOISE };
}

function placeObjects({ width, height, nStars, nGalaxies }: FrameOptions, draw: Random): FrameObject[] {
  const at = (n: number): number => n * draw.uniform() - 0.5;
  const flux = (slope: number, faintest: number, range_mag: number): number => {
    // Counts rise as 10^(slope m) over `range_mag` magnitudes.
    const top = 10 ** (slope * range_mag);
    const mag = Math.log10(1 + draw.uniform() * (top - 1)) / slope;
    return faintest * 10 ** (0.4 * (range_mag - mag));
  };
  const stars = Array.from({ length: nStars }, () => ({ kind: 'star' as const, x: at(width), y: at(height), flux: flux(0.17, 350, 10.5) }));
  const galaxies = Array.from({ length: nGalaxies }, () => ({ kind: 'galaxy' as const, x: at(width), y: at(height), flux: flux(0.3, 700, 7) }));
  return [...stars, ...galaxies];
}

/** PSF of the atmosphere and the optics at a pixel: FWHM and the two components of (a^2 - b^2) / (a^2 + b^2). */
export function truePsf({ width, height, fwhm_px }: FrameOptions, x: number, y: number): { fwhm_px: number; e1: number; e2: number } {
  const u = (2 * x) / width - 1;
  const v = (2 * y) / height - 1;
  return {
    fwhm_px: fwhm_px * (1 + 0.03 * u - 0.02 * v + 0.05 * (u * u + v * v) / 2),
    e1: 0.02 + 0.03 * u - 0.02 * v * v,
    e2: -0.01 + 0.03 * v + 0.02 * u * v,
  };
}

/** r^2 of the unit circular Moffat: x' A x with A from the width and ellipticity. */
function quadratic(fwhm: number, e1: number, e2: number): [number, number, number] {
  const alpha2 = (fwhm / 2) ** 2 / (2 ** (1 / 3) - 1);
  const scale = 1 / (alpha2 * Math.sqrt(1 - e1 * e1 - e2 * e2));
  return [scale * (1 - e1), scale * (1 + e1), -scale * e2];
}

/** Moffat of beta 3, integrated over pixels by 5 x 5 points inside 2.5 FWHM. Renders to 0.02 electrons a pixel. */
function addMoffat(plane: Float64Array, options: FrameOptions, x: number, y: number, flux: number): void {
  const psf = truePsf(options, x, y);
  const [axx, ayy, axy] = quadratic(psf.fwhm_px, psf.e1, psf.e2);
  const peak = (2 / Math.PI) * Math.sqrt(axx * ayy - axy * axy) * flux;
  const reach = Math.ceil(Math.max(3 * psf.fwhm_px, (peak / 0.02) ** (1 / 6) / Math.sqrt(Math.min(axx, ayy))));
  const { width, height } = options;
  const fine = 2.5 * psf.fwhm_px;
  for (let j = Math.max(0, Math.round(y) - reach); j <= Math.min(height - 1, Math.round(y) + reach); j++) {
    for (let i = Math.max(0, Math.round(x) - reach); i <= Math.min(width - 1, Math.round(x) + reach); i++) {
      const n = (i - x) ** 2 + (j - y) ** 2 < fine * fine ? 5 : 1;
      let sum = 0;
      for (let b = 0; b < n; b++) {
        const dy = j + (b + 0.5) / n - 0.5 - y;
        for (let a = 0; a < n; a++) {
          const dx = i + (a + 0.5) / n - 0.5 - x;
          const q = 1 + axx * dx * dx + 2 * axy * dx * dy + ayy * dy * dy;
          sum += 1 / (q * q * q);
        }
      }
      plane[j * width + i]! += (peak * sum) / (n * n);
    }
  }
}

/** An inclined exponential disc: sums of Gaussians, convolved with the PSF (as Gaussians; here its wings may differ a little). */
function addGalaxy(plane: Float64Array, options: FrameOptions, { x, y, flux }: FrameObject, draw: Random): void {
  const halfLightRadius = (1.8 + 2.2 * draw.uniform()) * Math.min(2, (flux / 5000) ** 0.15);
  const disc = galaxyComponents({
    profile: 'exponential', halfLightRadius_arcsec: halfLightRadius, axisRatio: 0.3 + 0.7 * draw.uniform(), positionAngle_deg: 180 * draw.uniform(),
  }, [1, 0, 0, 1]);
  const { fwhm_px, e1, e2 } = truePsf(options, x, y);
  const psf = psfComponents({ fwhm_px, widthTerms: [0, 0, 0], e1: [e1, 0, 0], e2: [e2, 0, 0] }, 0, 0);
  addSource({ width: options.width, height: options.height, data: plane }, x, y, flux, convolveComponents(disc, psf));
}

function skyOf({ width, height, sky_electron }: FrameOptions): Float32Array {
  const sky = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const v = (2 * y) / height - 1;
    for (let x = 0; x < width; x++) {
      const u = (2 * x) / width - 1;
      sky[y * width + x] = sky_electron * (1 + 0.03 * u + 0.02 * v - 0.02 * u * u + 0.01 * u * v + 0.004 * Math.sin(4 * u + 5 * v));
    }
  }
  return sky;
}

/** Tracks of all lengths; a third are single hits with a faint neighbour. */
function cosmicRays({ width, height, nCosmicRays }: FrameOptions, draw: Random): Float32Array {
  const rays = new Float32Array(width * height);
  const add = (x: number, y: number, charge: number): void => {
    const [i, j] = [Math.round(x), Math.round(y)];
    if (i >= 0 && j >= 0 && i < width && j < height) rays[j * width + i]! += charge;
  };
  for (let k = 0; k < nCosmicRays; k++) {
    let [x, y] = [width * draw.uniform(), height * draw.uniform()];
    const angle = 2 * Math.PI * draw.uniform();
    const length = draw.uniform() < 0.33 ? 1 : 2 - 8 * Math.log(1 - draw.uniform());
    const charge = 900 * Math.exp(0.6 * draw.normal());
    for (let step = 0; step < Math.ceil(4 * Math.min(length, 60)); step++) {
      add(x, y, (charge / 4) * Math.exp(0.3 * draw.normal()));
      x += Math.cos(angle) / 4;
      y += Math.sin(angle) / 4;
    }
  }
  return rays;
}

function badColumns(mi: MaskedImage, draw: Random): void {
  for (let k = 0; k < 3; k++) {
    const x = 50 + draw.integer(mi.width - 100);
    for (let y = draw.integer(mi.height >> 1); y < mi.height; y++) {
      mi.image[y * mi.width + x] = 0;
      mi.mask[y * mi.width + x] = MASK.BAD;
    }
  }
}

/** 0.26 arcsec a pixel, turned by 12 degrees, with a cubic distortion of about 4 pixels in the corners. */
function distortedWcs({ width, height }: FrameOptions): SkyWcs {
  const scale = 0.26 / 3600;
  const angle = (12 * Math.PI) / 180;
  const [c, s] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const order = 3;
  const a = new Float64Array(16), b = new Float64Array(16);
  const size = 2000;
  const set = (plane: Float64Array, i: number, j: number, value: number): void => { plane[i * (order + 1) + j] = value / size ** (i + j); };
  set(a, 3, 0, 2.5); set(a, 1, 2, 2.5); set(a, 2, 0, 0.8); set(a, 1, 1, -0.5);
  set(b, 0, 3, 2.5); set(b, 2, 1, 2.5); set(b, 0, 2, -0.6); set(b, 1, 1, 0.7);
  return {
    projection: 'TAN', crpix: [(width - 1) / 2, (height - 1) / 2], crval_deg: [150.3, 2.2], cd: [-c, s, s, c], sip: { order, a, b },
  };
}
