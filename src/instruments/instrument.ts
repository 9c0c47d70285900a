/** Declaring an instrument, and the card access that every header translator shares. */
import { ApError } from '../model/errors.ts';
import type { Box } from '../model/image.ts';
import type { HeaderMap, Instrument } from '../model/instrument.ts';

/** Identity with a type: `export const sim = defineInstrument({ name: 'sim', ... })`. */
export function defineInstrument(instrument: Instrument): Instrument {
  return instrument;
}

/** Finite number of a card; text that reads as a number counts (some telescopes quote numbers). */
export function numberCard(header: HeaderMap, key: string): number {
  const value = header[key];
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'bigint') return Number(number);
  if (typeof number !== 'number' || !Number.isFinite(number)) throw badCard(key, value, 'a number');
  return number;
}

/** A card that must hold an integer in [min, max]. */
export function integerCard(header: HeaderMap, key: string, min: number, max: number): number {
  const number = numberCard(header, key);
  if (!Number.isInteger(number) || number < min || number > max) {
    throw badCard(key, header[key], `an integer from ${min} to ${max}`);
  }
  return number;
}

/** Text of a card without surrounding blanks; an empty text counts as missing. */
export function textCard(header: HeaderMap, key: string): string {
  const value = header[key];
  if (typeof value !== 'string' || value.trim() === '') throw badCard(key, value, 'text');
  return value.trim();
}

/** Text of a card, or the default where the card is absent. */
export function optionalTextCard(header: HeaderMap, key: string, missing: string): string {
  return header[key] === undefined || header[key] === null ? missing : textCard(header, key);
}

/** The error of a card that is missing (value undefined) or odd. */
export function badCard(key: string, value: unknown, expected: string): ApError {
  const found = value === undefined || value === null ? 'nothing' : typeof value === 'string' ? `'${value}'` : String(value);
  return new ApError('BAD_FORMAT', { where: `header card ${key}`, found, expected });
}

/** Airmass of a plane-parallel atmosphere at an altitude in degrees (1 at the zenith). */
export function secantAirmass(altitude_deg: number): number {
  return 1 / Math.sin((altitude_deg * Math.PI) / 180);
}

/** An angle `[+-]dd:mm:ss.s` (or in decimals) of a card, in the card's own unit. */
export function sexagesimalCard(header: HeaderMap, key: string): number {
  const value = header[key];
  const match = typeof value === 'string' ? /^([+-]?)(\d+):(\d\d?):(\d\d?(?:\.\d*)?)$/.exec(value.trim()) : null;
  if (match === null) {
    try {
      return numberCard(header, key);
    } catch {
      throw badCard(key, value, 'an angle like 08:18:29.9');
    }
  }
  const size = Number(match[2]) + Number(match[3]) / 60 + Number(match[4]) / 3600;
  return match[1] === '-' ? -size : size;
}

/** A FITS section `[x1:x2,y1:y2]` (1-based, both ends included) as a box. */
export function sectionCard(header: HeaderMap, key: string): Box {
  const match = /^\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]$/.exec(textCard(header, key));
  const [x1, x2, y1, y2] = (match ?? []).slice(1).map(Number) as [number, number, number, number];
  if (match === null || x1 < 1 || y1 < 1 || x2 < x1 || y2 < y1) throw badCard(key, header[key], 'a section like [18:1382,1:1370]');
  return { x0: x1 - 1, y0: y1 - 1, width: x2 - x1 + 1, height: y2 - y1 + 1 };
}
