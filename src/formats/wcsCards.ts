/** Standard FITS cards of a WCS, for viewers; the exact numbers of an exposure stand elsewhere in its file. */
import type { SkyWcs } from '../model/wcs.ts';
import { card, type Card } from './fits/index.ts';

/** CTYPE to CD cards (1-based CRPIX) and, for SIP, the A and B coefficients that are not zero. */
export function headerOfWcs({ crpix, crval_deg, cd, sip }: SkyWcs): Card[] {
  const suffix = sip === undefined ? '' : '-SIP';
  const cards = [
    card('WCSAXES', 2), card('CTYPE1', `RA---TAN${suffix}`), card('CTYPE2', `DEC--TAN${suffix}`), card('CUNIT1', 'deg'), card('CUNIT2', 'deg'),
    card('CRVAL1', crval_deg[0]), card('CRVAL2', crval_deg[1]), card('CRPIX1', crpix[0] + 1), card('CRPIX2', crpix[1] + 1),
    card('CD1_1', cd[0]), card('CD1_2', cd[1]), card('CD2_1', cd[2]), card('CD2_2', cd[3]), card('RADESYS', 'ICRS'),
    // At the pole the default of LONPOLE is 0.
    ...(crval_deg[1] >= 90 ? [card('LONPOLE', 180)] : []),
  ];
  if (sip === undefined) return cards;
  return [...cards, ...sipCards('A', sip.order, sip.a), ...sipCards('B', sip.order, sip.b)];
}

function sipCards(name: 'A' | 'B', order: number, values: Float64Array): Card[] {
  const cards = [card(`${name}_ORDER`, order)];
  for (let i = 0; i <= order; i++) {
    for (let j = 0; i + j <= order; j++) {
      const value = values[i * (order + 1) + j]!;
      if (value !== 0) cards.push(card(`${name}_${i}_${j}`, value));
    }
  }
  return cards;
}
