/** A raw frame in the layout of DECam: what the header of its CCD says, with known zero levels, gains, sky and stars. */
import type { HeaderMap, RawFrame } from '../../src/model/instrument.ts';
import { random } from '../../src/numeric/random.ts';

export const DECAM_CARDS: HeaderMap = {
  INSTRUME: 'DECam', EXPNUM: 411371, CCDNUM: 56, 'DATE-OBS': '2015-02-17T03:06:09.123456', OBSTYPE: 'object', OBJECT: 'Blind15A_26',
  FILTER: 'g DECam SDSS c0001 4720.0 1520.0', EXPTIME: 86, DARKTIME: 87.1, RA: '10:12:00.5', DEC: '-05:58:12.3', AIRMASS: 1.2,
  DATASECA: '[1081:2104,51:4146]', BIASSECA: '[2111:2160,51:4146]', PRESECA: '[2105:2110,51:4146]', POSTSECA: '[1081:2104,1:50]',
  DATASECB: '[57:1080,51:4146]', BIASSECB: '[1:50,51:4146]', PRESECB: '[51:56,51:4146]', POSTSECB: '[57:1080,1:50]',
  GAINA: 4.1, GAINB: 3.9, RDNOISEA: 6.2, RDNOISEB: 5.8, SATURATA: 43_000, SATURATB: 44_000,
};
export const RAW_SIZE = { width: 2160, height: 4146 };
/** Zero level of amplifier B and A at the bottom; both rise by RISE_ADU to the top. */
export const ZERO_ADU = { B: 1600, A: 1850 } as const;
export const RISE_ADU = 12;
export const SKY_ELECTRON = 800;

/** Left half of the frame is B. Stars are single saturated or bright pixels with a halo of 5 x 5 pixels. */
export function decamFrame({ seed, nStars, cards = {} }: { seed: number; nStars: number; cards?: HeaderMap }): RawFrame {
  const { width, height } = RAW_SIZE;
  const rng = random(seed, 'decam frame');
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const isA = x >= width / 2;
      const gain = isA ? 4.1 : 3.9;
      const isLight = x >= 56 && x < 2104 && y >= 50;
      const electrons = (isLight ? SKY_ELECTRON + Math.sqrt(SKY_ELECTRON) * rng.normal() : 0) + (isA ? 6.2 : 5.8) * rng.normal();
      data[y * width + x] = Math.round((isA ? ZERO_ADU.A : ZERO_ADU.B) + (RISE_ADU * y) / height + electrons / gain);
    }
  }
  for (let k = 0; k < nStars; k++) {
    const [x0, y0] = [60 + Math.floor(rng.uniform() * 2036), 60 + Math.floor(rng.uniform() * 4080)];
    const peak = 100 * 10 ** (3 * rng.uniform());
    for (let d = 0; d < 25; d++) {
      const [dx, dy] = [(d % 5) - 2, Math.floor(d / 5) - 2];
      const p = (y0 + dy) * width + x0 + dx;
      data[p] = Math.min(65_535, data[p]! + peak * Math.exp(-(dx * dx + dy * dy) / 3));
    }
  }
  return { width, height, data, header: { ...DECAM_CARDS, ...cards } };
}
