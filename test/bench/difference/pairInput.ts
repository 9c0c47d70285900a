/** A simulated pair as the exposures that the pipeline starts from. */
import { allocF32, type Exposure } from '../../../src/model/image.ts';
import type { ImagePair, PairImage } from '../../../src/simulate/pair/imagePair.ts';

const VISIT = {
  instrument: 'pair', visit: 1, begin_taiNs: 0n, end_taiNs: 0n, mid_mjdTai: 60000, exposureTime_s: 30, darkTime_s: 30,
  boresightRa_deg: 150.1, boresightDec_deg: 2.2, rotation_deg: 0, airmass: 1,
};

/** Counts with the variance of photons and read-out. */
export function exposureOf({ width, height, image, mask, wcs, readNoise_electron, gain_electronPerAdu }: PairImage): Exposure {
  const variance = allocF32(image.length);
  for (let p = 0; p < image.length; p++) variance[p] = Math.max(0, image[p]!) / gain_electronPerAdu + readNoise_electron ** 2;
  return {
    width, height, image, variance, mask: mask.slice(), wcs, psf: null, photoCalib: null, visitInfo: VISIT, detector: 0, band: 'r',
    physicalFilter: 'r', unit: 'adu', metadata: {},
  };
}

/** What nobody can better: the science image less its own noise-free static scene, with the mask and variance of the prepared image. */
export function oracleDifference(pair: ImagePair, science: Exposure): Exposure {
  const image = allocF32(science.image.length);
  for (let p = 0; p < image.length; p++) image[p] = pair.science.image[p]! - pair.staticScene[p]!;
  return { ...science, image, mask: science.mask.slice() };
}
