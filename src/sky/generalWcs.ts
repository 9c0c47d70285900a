/**
 * Pixels to sky and back for every FITS celestial WCS (`GeneralWcs`): all projections of Paper II, SIP, TPV, IRAF's TNX
 * and ZPX, lookup tables. `sky/wcs.ts` is the fast path for TAN and TAN-SIP.
 */
import { ApError } from '../model/errors.ts';
import type { GeneralWcs, PlaneDistortion } from '../model/wcs.ts';
import { planeDistortion, solvePlanar, tableShift } from './distortions.ts';
import { nativePole, sphereRotation } from './nativeSphere.ts';
import { projectionOf, type Point } from './projections/index.ts';
import type { Projection } from './projections/projection.ts';
import { distort, undistort } from './wcs.ts';

/** The two directions of a WCS, made once by `skyTransform`. */
export interface SkyTransform {
  /** [longitude in 0..360, latitude], degrees, of a 0-based pixel position; [NaN, NaN] where there is none. */
  readonly pixelToSky: (x: number, y: number) => Point;
  /** 0-based pixel position of a direction; [NaN, NaN] where there is none. */
  readonly skyToPixel: (lon_deg: number, lat_deg: number) => Point;
}

type PointMap = (x: number, y: number) => Point;
interface Step { readonly forward: PointMap; readonly backward: PointMap }

/**
 * Compiles a WCS into its two functions. They agree with WCSLIB 8 to 1e-9 degree wherever WCSLIB gives a value, are
 * [NaN, NaN] where it gives none, and never throw.
 * @throws ApError BAD_WCS for an unknown projection, parameters without a projection, a singular matrix, no pole.
 */
export function skyTransform(wcs: GeneralWcs): SkyTransform {
  if (wcs.projection === 'LIN') return linearTransform(wcs);
  const base = projectionOf(wcs.projection, wcs.pv);
  if (base === undefined) {
    throw new ApError('BAD_WCS', {
      where: `projection ${wcs.projection}`, found: `PV ${wcs.pv.map(String).join(' ')}`, expected: 'a known projection with valid PVi_m',
    });
  }
  const { phi0_deg, theta0_deg } = wcs.fiducial ?? base;
  const projection = wcs.fiducial?.offset === true ? shifted(base, phi0_deg, theta0_deg) : base;
  const { crval_deg, lonpole_deg, latpole_deg } = wcs;
  const sphere = sphereRotation(nativePole({ crval_deg, phi0_deg, theta0_deg, lonpole_deg, latpole_deg }));
  const steps = [...pixelSteps(wcs), linearStep(wcs), ...(wcs.plane === undefined ? [] : [planeStep(wcs.plane, wcs)])];
  return {
    pixelToSky: (x, y) => {
      let point: Point = [x, y];
      for (const step of steps) point = step.forward(point[0], point[1]);
      const native = projection.toNative(point[0], point[1]);
      return Number.isNaN(native[0] + native[1]) ? [NaN, NaN] : sphere.toSky(native[0], native[1]);
    },
    skyToPixel: (lon, lat) => {
      if (!(Math.abs(lat) <= 90) || !Number.isFinite(lon)) return [NaN, NaN];
      const native = sphere.toNative(lon, lat);
      let point = projection.toPlane(native[0], native[1]);
      for (let k = steps.length - 1; k >= 0; k--) point = steps[k]!.backward(point[0], point[1]);
      return Number.isFinite(point[0] + point[1]) ? point : [NaN, NaN];
    },
  };
}

/** CTYPE without a projection: longitude and latitude are linear, and neither wraps (as in WCSLIB). */
function linearTransform(wcs: GeneralWcs): SkyTransform {
  const { forward, backward } = linearStep(wcs);
  const [lon0, lat0] = wcs.crval_deg;
  return {
    pixelToSky: (x, y) => {
      const [lon, lat] = forward(x, y);
      return Number.isFinite(lon + lat) ? [lon0 + lon, lat0 + lat] : [NaN, NaN];
    },
    skyToPixel: (lon, lat) => backward(lon - lon0, lat - lat0),
  };
}

/** The projection with its plane moved so that a native position is at the origin. */
function shifted(base: Projection, phi0: number, theta0: number): Projection {
  const [x0, y0] = base.toPlane(phi0, theta0);
  return {
    ...base,
    toPlane: (phi, theta) => {
      const [x, y] = base.toPlane(phi, theta);
      return [x - x0, y - y0];
    },
    toNative: (x, y) => base.toNative(x + x0, y + y0),
  };
}

function pixelSteps({ detectorTables, imageTables, sip, sipInverse, crpix }: GeneralWcs): Step[] {
  const steps: Step[] = [];
  if (detectorTables !== undefined) {
    steps.push(inverted((x, y) => {
      const [dx, dy] = tableShift(detectorTables, x, y);
      return [x + dx, y + dy];
    }));
  }
  if (imageTables !== undefined) {
    steps.push(inverted((x, y) => {
      const [dx, dy] = tableShift(imageTables, x, y);
      const [u, v] = [x - crpix[0], y - crpix[1]];
      const [f, g] = sip === undefined ? [u, v] : distort(sip, u, v);
      return [f + crpix[0] + dx, g + crpix[1] + dy];
    }));
  } else if (sip !== undefined || sipInverse !== undefined) {
    const about = (map: PointMap): PointMap => (x, y) => {
      const [u, v] = map(x - crpix[0], y - crpix[1]);
      return [u + crpix[0], v + crpix[1]];
    };
    const ahead: PointMap = (u, v) => distort((sip ?? sipInverse)!, u, v);
    const back: PointMap = (u, v) => undistort((sip ?? sipInverse)!, u, v);
    steps.push(sip === undefined ? { forward: about(back), backward: about(ahead) } : { forward: about(ahead), backward: about(back) });
  }
  return steps;
}

/** A map of pixels close to identity with its inverse by iteration. */
function inverted(forward: PointMap): Step {
  return { forward, backward: (x, y) => (Number.isFinite(x + y) ? solvePlanar(forward, [x, y], [x, y], 0.5) : [NaN, NaN]) };
}

function linearStep({ cd: [c11, c12, c21, c22], crpix }: GeneralWcs): Step {
  const det = c11 * c22 - c12 * c21;
  if (!(Math.abs(det) > 0)) {
    throw new ApError('BAD_WCS', { where: 'CDi_j', found: [c11, c12, c21, c22].join(' '), expected: 'a regular matrix' });
  }
  return {
    forward: (x, y) => {
      const [u, v] = [x - crpix[0], y - crpix[1]];
      return [c11 * u + c12 * v, c21 * u + c22 * v];
    },
    backward: (x, y) => [(c22 * x - c12 * y) / det + crpix[0], (c11 * y - c21 * x) / det + crpix[1]],
  };
}

function planeStep(plane: PlaneDistortion, { cd }: GeneralWcs): Step {
  const forward = planeDistortion(plane);
  const step_deg = 10 * Math.sqrt(Math.abs(cd[0] * cd[3] - cd[1] * cd[2]));
  return {
    forward,
    backward: (x, y) => {
      if (!Number.isFinite(x + y)) return [NaN, NaN];
      // The constant and linear terms may be anything: start from their inverse, not from (x, y).
      return solvePlanar(forward, [x, y], linearGuess(forward, [x, y], step_deg), step_deg);
    },
  };
}

/** Start for the inverse of a plane distortion: its linear part about the origin. */
function linearGuess(forward: PointMap, [x, y]: Point, step: number): Point {
  const [x0, y0] = forward(0, 0);
  const [east, west, north, south] = [forward(step, 0), forward(-step, 0), forward(0, step), forward(0, -step)];
  const [a, c] = [(east[0] - west[0]) / (2 * step), (east[1] - west[1]) / (2 * step)];
  const [b, d] = [(north[0] - south[0]) / (2 * step), (north[1] - south[1]) / (2 * step)];
  const det = a * d - b * c;
  return [(d * (x - x0) - b * (y - y0)) / det, (a * (y - y0) - c * (x - x0)) / det];
}
