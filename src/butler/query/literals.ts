/** Literals of query expressions: times, regions, and the values bound to names. */
import type { TimeSpan } from '../../model/dataset.ts';
import { ApError } from '../../model/errors.ts';
import { convexHull } from '../../sky/regionOverlap.ts';
import type { SkyRegion } from '../../sky/region.ts';
import { nsOfMjdTai, taiNsOfMjdUtc, taiNsOfTaiIso, taiNsOfUtcIso } from '../../sky/time.ts';

/** A time as a value to bind. */
export interface BoundTime {
  readonly tai_ns: bigint;
}

export type BindScalar = string | number | bigint | boolean | BoundTime | TimeSpan | SkyRegion;
/** Values for `:name`; a list may stand inside `in (...)`. */
export type Binds = Readonly<Record<string, BindScalar | readonly BindScalar[]>>;

const JD_OF_MJD = 2_400_000.5;
const UNIX_EPOCH_MJD = 40_587;

/**
 * TAI nanoseconds of the text of a time literal, `[format/]value[/scale]` as in the real client: formats iso, isot, mjd,
 * jd, unix; scales utc and tai. Without a format, a number with a decimal point is MJD and a date is ISO; without a
 * scale, dates and Unix times are UTC, MJD and JD are TAI.
 * @throws ApError BAD_FORMAT naming the text and what was expected.
 */
export function timeOfLiteral(text: string): bigint {
  const match = /^(?:([a-z]+)\/)?([^/]+?)(?:\/([a-z]+))?$/i.exec(text.trim());
  const [format, value = '', scale] = [match?.[1]?.toLowerCase(), match?.[2], match?.[3]?.toLowerCase()];
  const isNumber = /^-?(\d+\.\d*|\.\d+|\d+)$/.test(value) && (format !== undefined || value.includes('.'));
  const kind = format ?? (isNumber ? 'mjd' : 'iso');
  if (match === null || !['iso', 'isot', 'mjd', 'jd', 'unix'].includes(kind)) throw notATime(text);
  const isDate = kind === 'iso' || kind === 'isot';
  if (isDate === isNumber) throw notATime(text);
  const inScale = scale ?? (isDate || kind === 'unix' ? 'utc' : 'tai');
  if (inScale !== 'utc' && inScale !== 'tai') throw notATime(text);
  if (isDate) return inScale === 'utc' ? taiNsOfUtcIso(value.replace(/\+00:00$/, '')) : taiNsOfTaiIso(value);
  const number = Number(value);
  const mjd = kind === 'mjd' ? number : kind === 'jd' ? number - JD_OF_MJD : UNIX_EPOCH_MJD + number / 86_400;
  return inScale === 'utc' ? taiNsOfMjdUtc(mjd) : nsOfMjdTai(mjd);
}

function notATime(text: string): ApError {
  return new ApError('BAD_FORMAT', { found: text, expected: TIME_FORMS });
}

interface Shape {
  /** What the arguments are, for messages. */
  readonly signature: string;
  readonly isCount: (n: number) => boolean;
  readonly make: (values: readonly number[]) => SkyRegion;
}

/** What a time may look like, for messages. */
export const TIME_FORMS = "a time, like T'2026-01-12T03:00:00', T'2026-01-12 03:00:00/tai' or T'mjd/61052.5/tai'";

/** Functions of numbers (degrees) that make regions. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  point: { signature: 'POINT(ra, dec)', isCount: n => n === 2, make: ([ra, dec]) => ({ ra: ra!, dec: dec!, radius_deg: 0 }) },
  circle: {
    signature: 'CIRCLE(ra, dec, radius)', isCount: n => n === 3, make: ([ra, dec, radius]) => ({ ra: ra!, dec: dec!, radius_deg: radius! }),
  },
  box: { signature: 'BOX(ra, dec, width, height)', isCount: n => n === 4, make: boxAround },
  polygon: { signature: 'POLYGON(ra1, dec1, ra2, dec2, ra3, dec3, ...)', isCount: n => n >= 6 && n % 2 === 0, make: hullOf },
};

function boxAround([ra, dec, width, height]: readonly number[]): SkyRegion {
  const decs = { decMin: Math.max(-90, dec! - height! / 2), decMax: Math.min(90, dec! + height! / 2) };
  if (width! >= 360) return { raMin: 0, raMax: 360, ...decs };
  return { raMin: wrapped(ra! - width! / 2), raMax: wrapped(ra! + width! / 2), ...decs };
}

function wrapped(ra: number): number {
  return ((ra % 360) + 360) % 360;
}

function hullOf(values: readonly number[]): SkyRegion {
  return convexHull(Array.from({ length: values.length / 2 }, (_, k) => [values[2 * k]!, values[2 * k + 1]!] as const));
}

/** True when the numbers make a region on the sphere. */
export function areOnSky(shape: string, values: readonly number[]): boolean {
  const isDec = (dec: number): boolean => Math.abs(dec) <= 90;
  if (shape === 'polygon') return values.every((value, k) => k % 2 === 0 || isDec(value));
  const [, dec, size, height] = values;
  return isDec(dec!) && (size === undefined || (size >= 0 && size <= 360)) && (height === undefined || (height >= 0 && height <= 180));
}

/** The region of an IVOA text: `CIRCLE ra dec r`, `POLYGON ra dec ...`, `RANGE raMin raMax decMin decMax`. null: none. */
export function regionOfIvoa(text: string): SkyRegion | null {
  const [word = '', ...rest] = text.trim().split(/\s+/);
  const values = rest.map(Number);
  const kind = word.toLowerCase();
  if (values.some(value => !Number.isFinite(value))) return null;
  if (kind === 'range' && values.length === 4) {
    const [raMin, raMax, decMin, decMax] = values as [number, number, number, number];
    return raMin <= raMax && decMin <= decMax && decMin >= -90 && decMax <= 90 ? { raMin, raMax, decMin, decMax } : null;
  }
  const shape = kind === 'circle' || kind === 'polygon' ? SHAPES[kind] : undefined;
  return shape?.isCount(values.length) === true && areOnSky(kind, values) ? shape.make(values) : null;
}
