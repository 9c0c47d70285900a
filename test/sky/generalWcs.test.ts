import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { readFits } from '../../src/formats/fits/index.ts';
import { ApError } from '../../src/model/errors.ts';
import type { HeaderValue } from '../../src/model/instrument.ts';
import type { DistortionTable, GeneralWcs, IrafSurface } from '../../src/model/wcs.ts';
import { surfaceValue, tableValue, tpvValue } from '../../src/sky/distortions.ts';
import { skyTransform, type SkyTransform } from '../../src/sky/generalWcs.ts';
import { generalWcsFromCards, hasCelestialAxes } from '../../src/sky/generalWcsHeader.ts';
import { PROJECTION_CODES, projectionOf } from '../../src/sky/projections/index.ts';
import { separation_arcsec } from '../../src/sky/sphere.ts';
import { pixelToSky, skyToPixel, wcsFromHeader } from '../../src/sky/wcs.ts';
import headers from '../golden/sky/wcsHeaders.json' with { type: 'json' };
import projections from '../golden/sky/projections.json' with { type: 'json' };
import real from '../golden/sky/realHeaders.json' with { type: 'json' };

type Row = [number, number, number | null, number | null];
type CardRow = [string, HeaderValue];

const cardsOf = (header: object): { key: string; value: HeaderValue }[] =>
  Object.entries(header).map(([key, value]) => ({ key, value: value as HeaderValue }));
const transformOf = (header: object): SkyTransform => skyTransform(generalWcsFromCards(cardsOf(header)));
const apart_deg = (a: readonly number[], b: readonly number[]): number => separation_arcsec(a[0]!, a[1]!, b[0]!, b[1]!) / 3600;

/** Pixel to sky against an authority; what comes back must be the pixel, or another image of the same point. */
function checkPixels(transform: SkyTransform, rows: readonly Row[], name: string): void {
  for (const [x, y, lon, lat] of rows) {
    const sky = transform.pixelToSky(x - 1, y - 1);
    if (lon === null || lat === null) {
      expect(sky, `${name} ${x} ${y}`).to.deep.equal([NaN, NaN]);
      continue;
    }
    expect(apart_deg(sky, [lon, lat]), `${name} ${x} ${y}`).to.be.below(1e-9);
  }
}

function checkRoundTrip(transform: SkyTransform, rows: readonly Row[], name: string): void {
  for (const [x, y, lon] of rows) {
    if (lon === null) continue;
    const back = transform.skyToPixel(...transform.pixelToSky(x - 1, y - 1));
    expect(Math.hypot(back[0] + 1 - x, back[1] + 1 - y), `${name} ${x} ${y}`).to.be.below(1e-6);
  }
}

/** Sky to pixel; at the seams of a map of the whole sky the other image of the same point is as good. */
function checkSkies(transform: SkyTransform, rows: readonly Row[], scale_deg: number, name: string): void {
  for (const [lon, lat, x, y] of rows) {
    const [a, b] = transform.skyToPixel(lon!, lat!);
    if (x === null || y === null) {
      expect([a, b], `${name} ${lon} ${lat}`).to.deep.equal([NaN, NaN]);
      continue;
    }
    const off_deg = Math.hypot(a + 1 - x, b + 1 - y) * scale_deg;
    if (off_deg <= 1e-9 * Math.max(1, Math.hypot(x, y) * scale_deg / 360)) continue;
    const images = [transform.pixelToSky(a, b), transform.pixelToSky(x - 1, y - 1)];
    for (const image of images) expect(apart_deg(image, [lon!, lat!]), `${name} ${lon} ${lat}`).to.be.below(1e-9);
  }
}

describe('sky/generalWcs: projections', () => {
  it('covers the 27 projections of Paper II and the butterfly', () => {
    expect(PROJECTION_CODES).to.have.length(28);
    const tried = new Set(projections.cases.map(c => c.name.slice(0, 3)));
    expect([...tried].sort()).to.deep.equal([...PROJECTION_CODES].sort());
  });
  for (const code of PROJECTION_CODES) {
    it(`${code} agrees with WCSLIB to 1e-9 degree, and is undefined where WCSLIB is`, () => {
      for (const { name, header, pixels, skies } of projections.cases.filter(c => c.name.startsWith(code))) {
        const transform = transformOf(header);
        checkPixels(transform, pixels as Row[], name);
        checkSkies(transform, skies as Row[], Math.abs(header.CDELT1), name);
        // The unfolded cubes show their sides twice, and CSC is no exact inverse by definition.
        if (!['TSC', 'CSC', 'QSC'].includes(code)) checkRoundTrip(transform, pixels as Row[], name);
      }
    });
  }
  const parameters: Record<string, (number | undefined)[]> = {
    AZP: [undefined, 2, 30], SZP: [undefined, 2, 180, 60], ZPN: [0, 1, 0, 0.2], AIR: [undefined, 45], COP: [undefined, 45, 25],
    COE: [undefined, -45, 25], COD: [undefined, 45, 25], COO: [undefined, 45, 25], BON: [undefined, 45],
  };
  for (const code of PROJECTION_CODES.filter(c => c !== 'CSC')) {
    it(`${code}: native -> plane -> native closes below 1e-9 degree`, () => {
      const projection = projectionOf(code, parameters[code] ?? [])!;
      // Away from the native poles, where the latitude of CEA and its like is a square root of the rounding.
      const angle = (limit: number): fc.Arbitrary<number> => fc.double({ min: -limit, max: limit, noNaN: true });
      fc.assert(fc.property(angle(179.9), angle(89), (phi, theta) => {
        const [x, y] = projection.toPlane(phi, theta);
        // At a horizon the latitude is a square root of the rounding too.
        fc.pre(!Number.isNaN(projection.toPlane(phi, theta - 0.01)[0]) && Math.hypot(x, y) < 1e4);
        expect(apart_deg(projection.toNative(x, y), [phi, theta])).to.be.below(1e-9);
      }), { seed: 9, numRuns: 300 });
    });
  }
  const impossible: [string, (number | undefined)[]][] = [
    ['XYZ', []], ['CEA', [undefined, 0]], ['CYP', [undefined, 1, 0]], ['COP', []], ['BON', []], ['ZPN', []], ['ZPN', [0, -1]], ['AZP', [undefined, -1]],
    ['SZP', [undefined, -1, 0, 90]], ['HPX', [undefined, 0]], ['toString', []],
  ];
  for (const [code, pv] of impossible) {
    it(`refuses ${code} with PV ${pv.map(String).join(' ')}`, () => expect(projectionOf(code, pv)).to.equal(undefined));
  }
});

describe('sky/generalWcs: headers', () => {
  for (const c of headers.cases) {
    it(`agrees: ${c.name}`, () => {
      const tables = (c as { tables?: Record<string, DistortionTable> }).tables;
      const cards = (c.cards as CardRow[]).map(([key, value]) => ({ key, value }));
      const alternate = (c as { alternate?: string }).alternate ?? '';
      expect(hasCelestialAxes(cards, alternate)).to.equal(true);
      const transform = skyTransform(generalWcsFromCards(cards, { alternate, table: (name, version) => tables?.[`${name} ${version}`] }));
      checkPixels(transform, c.pixels as Row[], c.name);
      checkRoundTrip(transform, c.pixels as Row[], c.name);
    });
  }
  const data = path.resolve(import.meta.dirname, '../../../shared/data');
  it('real files agree with astropy', function () {
    if (!existsSync(data)) {
      console.warn('      skipped: ../shared/data is not here');
      this.skip();
    }
    let compared = 0;
    for (const { file, hdu, points } of real.cases) {
      const transform = skyTransform(generalWcsFromCards(readFits(readFileSync(path.join(data, file))).hdus[hdu]!.cards));
      checkPixels(transform, points as Row[], `${file}[${hdu}]`);
      checkRoundTrip(transform, points as Row[], `${file}[${hdu}]`);
      compared += points.length;
    }
    expect(compared).to.be.above(100);
  }).timeout(20000);

  const sip = headers.cases.find(c => c.name === 'SIP of order 3')!;
  it('is the fast path for TAN-SIP', () => {
    const header = Object.fromEntries(sip.cards as CardRow[]);
    const [fast, general] = [wcsFromHeader(header), transformOf(header)];
    for (const [x, y] of [[0, 0], [700.5, 3000.25], [2047, 4095]] as const) {
      const [ra, dec] = pixelToSky(fast, x, y);
      expect(apart_deg(general.pixelToSky(x, y), [ra, dec])).to.be.below(1e-12);
      const [p, q] = [general.skyToPixel(ra, dec), skyToPixel(fast, ra, dec)];
      expect(Math.hypot(p[0] - q[0], p[1] - q[1])).to.be.below(1e-8);
    }
  });
  it('AP and BP serve when there is no A and B, and both directions close', () => {
    const inverse = Object.fromEntries((sip.cards as CardRow[]).map(([key, value]) => [key.replace(/^([AB])_/, '$1P_'), value]));
    const transform = transformOf(inverse);
    const straight = transformOf(Object.fromEntries(Object.entries(inverse).filter(([key]) => !/^[AB]P_/.test(key))));
    const sky = transform.pixelToSky(100, 200);
    expect(apart_deg(sky, straight.pixelToSky(100, 200))).to.be.above(1e-6);
    expect(Math.hypot(transform.skyToPixel(...sky)[0] - 100, transform.skyToPixel(...sky)[1] - 200)).to.be.below(1e-8);
  });
  it('the order of the axes does not matter', () => {
    const one = {
      CTYPE1: 'RA---TPV', CTYPE2: 'DEC--TPV', CRVAL1: 0.01, CRVAL2: -33, CRPIX1: 100, CRPIX2: 200, CD1_1: -7e-5, CD1_2: 1e-6, CD2_1: 2e-6,
      CD2_2: 7e-5, PV1_0: 1e-4, PV1_1: 1.001, PV1_2: 0.01, PV1_4: 0.02, PV2_1: 0.999, PV2_2: -0.01, PV2_6: 0.03, PV2_11: 0.1,
    };
    const swapped = Object.fromEntries(Object.entries(one).map(([key, value]) =>
      [/^(CTYPE|CRVAL|CD|PV)/.test(key) ? key.replace(/[12]/, digit => (digit === '1' ? '2' : '1')) : key, value]));
    const [a, b] = [transformOf(one), transformOf(swapped)];
    for (const [x, y] of [[0, 0], [1500, 300]] as const) expect(b.pixelToSky(x, y)).to.deep.equal(a.pixelToSky(x, y));
  });
  const plain = { CTYPE1: 'RA---TAN', CTYPE2: 'DEC--TAN', CRVAL1: 10, CRVAL2: 20, CRPIX1: 5, CRPIX2: 6, CDELT1: -1e-3, CDELT2: 1e-3 };
  it('reads numbers in quotes, with a D for the exponent too', () => {
    const quoted = Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, typeof value === 'number' ? ` ${value} ` : value]));
    const expected = transformOf(plain).pixelToSky(100, 7);
    expect(transformOf(quoted).pixelToSky(100, 7)).to.deep.equal(expected);
    expect(transformOf({ ...quoted, CDELT1: '-1.0D-3' }).pixelToSky(100, 7)).to.deep.equal(expected);
    expect(pixelToSky(wcsFromHeader(quoted), 100, 7)).to.deep.equal(pixelToSky(wcsFromHeader(plain), 100, 7));
  });
  it('takes axes without a projection as linear', () => {
    const transform = transformOf({ ...plain, CTYPE1: 'RA', CTYPE2: 'DEC', CDELT1: -1, CDELT2: 1 });
    expect(transform.pixelToSky(6, 15)).to.deep.equal([8, 30]);
    expect(transform.skyToPixel(8, 30)).to.deep.equal([6, 15]);
    expect(transform.pixelToSky(NaN, 15)).to.deep.equal([NaN, NaN]);
  });
  it('wraps right ascension into 0..360', () => {
    const transform = transformOf({ ...plain, CRVAL1: -0.01 });
    expect(transform.pixelToSky(4, 5)[0]).to.be.closeTo(359.99, 1e-12);
    expect(transform.pixelToSky(-95, 5)[0]).to.be.within(0, 1);
    for (const ra of [-0.01, 359.99, 719.99]) expect(transform.skyToPixel(ra, 20)[0]).to.be.closeTo(4, 1e-9);
  });
  it('gives NaN for NaN, for what is no direction, and behind the tangent point', () => {
    const transform = transformOf(plain);
    for (const [ra, dec] of [[NaN, 0], [10, NaN], [10, 90.1], [Infinity, 0], [190, -20]] as const) {
      expect(transform.skyToPixel(ra, dec)).to.deep.equal([NaN, NaN]);
    }
    expect(transform.pixelToSky(NaN, 1)).to.deep.equal([NaN, NaN]);
    const everything = headers.cases.filter(c => !('tables' in c)).map(c => transformOf(Object.fromEntries(c.cards as CardRow[])));
    for (const other of everything) {
      for (const [x, y] of [[NaN, 0], [1e9, -1e9], [Infinity, 0]] as const) {
        expect(() => other.skyToPixel(...other.pixelToSky(x, y))).not.to.throw();
      }
      for (const [ra, dec] of [[0, 90], [0, -90], [180, 0], [77, 5]] as const) expect(() => other.skyToPixel(ra, dec)).not.to.throw();
    }
  });
  const bad: [string, object, string][] = [
    ['no CTYPE', { CRVAL1: 1 }, 'no CTYPE'], ['axes that do not belong together', { ...plain, CTYPE2: 'GLAT-TAN' }, 'GLAT-TAN'],
    ['axes that are not celestial', { ...plain, CTYPE1: 'LINEAR', CTYPE2: 'FREQ' }, 'LINEAR, FREQ'], ['two projections', { ...plain, CTYPE2: 'DEC--SIN' }, 'DEC--SIN'],
    ['an unknown projection', { ...plain, CTYPE1: 'RA---XYZ', CTYPE2: 'DEC--XYZ' }, 'XYZ'], ['an unknown unit', { ...plain, CUNIT1: 'furlong' }, 'furlong'],
    ['a singular matrix', { ...plain, CDELT1: 0 }, 'CDi_j'], ['text for a number', { ...plain, CRVAL1: 'east' }, 'CRVAL1'],
    ['a conic without its latitude', { ...plain, CTYPE1: 'RA---COP', CTYPE2: 'DEC--COP' }, 'COP'], ['an odd SIP order', { ...plain, A_ORDER: 99 }, 'A_ORDER'],
    ['no place for the pole', { ...plain, CTYPE1: 'RA---CAR', CTYPE2: 'DEC--CAR', CRVAL2: 60, LONPOLE: 90 }, 'LONPOLE'],
    ['too many TPV terms', { ...plain, CTYPE1: 'RA---TPV', CTYPE2: 'DEC--TPV', PV1_44: 1 }, 'PVi_m'],
    ['a table that is not there', { ...plain, CPDIS1: 'LOOKUP', DP1: 'EXTVER: 3' }, 'EXTVER 3'],
    ['a distortion of another kind', { ...plain, CPDIS1: 'SPLINE' }, 'SPLINE'],
    ['an IRAF surface cut short', { ...plain, CTYPE1: 'RA---TNX', CTYPE2: 'DEC--TNX', WAT1_001: 'lngcor = "3. 3. 3. 2. -1. 1. -1. 1. 0.5"' }, 'lngcor'],
    ['an IRAF surface of an unknown kind', { ...plain, CTYPE1: 'RA---TNX', CTYPE2: 'DEC--TNX', WAT1_001: 'lngcor = "9. 3. 3. 2. -1. 1. -1. 1. 0.5"' }, 'lngcor'],
  ];
  for (const [name, header, word] of bad) {
    it(`refuses ${name}`, () => expect(() => transformOf(header)).to.throw(ApError, word));
  }
});

describe('sky/distortions', () => {
  it('TPV terms stand in the order of the registry', () => {
    const [x, y] = [0.3, -0.7];
    const r = Math.hypot(x, y);
    const terms = [
      1, x, y, r, x * x, x * y, y * y, x ** 3, x * x * y, x * y * y, y ** 3, r ** 3, x ** 4, x ** 3 * y, x * x * y * y, x * y ** 3, y ** 4,
      x ** 5, x ** 4 * y, x ** 3 * y * y, x * x * y ** 3, x * y ** 4, y ** 5, r ** 5, x ** 6, x ** 5 * y, x ** 4 * y ** 2, x ** 3 * y ** 3,
      x ** 2 * y ** 4, x * y ** 5, y ** 6, x ** 7, x ** 6 * y, x ** 5 * y ** 2, x ** 4 * y ** 3, x ** 3 * y ** 4, x ** 2 * y ** 5,
      x * y ** 6, y ** 7, r ** 7,
    ];
    terms.forEach((term, m) => {
      const c = Array.from({ length: m + 1 }, (_, k) => (k === m ? 1 : 0));
      expect(tpvValue(c, x, y), `m = ${m}`).to.be.closeTo(term, 1e-15);
    });
  });
  it('surfaces of IRAF: bases, orders and cross terms', () => {
    const legendre: ((t: number) => number)[] = [() => 1, t => t, t => (3 * t * t - 1) / 2, t => (5 * t ** 3 - 3 * t) / 2];
    const range = [-2, 4, 10, 30] as const;
    const [x, y] = [0.5, 26];
    const [u, v] = [(2 * x - 2) / 6, (2 * y - 40) / 20];
    const coefficients = Array.from({ length: 12 }, (_, k) => 1 + k * k);
    const full: IrafSurface = { basis: 'legendre', xOrder: 4, yOrder: 3, crossTerms: 'full', range, coefficients };
    let sum = 0;
    coefficients.forEach((c, k) => (sum += c * legendre[k % 4]!(u) * legendre[Math.floor(k / 4)]!(v)));
    expect(surfaceValue(full, x, y)).to.be.closeTo(sum, 1e-10);
    const none = { ...full, basis: 'polynomial', crossTerms: 'none' } as const;
    expect(surfaceValue(none, 0.5, 2)).to.be.closeTo(1 + 2 * 0.5 + 5 * 0.25 + 10 * 0.125 + 17 * 2 + 26 * 4, 1e-12);
    const half = { ...full, basis: 'chebyshev', xOrder: 3, yOrder: 3, crossTerms: 'half' } as const;
    const t = (w: number): number => 2 * w * w - 1;
    expect(surfaceValue(half, x, y)).to.be.closeTo(1 + 2 * u + 5 * t(u) + 10 * v + 17 * u * v + 26 * t(v), 1e-10);
  });
  it('lookup tables interpolate between samples and keep their edge', () => {
    const table: DistortionTable = { width: 3, height: 2, data: [0, 1, 2, 10, 11, 12], crpix: [1, 1], crval: [100, 200], cdelt: [10, 20] };
    expect(tableValue(table, 100, 200)).to.equal(0);
    expect(tableValue(table, 115, 210)).to.be.closeTo(6.5, 1e-12);
    expect(tableValue(table, 1e6, -1e6)).to.equal(2);
    expect(tableValue(table, NaN, 0)).to.be.NaN;
  });
  it('a distortion that folds the plane has no inverse where it folds', () => {
    const wcs: GeneralWcs = {
      projection: 'TAN', pv: [], axes: ['RA', 'DEC'], crpix: [0, 0], crval_deg: [0, 0], cd: [1e-3, 0, 0, 1e-3],
      plane: { kind: 'TPV', lon: [0, 1, 0, 0, 1], lat: [0, 1] },
    };
    const transform = skyTransform(wcs);
    // x + x^2 has its minimum -1/4 at -1/2: nothing lies further west.
    expect(transform.skyToPixel(359, 0)).to.deep.equal([NaN, NaN]);
    const xi = Math.tan(0.1 * Math.PI / 180) * 180 / Math.PI;
    expect(transform.skyToPixel(0.1, 0)[0]).to.be.closeTo((Math.sqrt(1 + 4 * xi) - 1) / 2e-3, 1e-6);
  });
});
