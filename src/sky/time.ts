/**
 * Times: nanoseconds since 1970-01-01T00:00:00 TAI as bigint, TAI modified Julian dates as number, ISO text.
 * UTC follows the IERS leap seconds (Bulletin C 70: none announced after 2017-01-01); before 1972 the offset of
 * 1972, 10 s, is used.
 */
import { ApError } from '../model/errors.ts';

/** [first UTC day, TAI - UTC in seconds from then on]. */
const LEAP_SECONDS: readonly (readonly [string, number])[] = [
  ['1972-01-01', 10], ['1972-07-01', 11], ['1973-01-01', 12], ['1974-01-01', 13], ['1975-01-01', 14],
  ['1976-01-01', 15], ['1977-01-01', 16], ['1978-01-01', 17], ['1979-01-01', 18], ['1980-01-01', 19],
  ['1981-07-01', 20], ['1982-07-01', 21], ['1983-07-01', 22], ['1985-07-01', 23], ['1988-01-01', 24],
  ['1990-01-01', 25], ['1991-01-01', 26], ['1992-07-01', 27], ['1993-07-01', 28], ['1994-07-01', 29],
  ['1996-01-01', 30], ['1997-07-01', 31], ['1999-01-01', 32], ['2006-01-01', 33], ['2009-01-01', 34],
  ['2012-07-01', 35], ['2015-07-01', 36], ['2017-01-01', 37],
];

const NS_PER_S = 1_000_000_000n;
const NS_PER_DAY = 86_400n * NS_PER_S;
const MJD_OF_1970 = 40587;

/** Start of each offset as UTC day counted from 1970, with the offset. */
const STEPS = LEAP_SECONDS.map(([day, offset_s]) => ({ day: Date.parse(`${day}T00:00:00Z`) / 86_400_000, offset_s }));

/** TAI - UTC in seconds during a UTC day (days since 1970-01-01). */
export function taiMinusUtc_s(day: number): number {
  return STEPS.findLast(step => step.day <= day)?.offset_s ?? 10;
}

/**
 * TAI nanoseconds of UTC text `YYYY-MM-DD[(T| )hh:mm[:ss[.f...]]][Z]`; second 60 is allowed where a leap second was.
 * Digits beyond nanoseconds are cut. @throws ApError BAD_FORMAT naming the text.
 */
export function taiNsOfUtcIso(text: string): bigint {
  const { day, second, ns } = parseIso(text);
  const lastSecond = 86_399 + taiMinusUtc_s(day + 1) - taiMinusUtc_s(day);
  if (second > lastSecond) throw notATime(text);
  return BigInt(day) * NS_PER_DAY + BigInt(second + taiMinusUtc_s(day)) * NS_PER_S + ns;
}

/** TAI nanoseconds of text that is in TAI already. */
export function taiNsOfTaiIso(text: string): bigint {
  const { day, second, ns } = parseIso(text);
  if (second > 86_399) throw notATime(text);
  return BigInt(day) * NS_PER_DAY + BigInt(second) * NS_PER_S + ns;
}

/** TAI text `YYYY-MM-DDThh:mm:ss.nnnnnnnnn` of TAI nanoseconds. */
export function isoOfTaiNs(ns: bigint): string {
  const day = floorDivide(ns, NS_PER_DAY);
  return formatIso(Number(day), ns - day * NS_PER_DAY);
}

/** UTC text of TAI nanoseconds; inside a leap second the seconds read 60. */
export function utcIsoOfTaiNs(ns: bigint): string {
  let day = Number(floorDivide(ns, NS_PER_DAY));
  let ofDay = ns - BigInt(day) * NS_PER_DAY - BigInt(taiMinusUtc_s(day)) * NS_PER_S;
  if (ofDay < 0n) {
    day -= 1;
    ofDay = ns - BigInt(day) * NS_PER_DAY - BigInt(taiMinusUtc_s(day)) * NS_PER_S;
  }
  return formatIso(day, ofDay);
}

/** TAI modified Julian date of TAI nanoseconds; the rounding of a double near 60000 is 0.3 microseconds. */
export function mjdTaiOfNs(ns: bigint): number {
  const day = floorDivide(ns, NS_PER_DAY);
  return MJD_OF_1970 + Number(day) + Number(ns - day * NS_PER_DAY) / Number(NS_PER_DAY);
}

/** TAI nanoseconds of a TAI modified Julian date. */
export function nsOfMjdTai(mjd: number): bigint {
  if (!Number.isFinite(mjd)) throw notATime(String(mjd));
  const day = Math.floor(mjd);
  return BigInt(day - MJD_OF_1970) * NS_PER_DAY + BigInt(Math.round((mjd - day) * Number(NS_PER_DAY)));
}

/** TAI nanoseconds of a UTC modified Julian date (days of 86400 s; not defined inside a leap second). */
export function taiNsOfMjdUtc(mjd: number): bigint {
  return nsOfMjdTai(mjd) + BigInt(taiMinusUtc_s(Math.floor(mjd) - MJD_OF_1970)) * NS_PER_S;
}

interface Parts {
  readonly day: number;
  readonly second: number;
  readonly ns: bigint;
}

function parseIso(text: string): Parts {
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d*))?)?)?Z?$/.exec(text.trim());
  if (match === null) throw notATime(text);
  const [year, month, date, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0));
  const ms = Date.UTC(year!, month! - 1, date!);
  const real = new Date(ms);
  if (real.getUTCMonth() !== month! - 1 || real.getUTCDate() !== date!) throw notATime(text);
  const isLeap = second === 60 && hour === 23 && minute === 59;
  if (hour! > 23 || minute! > 59 || (second! > 59 && !isLeap)) throw notATime(text);
  const ns = BigInt((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return { day: ms / 86_400_000, second: hour! * 3600 + minute! * 60 + second!, ns };
}

function formatIso(day: number, ofDay_ns: bigint): string {
  const second = Number(ofDay_ns / NS_PER_S);
  const ns = String(ofDay_ns % NS_PER_S).padStart(9, '0');
  const minute = Math.min(Math.floor(second / 60), 1439);
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = new Date(day * 86_400_000).toISOString().slice(0, 10);
  return `${date}T${two(Math.floor(minute / 60))}:${two(minute % 60)}:${two(second - 60 * minute)}.${ns}`;
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a >= 0n ? a / b : -((-a + b - 1n) / b);
}

function notATime(text: string): ApError {
  return new ApError('BAD_FORMAT', { where: 'time', found: text, expected: 'YYYY-MM-DDThh:mm:ss.fff that exists' });
}
