/**
 * A science image and a template of the same sky, as two cameras would have seen them, with all truth: the yardstick of
 * difference imaging. Profiles (Moffat), galaxies (clouds of points) and noise are none that the pipeline assumes.
 */
import { allocF32, allocI32 } from '../../model/image.ts';
import { MASK } from '../../model/mask.ts';
import type { SkyWcs } from '../../model/wcs.ts';
import { random } from '../../numeric/random.ts';
import { pixelsToSky, skyToPixels } from '../../sky/wcs.ts';
import { addStar, moffatAt } from './moffat.ts';
import type { Moffat, MoffatField, Plane } from './moffat.ts';
import { makeScene } from './scene.ts';
import type { SceneObject } from './scene.ts';

export interface PairOptions {
  readonly width: number;
  readonly height: number;
  readonly nStars: number;
  readonly nGalaxies: number;
  readonly nTransients: number;
  readonly nVariables: number;
  readonly nCosmicRays: number;
  readonly scienceFwhm_px: number;
  readonly templateFwhm_px: number;
  /** Exposure of the template over that of the science image. */
  readonly templateDepth: number;
  readonly rotation_deg: number;
}

export const PAIR_DEFAULTS: PairOptions = {
  width: 2048, height: 4096, nStars: 4000, nGalaxies: 2000, nTransients: 400, nVariables: 50, nCosmicRays: 60,
  scienceFwhm_px: 4.2, templateFwhm_px: 3.0, templateDepth: 10, rotation_deg: 0.9,
};

export interface PairImage {
  readonly width: number;
  readonly height: number;
  /** Counts with sky, gain 1 electron. */
  readonly image: Float32Array;
  /** SAT and BAD pixels only, as a camera knows them. */
  readonly mask: Int32Array;
  readonly wcs: SkyWcs;
  readonly readNoise_electron: number;
  readonly gain_electronPerAdu: number;
  /** PSF as the simulator used it, normalised position -1 ... 1. */
  readonly psf: MoffatField;
}

export interface ImagePair {
  readonly science: PairImage;
  readonly template: PairImage;
  /** Science image without noise, transients, changes of variables and cosmic rays: what an ideal template would be. */
  readonly staticScene: Float32Array;
  /** Noise-free sky of the science image. */
  readonly sky: Float32Array;
  readonly objects: readonly SceneObject[];
  readonly cosmicRays: readonly { readonly x: number; readonly y: number }[];
  readonly zeroPoint_mag: number;
  readonly m5: number;
}

const ZERO_POINT = 30.8;
const SKY = 1000;
const READ_NOISE = 6;
const FULL_WELL = 60_000;
const SCALE_DEG = 0.2627 / 3600;
/** A profile is followed down to this many counts in a pixel: a fraction of the noise that no statistic sees. */
const FAINTEST = 0.04;

/** The pair of a seed. About 10 s for the full size. */
export function simulatePair(seed: number, options: Partial<PairOptions> = {}): ImagePair {
  const o = { ...PAIR_DEFAULTS, ...options };
  const draw = random(seed, 'pair conditions');
  const psf = { science: fieldPsf(draw, o.scienceFwhm_px), template: fieldPsf(draw, o.templateFwhm_px) };
  const m5 = ZERO_POINT - 2.5 * Math.log10(5 * Math.sqrt((SKY + READ_NOISE ** 2) * noisePixels(moffatAt(psf.science, 0, 0))));
  const objects = makeScene(seed, { ...o, border_px: 60, m5 });
  const wcs = scienceWcs(o);
  const template = templateGeometry(wcs, o, draw);
  const here: Map = (x, y) => ({ x, y });
  const statics = renderScene(objects, psf.science, blank(o), here, object => object.inTemplate);
  const changes = renderScene(objects, psf.science, blank(o), here, object => object.inScience - object.inTemplate);
  const deep = renderScene(objects, psf.template, blank(template), toTemplate(wcs, template.wcs), object => object.inTemplate);
  const sky = gradient(o.width, o.height, draw, 1);
  const templateSky = gradient(template.width, template.height, draw, 0.6);
  const staticScene = statics.data.map((v, p) => v + sky[p]!);
  const light = statics.data.map((v, p) => v + changes.data[p]!);
  const science = observe(light, sky, { ...o, wcs, psf: psf.science }, 1, random(seed, 'pair science noise'));
  const cosmicRays = addCosmicRays(science, o.nCosmicRays, random(seed, 'pair cosmic rays'));
  const noise = random(seed, 'pair template noise');
  const observed = observe(deep.data, templateSky, { ...template, psf: psf.template }, o.templateDepth, noise);
  return { science, template: observed, staticScene, sky, objects, cosmicRays, zeroPoint_mag: ZERO_POINT, m5 };
}

/** A PSF that varies by several per cent over the field, at the whim of the seed. */
function fieldPsf(draw: ReturnType<typeof random>, fwhm_px: number): MoffatField {
  const about = (size: number): number => size * (2 * draw.uniform() - 1);
  return {
    fwhm_px, width: [about(0.03), about(0.03), 0.02 + about(0.02)], beta: [3 + about(0.4), about(0.3)],
    e1: [about(0.02), about(0.02), about(0.02)], e2: [about(0.02), about(0.02), about(0.02)],
  };
}

/** Pixels whose noise a PSF fit collects: 1 / sum P^2 = pi (2 beta - 1) / ((beta - 1)^2 sqrt(a c - b^2)). */
function noisePixels({ a, b, c, beta }: Moffat): number {
  return (Math.PI * (2 * beta - 1)) / ((beta - 1) ** 2 * Math.sqrt(a * c - b * b));
}

function scienceWcs({ width, height }: PairOptions): SkyWcs {
  return { projection: 'TAN', crpix: [(width - 1) / 2, (height - 1) / 2], crval_deg: [150.1, 2.2], cd: [-SCALE_DEG, 0, 0, SCALE_DEG] };
}

interface Frame { readonly width: number; readonly height: number; readonly wcs: SkyWcs }

/** Its own grid: turned, shifted by a fraction of a pixel, with another scale, large enough to hold the science image. */
function templateGeometry(wcs: SkyWcs, { width, height, rotation_deg }: PairOptions, draw: ReturnType<typeof random>): Frame {
  const angle = (rotation_deg * Math.PI) / 180;
  const scale = SCALE_DEG * 1.002;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const size = {
    width: Math.ceil(width * c + height * Math.abs(s)) + 80, height: Math.ceil(height * c + width * Math.abs(s)) + 80,
  };
  const crpix = [(size.width - 1) / 2 + draw.uniform(), (size.height - 1) / 2 + draw.uniform()] as const;
  return { ...size, wcs: { projection: 'TAN', crpix, crval_deg: wcs.crval_deg, cd: [-scale * c, scale * s, scale * s, scale * c] } };
}

/** A dark plane. */
function blank({ width, height }: { readonly width: number; readonly height: number }): Plane {
  return { width, height, data: new Float32Array(width * height) };
}

type Map = (x: number, y: number) => { readonly x: number; readonly y: number };

function toTemplate(from: SkyWcs, to: SkyWcs): Map {
  return (x, y) => {
    const sky = pixelsToSky(from, [x], [y]);
    const { x: xs, y: ys } = skyToPixels(to, sky.ra, sky.dec);
    return { x: xs[0]!, y: ys[0]! };
  };
}

function renderScene(
  objects: readonly SceneObject[], field: MoffatField, plane: Plane, map: Map, share: (o: SceneObject) => number,
): Plane {
  for (const object of objects) {
    const flux = share(object) * 10 ** (-0.4 * (object.mag - ZERO_POINT));
    if (flux === 0) continue;
    const points = object.cloud.length === 0 ? [{ dx: 0, dy: 0, share: 1 }] : object.cloud;
    for (const { dx, dy, share: part } of points) {
      const { x, y } = map(object.x + dx, object.y + dy);
      const psf = moffatAt(field, (2 * x) / plane.width - 1, (2 * y) / plane.height - 1);
      addStar(plane, x, y, flux * part, psf, object.cloud.length === 0 ? FAINTEST : FAINTEST / 4);
    }
  }
  return plane;
}

/** Sky with a slope of some per cent and a shallow bowl. */
function gradient(width: number, height: number, draw: ReturnType<typeof random>, level: number): Float32Array {
  const [a, b, c] = [0.05 * (2 * draw.uniform() - 1), 0.05 * (2 * draw.uniform() - 1), 0.02 * (2 * draw.uniform() - 1)];
  return Float32Array.from({ length: width * height }, (_, p) => {
    const [u, v] = [(2 * (p % width)) / width - 1, (2 * Math.floor(p / width)) / height - 1];
    return SKY * level * (1 + a * u + b * v + c * (u * u + v * v));
  });
}

/** Photon and read noise for `depth` exposures averaged, saturation with bleed trails, and four bad columns. */
function observe(
  light: Float32Array, sky: Float32Array, frame: Frame & { readonly psf: MoffatField }, depth: number, draw: ReturnType<typeof random>,
): PairImage {
  const { width, height, wcs, psf } = frame;
  const image = allocF32(width * height);
  const mask = allocI32(width * height);
  for (let p = 0; p < image.length; p++) {
    const expected = light[p]! + sky[p]!;
    image[p] = draw.poisson(expected * depth) / depth + (READ_NOISE / Math.sqrt(depth)) * draw.normal();
    if (expected > FULL_WELL) { image[p] = FULL_WELL; mask[p] = MASK.SAT; }
  }
  bleed(image, mask, light, width, height);
  for (let k = 0; k < 4; k++) {
    const x = draw.integer(width);
    const y0 = draw.integer(height >> 1);
    for (let y = y0; y < height; y++) { image[y * width + x] = 0; mask[y * width + x]! |= MASK.BAD; }
  }
  return { width, height, image, mask, wcs, psf, readNoise_electron: READ_NOISE / Math.sqrt(depth), gain_electronPerAdu: depth };
}

/** Charge above the full well runs along the columns. */
function bleed(image: Float32Array, mask: Int32Array, light: Float32Array, width: number, height: number): void {
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((mask[y * width + x]! & MASK.SAT) === 0) continue;
      const first = y;
      let excess = 0;
      while (y < height && (mask[y * width + x]! & MASK.SAT) !== 0) { excess += Math.max(0, light[y * width + x]! - FULL_WELL); y++; }
      const length = Math.min(40, Math.round(excess / FULL_WELL / 2));
      for (let k = 1; k <= length; k++) {
        for (const v of [first - k, y - 1 + k]) {
          if (v < 0 || v >= height) continue;
          image[v * width + x] = FULL_WELL;
          mask[v * width + x] = MASK.SAT;
        }
      }
      y += length;
    }
  }
}

/** Tracks of 1 to 12 pixels, a few hundred to some thousand electrons a pixel, unmarked. Returns their middles. */
function addCosmicRays({ image, width, height }: PairImage, n: number, draw: ReturnType<typeof random>): { x: number; y: number }[] {
  return Array.from({ length: n }, () => {
    const [x, y] = [draw.integer(width), draw.integer(height)];
    const length = 1 + draw.integer(12);
    const angle = 2 * Math.PI * draw.uniform();
    const charge = 300 * 10 ** draw.uniform();
    for (let k = 0; k < length; k++) {
      const [u, v] = [Math.round(x + (k - length / 2) * Math.cos(angle)), Math.round(y + (k - length / 2) * Math.sin(angle))];
      if (u >= 0 && v >= 0 && u < width && v < height) image[v * width + u]! += charge * (0.7 + 0.6 * draw.uniform());
    }
    return { x, y };
  });
}
