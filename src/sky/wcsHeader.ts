/** FITS header cards <-> SkyWcs (FITS standard 4.0 section 8; SIP convention, Shupe et al. 2005). */
import { ApError } from '../model/errors.ts';
import type { HeaderMap } from '../model/instrument.ts';
import type { SipDistortion, SkyWcs } from '../model/wcs.ts';
import { quotedNumber } from './wcsCardReader.ts';

const RADIAN = Math.PI / 180;

/**
 * WCS of a header with CTYPE RA---TAN / DEC--TAN (either axis order), with or without -SIP; also TPV and TAN with
 * PVi_j, whose polynomial is left out (`wcsNotes` says so). The linear part comes from CDi_j, or CDELT with PCi_j
 * or CROTA2. CRPIX becomes 0-based.
 * @throws ApError BAD_WCS naming the card that is missing, of another projection, or singular.
 */
export function wcsFromHeader(header: HeaderMap): SkyWcs {
  const types = [cardText(header, 'CTYPE1'), cardText(header, 'CTYPE2')];
  const raFirst = types[0]!.startsWith('RA--');
  const axes = raFirst ? [types[0]!, types[1]!] : [types[1]!, types[0]!];
  if (!/^RA---(TAN|TPV)/.test(axes[0]!) || !/^DEC--(TAN|TPV)/.test(axes[1]!)) {
    throw new ApError('BAD_WCS', { where: 'CTYPE1, CTYPE2', found: types.join(', '), expected: 'RA---TAN, DEC--TAN' });
  }
  checkUnits(header);
  const crval = [cardNumber(header, 'CRVAL1'), cardNumber(header, 'CRVAL2')] as const;
  const linear = linearPart(header);
  const cd = raFirst ? linear : ([linear[2], linear[3], linear[0], linear[1]] as const);
  const turned = turnByLonpole(cd, optionalNumber(header, 'LONPOLE') ?? (crval[raFirst ? 1 : 0] >= 90 ? 0 : 180));
  const det = turned[0] * turned[3] - turned[1] * turned[2];
  if (!(Math.abs(det) > 0)) {
    throw new ApError('BAD_WCS', { where: 'CDi_j', found: turned.join(' '), expected: 'a regular matrix' });
  }
  const wcs = {
    projection: 'TAN' as const,
    crpix: [cardNumber(header, 'CRPIX1') - 1, cardNumber(header, 'CRPIX2') - 1] as const,
    crval_deg: raFirst ? crval : ([crval[1], crval[0]] as const),
    cd: turned,
  };
  const sip = axes[0]!.endsWith('-SIP') || header.A_ORDER !== undefined ? sipOf(header) : undefined;
  return sip === undefined ? wcs : { ...wcs, sip };
}

/** What of a header's WCS is left out by `wcsFromHeader`, one sentence each; empty when nothing is. */
export function wcsNotes(header: HeaderMap): string[] {
  const notes: string[] = [];
  const pv = Object.keys(header).filter(key => /^PV\d+_\d+$/.test(key));
  if (pv.length > 0) notes.push(`the distortion in ${pv.length} PVi_j cards is ignored; the linear TAN part is used`);
  const frame = String(header.RADESYS ?? header.RADECSYS ?? '').trim();
  if (frame !== '' && !['ICRS', 'FK5'].includes(frame)) notes.push(`RADESYS '${frame}' is taken as ICRS`);
  return notes;
}

/**
 * Header cards of a WCS (1-based CRPIX), in the order in which they are usually written.
 * @param inverse - AP and BP of the SIP convention (`sipInversePolynomials`), for readers that do not iterate.
 */
export function headerFromWcs(wcs: SkyWcs, inverse?: SipDistortion): Record<string, number | string> {
  const suffix = wcs.sip === undefined ? '' : '-SIP';
  const cards: Record<string, number | string> = {
    WCSAXES: 2, CTYPE1: `RA---TAN${suffix}`, CTYPE2: `DEC--TAN${suffix}`, CUNIT1: 'deg', CUNIT2: 'deg',
    CRVAL1: wcs.crval_deg[0], CRVAL2: wcs.crval_deg[1], CRPIX1: wcs.crpix[0] + 1, CRPIX2: wcs.crpix[1] + 1,
    CD1_1: wcs.cd[0], CD1_2: wcs.cd[1], CD2_1: wcs.cd[2], CD2_2: wcs.cd[3], RADESYS: 'ICRS',
  };
  if (wcs.crval_deg[1] >= 90) cards.LONPOLE = 180;
  if (wcs.sip === undefined) return cards;
  return { ...cards, ...sipCards(wcs.sip, 'A', 'B'), ...(inverse === undefined ? {} : sipCards(inverse, 'AP', 'BP')) };
}

function sipCards({ order, a, b }: SipDistortion, first: string, second: string): Record<string, number> {
  const cards: Record<string, number> = {};
  for (const [name, values] of [[first, a], [second, b]] as const) {
    cards[`${name}_ORDER`] = order;
    for (let i = 0; i <= order; i++) {
      for (let j = 0; i + j <= order; j++) {
        const value = values[i * (order + 1) + j]!;
        if (value !== 0) cards[`${name}_${i}_${j}`] = value;
      }
    }
  }
  return cards;
}

type Matrix = readonly [number, number, number, number];

function linearPart(header: HeaderMap): Matrix {
  const keys = ['1_1', '1_2', '2_1', '2_2'];
  if (keys.some(k => header[`CD${k}`] !== undefined)) {
    return keys.map(k => optionalNumber(header, `CD${k}`) ?? 0) as unknown as Matrix;
  }
  const [d1, d2] = [cardNumber(header, 'CDELT1'), cardNumber(header, 'CDELT2')];
  if (keys.some(k => header[`PC${k}`] !== undefined)) {
    const pc = keys.map((k, n) => optionalNumber(header, `PC${k}`) ?? (n === 0 || n === 3 ? 1 : 0));
    return [d1 * pc[0]!, d1 * pc[1]!, d2 * pc[2]!, d2 * pc[3]!];
  }
  const rota = (optionalNumber(header, 'CROTA2') ?? 0) * RADIAN;
  return [d1 * Math.cos(rota), -d2 * Math.sin(rota), d1 * Math.sin(rota), d2 * Math.cos(rota)];
}

/** A LONPOLE other than 180 turns the tangent plane about its centre. */
function turnByLonpole(cd: Matrix, lonpole: number): Matrix {
  if (lonpole === 180) return cd;
  const angle = (lonpole - 180) * RADIAN;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return [c * cd[0] + s * cd[2], c * cd[1] + s * cd[3], c * cd[2] - s * cd[0], c * cd[3] - s * cd[1]];
}

function sipOf(header: HeaderMap): SipDistortion | undefined {
  const order = Math.max(optionalNumber(header, 'A_ORDER') ?? 0, optionalNumber(header, 'B_ORDER') ?? 0);
  if (order === 0) return undefined;
  if (!Number.isInteger(order) || order < 0 || order > 9) {
    throw new ApError('BAD_WCS', { where: 'A_ORDER, B_ORDER', found: order, expected: 'an integer from 1 to 9' });
  }
  const read = (name: string): Float64Array => {
    const values = new Float64Array((order + 1) ** 2);
    for (let i = 0; i <= order; i++) {
      for (let j = 0; i + j <= order; j++) {
        values[i * (order + 1) + j] = optionalNumber(header, `${name}_${i}_${j}`) ?? 0;
      }
    }
    return values;
  };
  return { order, a: read('A'), b: read('B') };
}

function checkUnits(header: HeaderMap): void {
  for (const key of ['CUNIT1', 'CUNIT2']) {
    const unit = header[key];
    if (unit !== undefined && unit !== null && !/^(deg(rees?)?)?$/i.test(String(unit).trim())) {
      throw new ApError('BAD_WCS', { where: key, found: String(unit), expected: 'deg' });
    }
  }
}

function cardText(header: HeaderMap, key: string): string {
  const value = header[key];
  if (typeof value !== 'string') throw new ApError('BAD_WCS', { where: key, found: String(value), expected: 'text' });
  return value.trim().toUpperCase();
}

function optionalNumber(header: HeaderMap, key: string): number | undefined {
  const value = header[key];
  return value === undefined || value === null ? undefined : cardNumber(header, key);
}

function cardNumber(header: HeaderMap, key: string): number {
  const value = header[key];
  const number = typeof value === 'number' || typeof value === 'bigint' ? Number(value) : quotedNumber(value ?? null);
  if (!Number.isFinite(number)) {
    throw new ApError('BAD_WCS', { where: key, found: String(value), expected: 'a number' });
  }
  return number;
}
