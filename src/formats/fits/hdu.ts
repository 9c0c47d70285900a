/** One header and data unit as read, and access to its cards. */
import { ApError } from '../../model/errors.ts';
import type { HeaderMap, HeaderValue } from '../../model/instrument.ts';
import type { Card } from './cards.ts';

export type HduKind = 'image' | 'bintable' | 'asciiTable' | 'randomGroups' | 'other';

/** Everything about an HDU except its data: what a ranged read knows after the headers. */
export interface HduHead {
  /** 0 is the primary HDU. */
  readonly index: number;
  /** EXTNAME, or 'PRIMARY' for the first; '' when there is none. */
  readonly name: string;
  readonly kind: HduKind;
  /** A tile-compressed image in a binary table (ZIMAGE = T). */
  readonly isCompressedImage: boolean;
  readonly cards: readonly Card[];
  /** Values by keyword. The last card wins, except for the keywords that give the size of the HDU: there the first. */
  readonly header: HeaderMap;
  /** Byte positions in the (uncompressed) file. */
  readonly headerOffset: number;
  readonly dataOffset: number;
  /** Bytes of the data unit without padding, as the header claims them. */
  readonly dataLength: number;
}

export interface FitsHdu extends HduHead {
  /** Data unit without padding: big-endian bytes, a view of the file. Shorter than `dataLength` in a salvaged file. */
  readonly data: Uint8Array;
}

export interface FitsFile {
  readonly hdus: readonly FitsHdu[];
  /** Oddities that did not prevent reading, one sentence each. */
  readonly warnings: readonly string[];
}

/** How messages name an HDU: `HDU 1 (IMAGE)`. */
export function hduText(hdu: { readonly index: number; readonly name: string }): string {
  return `HDU ${hdu.index}${hdu.name === '' ? '' : ` (${hdu.name})`}`;
}

/**
 * The first HDU with the name (EXTNAME, compared without case).
 * @throws ApError BAD_FITS listing the names that exist.
 */
export function hduNamed(file: FitsFile, name: string): FitsHdu {
  const found = findHdu(file, name);
  if (found === undefined) {
    throw new ApError('BAD_FITS', { expected: `an HDU ${name}`, found: file.hdus.map(hduText).join(', ') });
  }
  return found;
}

export function findHdu(file: FitsFile, name: string): FitsHdu | undefined {
  return file.hdus.find(hdu => hdu.name.toUpperCase() === name.toUpperCase());
}

/**
 * Value of a card that must exist and be a finite number.
 * @throws ApError BAD_FITS naming the card.
 */
export function cardNumber(hdu: HduHead, key: string, fallback?: number): number {
  const value = hdu.header[key];
  if ((value === undefined || value === null) && fallback !== undefined) return fallback;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'bigint') return Number(value);
  throw badCard(hdu, key, value, 'a number');
}

/** An integer card between bounds (both inclusive). */
export function cardInteger(hdu: HduHead, key: string, bounds: { min: number; max: number; fallback?: number }): number {
  const value = cardNumber(hdu, key, bounds.fallback);
  if (!Number.isInteger(value) || value < bounds.min || value > bounds.max) {
    throw badCard(hdu, key, value, `an integer from ${bounds.min} to ${bounds.max}`);
  }
  return value;
}

/** A text card; trailing blanks removed. */
export function cardText(hdu: HduHead, key: string, fallback?: string): string {
  const value = hdu.header[key];
  if ((value === undefined || value === null) && fallback !== undefined) return fallback;
  if (typeof value === 'string') return value.trim();
  throw badCard(hdu, key, value, 'a text');
}

/** The error for a card that is missing (found undefined) or has a value of another kind. */
export function badCard(
  hdu: { readonly index: number; readonly name: string }, key: string, found: HeaderValue | undefined, expected: string,
): ApError {
  return new ApError('BAD_FITS', { where: `${hduText(hdu)}, card ${key}`, found: found === undefined ? 'no such card' : String(found), expected });
}

/**
 * Refuses an HDU whose data unit is not complete (only `salvageFits` returns such HDUs).
 * @throws ApError FILE_TRUNCATED with the expected and the found number of bytes.
 */
export function requireWholeData(hdu: FitsHdu): void {
  if (hdu.data.length < hdu.dataLength) throw cutData(hdu, hdu.data.length);
}

export function cutData(hdu: HduHead, found: number): ApError {
  return new ApError('FILE_TRUNCATED', { where: `${hduText(hdu)} data`, expected: hdu.dataLength, found });
}
