/** FITS header cards -> `GeneralWcs` (FITS standard 4.0 section 8, with the older and private forms that files carry). */
import { ApError } from '../model/errors.ts';
import type { DistortionTable, GeneralWcs, PlaneDistortion, SipDistortion, TablePair } from '../model/wcs.ts';
import { dssPlate } from './dssPlate.ts';
import { isCelestial, wcsCards, type CardEntry, type WcsCards } from './wcsCardReader.ts';
import { irafSurfaces } from './irafWat.ts';
import { cosd, sind } from './projections/projection.ts';

export interface WcsHeaderOptions {
  /** Alternate WCS letter 'A' to 'Z'; the primary WCS without it. */
  readonly alternate?: string;
  /** Lookup tables by extension name ('WCSDVARR', 'D2IMARR') and EXTVER; headers that refer to none need no answer. */
  readonly table?: (name: string, version: number) => DistortionTable | undefined;
}

interface CelestialAxes {
  readonly lon: number;
  readonly lat: number;
  readonly names: readonly [string, string];
  readonly code: string;
  readonly suffix: string;
}

/**
 * The celestial WCS of a header. Two celestial axes are looked for among all of them (a cube's other axes are left out);
 * `x` is the first of the two in the file. Numbers in quotes are read as numbers. Distortions: SIP, TPV, TAN with PVi_m as
 * SCAMP writes it, TNX and ZPX, plate solutions of the DSS, lookup tables (CPDIS, D2IMDIS).
 * @param cards - in the order of the file, repeated keys kept (record-valued cards such as DP1 repeat).
 * @throws ApError BAD_WCS naming the card that is missing, wrong or not supported.
 */
export function generalWcsFromCards(cards: readonly CardEntry[], options: WcsHeaderOptions = {}): GeneralWcs {
  const reader = wcsCards(cards, options.alternate ?? '');
  const plate = (options.alternate ?? '') === '' ? dssPlate(reader) : undefined;
  if (plate !== undefined) return plate;
  const axes = celestialAxes(reader);
  const [x, y] = axes.lon < axes.lat ? [axes.lon, axes.lat] : [axes.lat, axes.lon];
  const [lonUnit, latUnit] = [unitInDegrees(reader, axes.lon), unitInDegrees(reader, axes.lat)];
  const reference = (axis: number): number => reader.number(`CRVAL${axis}`) ?? 0;
  const crval_deg = [reference(axes.lon) * lonUnit, reference(axes.lat) * latUnit] as const;
  const row = (axis: number, unit: number): [number, number] =>
    [element(reader, axes, axis, x) * unit, element(reader, axes, axis, y) * unit];
  const geometry = geometryOf(reader, axes, crval_deg);
  return {
    ...geometry, axes: axes.names, crval_deg,
    crpix: [(reader.number(`CRPIX${x}`) ?? 0) - 1, (reader.number(`CRPIX${y}`) ?? 0) - 1],
    cd: [...row(axes.lon, lonUnit), ...row(axes.lat, latUnit)],
    ...(options.alternate === undefined || options.alternate === '' ? pixelDistortions(reader, options) : sipOnly(reader, axes)),
  };
}

/** Whether a header has two celestial axes with a projection. */
export function hasCelestialAxes(cards: readonly CardEntry[], alternate = ''): boolean {
  const reader = wcsCards(cards, alternate);
  return findAxes(reader) !== undefined || (alternate === '' && dssPlate(reader) !== undefined);
}

function celestialAxes(reader: WcsCards): CelestialAxes {
  const axes = findAxes(reader);
  if (axes !== undefined) return axes;
  const found = [1, 2, 3, 4].map(i => reader.text(`CTYPE${i}`)).filter(type => type !== undefined).join(', ');
  throw new ApError('BAD_WCS', {
    where: 'CTYPEi', found: found === '' ? 'no CTYPE card' : found, expected: 'a celestial pair such as RA---TAN, DEC--TAN',
  });
}

function findAxes(reader: WcsCards): CelestialAxes | undefined {
  const types = Array.from({ length: 9 }, (_, k) => reader.text(`CTYPE${k + 1}`)?.toUpperCase() ?? '');
  for (let lon = 1; lon <= 9; lon++) {
    for (let lat = 1; lat <= 9; lat++) {
      const pair = isCelestial(types[lon - 1]!, types[lat - 1]!);
      if (pair !== undefined) return { lon, lat, ...pair };
    }
  }
  return undefined;
}

/** Degrees in the unit of an axis. */
function unitInDegrees(reader: WcsCards, axis: number): number {
  const unit = reader.text(`CUNIT${axis}`) ?? '';
  const known: Readonly<Record<string, number>> = {
    '': 1, deg: 1, degree: 1, degrees: 1, arcmin: 1 / 60, arcsec: 1 / 3600, mas: 1 / 3.6e6, uas: 1 / 3.6e9, rad: 180 / Math.PI,
  };
  const factor = known[unit.toLowerCase()];
  if (factor === undefined) throw new ApError('BAD_WCS', { where: `CUNIT${axis}`, found: unit, expected: 'deg, arcmin, arcsec, mas or rad' });
  return factor;
}

/** Element of the linear matrix in units per pixel: PC with CDELT, else CD, else CDELT with CROTA on the latitude axis. */
function element(reader: WcsCards, { lon, lat }: CelestialAxes, axis: number, pixel: number): number {
  const delta = (i: number): number => reader.number(`CDELT${i}`) ?? 1;
  if (reader.hasMatrix('PC')) return delta(axis) * (reader.number(`PC${axis}_${pixel}`) ?? (axis === pixel ? 1 : 0));
  if (reader.hasMatrix('CD')) {
    // A header that leaves out a whole axis means one unit a pixel for it (as WCSLIB's cdfix).
    const isolated = [lon, lat].every(i => !reader.number(`CD${axis}_${i}`) && !reader.number(`CD${i}_${axis}`));
    return isolated && axis === pixel ? 1 : reader.number(`CD${axis}_${pixel}`) ?? 0;
  }
  const turn = reader.number(`CROTA${lat}`) ?? 0;
  if (axis === pixel) return delta(axis) * cosd(turn);
  return (axis === lon ? -delta(lat) : delta(lon)) * sind(turn);
}

/** Projection, its parameters, the reference point and the distortion of the plane. */
function geometryOf(
  reader: WcsCards, axes: CelestialAxes, crval_deg: readonly [number, number],
): Pick<GeneralWcs, 'projection' | 'pv' | 'fiducial' | 'lonpole_deg' | 'latpole_deg' | 'plane'> {
  const { lon, lat, code } = axes;
  const lonPv = reader.parameters(lon);
  const latPv = reader.parameters(lat);
  const common = poles(reader, []);
  if (code === 'TPV' || (code === 'TAN' && isScamp(lonPv, latPv))) {
    const plane = axes.suffix === 'SIP' ? undefined : tpvOf(lonPv, latPv);
    return { projection: 'TAN', pv: [], ...common, ...(plane === undefined ? {} : { plane }) };
  }
  if (code === 'TNX' || code === 'ZPX') {
    const { surfaces, projp } = irafSurfaces(reader, lon, lat);
    return { projection: code === 'TNX' ? 'TAN' : 'ZPN', pv: code === 'TNX' ? [] : projp, ...common, plane: surfaces };
  }
  if (code === 'NCP') return { projection: 'SIN', pv: [undefined, 0, cosd(crval_deg[1]) / sind(crval_deg[1])], ...common };
  if (code === 'GLS') {
    // AIPS did not mean an oblique map: a reference latitude only moves the map (as WCSLIB's celfix).
    const fiducial = crval_deg[1] === 0 ? undefined : { phi0_deg: 0, theta0_deg: crval_deg[1], offset: true };
    return { projection: 'SFL', pv: [], ...common, fiducial };
  }
  const fiducial = fiducialOf(lonPv, code, latPv);
  const pv = reader.projectionParameters(lat);
  return { projection: code, pv, ...poles(reader, lonPv), ...(fiducial === undefined ? {} : { fiducial }) };
}

/** SCAMP before TPV was registered: a TAN header whose PVi_m cannot be Paper II's. */
function isScamp(lonPv: readonly (number | undefined)[], latPv: readonly (number | undefined)[]): boolean {
  return lonPv.some((value, m) => m >= 5 && value !== undefined) || latPv.some(value => value !== undefined);
}

/** Coefficients left out are 0, but 1 for the first linear one. */
function tpvOf(lonPv: readonly (number | undefined)[], latPv: readonly (number | undefined)[]): PlaneDistortion | undefined {
  const filled = (pv: readonly (number | undefined)[]): number[] =>
    Array.from({ length: Math.max(2, pv.length) }, (_, m) => pv[m] ?? (m === 1 ? 1 : 0));
  if (lonPv.length === 0 && latPv.length === 0) return undefined;
  const longest = Math.max(lonPv.length, latPv.length);
  if (longest > 40) throw new ApError('BAD_WCS', { where: 'PVi_m', found: `m = ${longest - 1}`, expected: 'TPV terms up to m = 39' });
  return { kind: 'TPV', lon: filled(lonPv), lat: filled(latPv) };
}

function poles(reader: WcsCards, lonPv: readonly (number | undefined)[]): Pick<GeneralWcs, 'lonpole_deg' | 'latpole_deg'> {
  const given = (value: number | undefined): number | undefined => (value === 999 ? undefined : value);
  return {
    lonpole_deg: given(lonPv[3] ?? reader.number('LONPOLE')),
    latpole_deg: given(lonPv[4] ?? reader.number('LATPOLE')),
  };
}

function fiducialOf(
  lonPv: readonly (number | undefined)[], code: string, latPv: readonly (number | undefined)[],
): GeneralWcs['fiducial'] {
  if (lonPv[1] === undefined && lonPv[2] === undefined) return undefined;
  const zenithal = ['AZP', 'SZP', 'TAN', 'STG', 'SIN', 'ARC', 'ZPN', 'ZEA', 'AIR', 'XPH'].includes(code);
  const conic = ['COP', 'COE', 'COD', 'COO'].includes(code);
  const theta0 = zenithal ? 90 : conic ? latPv[1] ?? 0 : 0;
  // One of the two alone counts, but moves no origin (as in WCSLIB).
  const both = lonPv[1] !== undefined && lonPv[2] !== undefined;
  return { phi0_deg: lonPv[1] ?? 0, theta0_deg: lonPv[2] ?? theta0, offset: both && (lonPv[0] ?? 0) !== 0 };
}

function sipOnly(reader: WcsCards, axes: CelestialAxes): Pick<GeneralWcs, 'sip'> {
  const sip = axes.suffix === 'SIP' ? sipOf(reader, 'A', 'B') : undefined;
  return sip === undefined ? {} : { sip };
}

function pixelDistortions(
  reader: WcsCards, options: WcsHeaderOptions,
): Pick<GeneralWcs, 'sip' | 'sipInverse' | 'detectorTables' | 'imageTables'> {
  const sip = sipOf(reader, 'A', 'B');
  const sipInverse = sipOf(reader, 'AP', 'BP');
  const detectorTables = tablesOf(reader, options, { type: 'D2IMDIS', record: 'D2IM', extension: 'D2IMARR' });
  const imageTables = tablesOf(reader, options, { type: 'CPDIS', record: 'DP', extension: 'WCSDVARR' });
  return {
    ...(sip === undefined ? {} : { sip }), ...(sipInverse === undefined ? {} : { sipInverse }),
    ...(detectorTables === undefined ? {} : { detectorTables }), ...(imageTables === undefined ? {} : { imageTables }),
  };
}

/** SIP polynomials of order 2 and more (an order of 0 or 1 is no distortion, as in astropy). */
function sipOf(reader: WcsCards, first: 'A' | 'AP', second: 'B' | 'BP'): SipDistortion | undefined {
  const order = Math.max(reader.number(`${first}_ORDER`, false) ?? 0, reader.number(`${second}_ORDER`, false) ?? 0);
  if (order < 2) return undefined;
  if (!Number.isInteger(order) || order > 15) {
    throw new ApError('BAD_WCS', { where: `${first}_ORDER, ${second}_ORDER`, found: order, expected: 'an integer from 0 to 15' });
  }
  const read = (name: string): Float64Array => {
    const values = new Float64Array((order + 1) ** 2);
    const own = reader.number(`${name}_ORDER`, false) ?? 0;
    for (let i = 0; i <= own; i++) {
      for (let j = 0; i + j <= own; j++) values[i * (order + 1) + j] = reader.number(`${name}_${i}_${j}`, false) ?? 0;
    }
    return values;
  };
  return { order, a: read(first), b: read(second) };
}

function tablesOf(
  reader: WcsCards, options: WcsHeaderOptions, names: { type: string; record: string; extension: string },
): TablePair | undefined {
  const one = (axis: number): DistortionTable | undefined => {
    const type = reader.text(`${names.type}${axis}`)?.toUpperCase();
    if (type === undefined || type === '') return undefined;
    if (type !== 'LOOKUP') throw new ApError('BAD_WCS', { where: `${names.type}${axis}`, found: type, expected: 'LOOKUP' });
    const version = reader.record(`${names.record}${axis}`, 'EXTVER') ?? 1;
    const table = options.table?.(names.extension, version);
    if (table === undefined) {
      throw new ApError('BAD_WCS', { where: `${names.type}${axis}`, found: 'no such table', expected: `extension ${names.extension}, EXTVER ${version}` });
    }
    return table;
  };
  const pair = [one(1), one(2)] as const;
  return pair[0] === undefined && pair[1] === undefined ? undefined : pair;
}
