/** A science exposure and a template of the same stars with known PSFs, for the tests of subtraction and detection. */
import { STAR_COLUMNS } from '../../../src/model/catalogs.ts';
import { copyMaskedImage } from '../../../src/model/image.ts';
import type { Exposure, MaskedImage } from '../../../src/model/image.ts';
import type { PsfModel } from '../../../src/model/psf.ts';
import { tableFromRows } from '../../../src/model/table.ts';
import type { Table } from '../../../src/model/table.ts';
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { psfFromStamps } from '../../../src/astro/template/psfFromStamps.ts';
import { addMoffat, makeField, subtractSky } from '../syntheticField.ts';
import type { TrueSource } from '../syntheticField.ts';

export const SCALE_DEG = 0.2 / 3600;
export const wcs: SkyWcs = { projection: 'TAN', crpix: [200, 200], crval_deg: [150, 2], cd: [-SCALE_DEG, 0, 0, SCALE_DEG] };

/** The profile of `addMoffat` as a PSF model, constant over the image. */
export function moffatPsf(fwhm: number, width: number, height: number): PsfModel {
  const size = 2 * Math.ceil(3.5 * fwhm) + 1;
  const stamp = new Float64Array(size * size);
  addMoffat(stamp, size, size, { x: size >> 1, y: size >> 1, flux: 1 }, fwhm);
  return psfFromStamps([{ x: 0, y: 0, weight: 1, data: stamp }], size, { x0: 0, y0: 0, width, height }, 0, 50);
}

export function exposureOf(mi: MaskedImage, psf: PsfModel | null, more: Partial<Exposure> = {}): Exposure {
  const visitInfo = {
    instrument: 'toy', visit: 7, begin_taiNs: 0n, end_taiNs: 0n, mid_mjdTai: 60000, exposureTime_s: 30, darkTime_s: 30,
    boresightRa_deg: 150, boresightDec_deg: 2, rotation_deg: 0, airmass: 1,
  };
  return {
    ...mi, psf, wcs, photoCalib: { calibration_nJy: 1, calibrationErr_nJy: 0 }, visitInfo, detector: 3, band: 'r',
    physicalFilter: 'toy-r', unit: 'nJy', metadata: {}, ...more,
  };
}

/** A star catalog as the calibration would have made it, with true positions. */
export function starTable(sources: readonly TrueSource[], skySigma: number, flagged: readonly number[] = []): Table {
  const rows = sources.map((s, i) => ({
    ...Object.fromEntries(STAR_COLUMNS.filter(c => c.type === 'bool').map(c => [c.name, false])),
    ...Object.fromEntries(STAR_COLUMNS.filter(c => c.type === 'i32').map(c => [c.name, 20])),
    id: BigInt(i + 1), x: s.x, y: s.y, psfFlux: s.flux, psfFluxErr: Math.sqrt(s.flux + 30 * skySigma ** 2),
    snr: s.flux / Math.sqrt(s.flux + 30 * skySigma ** 2), flagSaturated: flagged.includes(i),
  }));
  return tableFromRows(STAR_COLUMNS, rows);
}

export interface PairOptions {
  readonly size: number;
  readonly scienceFwhm: number;
  readonly templateFwhm: number;
  readonly stars: readonly TrueSource[];
  /** Only in the science image; negative flux is not possible. */
  readonly transients?: readonly TrueSource[];
  /** Only in the template. */
  readonly vanished?: readonly TrueSource[];
  /** Sky of the template; its noise is the smaller the deeper it is. */
  readonly templateSky?: number;
  readonly seed: number;
}

export interface Pair {
  readonly science: Exposure;
  readonly template: Exposure;
  readonly stars: Table;
}

const SKY = 400;
const READ_NOISE = 5;

/** Both images in electrons taken as nJy, on the same grid, sky subtracted. */
export function makePair(options: PairOptions): Pair {
  const { size, scienceFwhm, templateFwhm, stars, transients = [], vanished = [], templateSky = 100, seed } = options;
  const field = (fwhm: number, sky: number, sources: readonly TrueSource[], s: number): MaskedImage => {
    const mi = makeField({ width: size, height: size, sky, readNoise: READ_NOISE, fwhm: () => fwhm, sources, seed: s });
    subtractSky(mi, sky);
    return mi;
  };
  return {
    science: exposureOf(field(scienceFwhm, SKY, [...stars, ...transients], seed), moffatPsf(scienceFwhm, size, size)),
    template: exposureOf(field(templateFwhm, templateSky, [...stars, ...vanished], seed + 1), moffatPsf(templateFwhm, size, size)),
    stars: starTable(stars, Math.sqrt(SKY)),
  };
}

/** A deep copy of the planes, so that a test may spoil them. */
export function copied(exposure: Exposure): Exposure {
  return { ...exposure, ...copyMaskedImage(exposure) };
}

/** Correlation of difference / sqrt(variance) between pixels `dx`, `dy` apart, over the inner image. */
export function correlation(
  { image, variance, width, height }: MaskedImage, dx: number, dy: number, border: number, skip: (p: number) => boolean,
): number {
  let [ab, aa, n] = [0, 0, 0];
  for (let y = border; y < height - border - dy; y++) {
    for (let x = border; x < width - border - dx; x++) {
      const [p, q] = [y * width + x, (y + dy) * width + x + dx];
      if (skip(p) || skip(q)) continue;
      const a = image[p]! / Math.sqrt(variance[p]!);
      ab += a * (image[q]! / Math.sqrt(variance[q]!));
      aa += a * a;
      n++;
    }
  }
  return n === 0 ? NaN : ab / aa;
}
