/** A million positions through a TAN-SIP world coordinate system, both ways. */
import { random } from '../../src/numeric/random.ts';
import type { SkyWcs } from '../../src/model/wcs.ts';
import { pixelsToSky, skyToPixels } from '../../src/sky/wcs.ts';
import type { Bench, BenchCase } from './bench.ts';

const N = 1_000_000;
const [WIDTH, HEIGHT] = [4072, 4000];

/** The field of one detector with distortions of the size that wide-field cameras have. */
function sipWcs(order: number): SkyWcs {
  const rng = random(1, 'wcs bench');
  const coefficients = (): Float64Array => {
    const values = new Float64Array((order + 1) ** 2);
    for (let i = 0; i <= order; i++) {
      for (let j = 0; i + j <= order; j++) if (i + j > 1) values[i * (order + 1) + j] = rng.normal() * 5 * 3000 ** -(i + j);
    }
    return values;
  };
  return {
    projection: 'TAN', crpix: [WIDTH / 2, HEIGHT / 2], crval_deg: [150.1, -28.2], cd: [-5.5e-5, 1e-6, 1e-6, 5.5e-5],
    sip: { order, a: coefficients(), b: coefficients() },
  };
}

function cases(): BenchCase[] {
  const rng = random(2, 'wcs bench');
  const x = Float64Array.from({ length: N }, () => rng.uniform() * WIDTH);
  const y = Float64Array.from({ length: N }, () => rng.uniform() * HEIGHT);
  return [3, 5].flatMap(order => {
    const wcs = sipWcs(order);
    const { ra, dec } = pixelsToSky(wcs, x, y);
    return [
      { name: `10^6 sky to pixel, TAN-SIP of order ${order}`, repeat: 7, run: () => skyToPixels(wcs, ra, dec) },
      { name: `10^6 pixel to sky, TAN-SIP of order ${order}`, repeat: 7, run: () => pixelsToSky(wcs, x, y) },
    ];
  });
}

export default { name: 'wcs', cases } satisfies Bench;
