/** What a reference catalog knows of the stars of a simulated frame, and a first guess of the WCS that is badly wrong. */
import type { SkyWcs } from '../../../src/model/wcs.ts';
import { random } from '../../../src/numeric/random.ts';
import { pixelsToSky } from '../../../src/sky/wcs.ts';
import { offsetBy } from '../../../src/sky/sphere.ts';
import type { PeerReferences } from './peers.ts';
import type { SimulatedFrame } from './simulateFrame.ts';

/** Half of the stars above 2,000 electrons, with position errors of 1 mas a coordinate. */
export function referencesOf({ objects, wcs }: SimulatedFrame): PeerReferences {
  const draw = random(7, 'references');
  const stars = objects.filter(o => o.kind === 'star' && o.flux > 2000 && draw.uniform() < 0.5);
  const sky = pixelsToSky(wcs, stars.map(o => o.x), stars.map(o => o.y));
  const error_deg = 0.001 / 3600;
  return {
    ra: sky.ra.map((v, i) => v + (error_deg * draw.normal()) / Math.cos((sky.dec[i]! * Math.PI) / 180)),
    dec: sky.dec.map(v => v + error_deg * draw.normal()),
    mag: Float64Array.from(stars, o => 30 - 2.5 * Math.log10(o.flux) + 0.01 * draw.normal()), error_deg,
  };
}

/** The linear part of the true WCS, 2 arcmin off and turned by 1 degree. */
export function misledWcs({ crpix, crval_deg, cd }: SkyWcs): SkyWcs {
  const [c, s] = [Math.cos(Math.PI / 180), Math.sin(Math.PI / 180)];
  const [a, b, d, e] = cd;
  return {
    projection: 'TAN', crpix, crval_deg: offsetBy(...crval_deg, 70, 120), cd: [c * a - s * d, c * b - s * e, s * a + c * d, s * b + c * e],
  };
}
