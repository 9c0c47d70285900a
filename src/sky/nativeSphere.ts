/** The rotation between native spherical coordinates of a projection and the sky (Paper II, section 2). */
import { ApError } from '../model/errors.ts';
import { normalRa, raDifference } from './angles.ts';
import { atan2d, cosd, sind, type Point } from './projections/projection.ts';

/** Sky position of the native pole and native longitude of the celestial pole, degrees. */
export interface NativePole {
  readonly ra_deg: number;
  readonly dec_deg: number;
  readonly lonpole_deg: number;
}

export interface SphereRotation {
  readonly toSky: (phi: number, theta: number) => Point;
  readonly toNative: (ra: number, dec: number) => Point;
}

export interface ReferencePoint {
  readonly crval_deg: readonly [number, number];
  readonly phi0_deg: number;
  readonly theta0_deg: number;
  readonly lonpole_deg?: number | undefined;
  readonly latpole_deg?: number | undefined;
}

const TOLERANCE = 1e-10;

/**
 * Where the native pole lies on the sky (Paper II, eqs. 8 to 10). Defaults: LONPOLE is phi0, or phi0 + 180 when the
 * reference point is south of its native latitude; LATPOLE is 90.
 * @throws ApError BAD_WCS when no pole fits LONPOLE and the reference point.
 */
export function nativePole(reference: ReferencePoint): NativePole {
  const { crval_deg: [ra0, dec0], phi0_deg, theta0_deg } = reference;
  const lonpole_deg = reference.lonpole_deg ?? phi0_deg + (dec0 < theta0_deg ? 180 : 0);
  if (theta0_deg === 90) return { ra_deg: ra0, dec_deg: dec0, lonpole_deg };
  const turn = lonpole_deg - phi0_deg;
  const dec_deg = poleLatitude(dec0, theta0_deg, turn, reference.latpole_deg ?? 90);
  const depth = cosd(dec_deg) * cosd(dec0);
  if (Math.abs(depth) >= TOLERANCE) {
    const east = sind(turn) * cosd(theta0_deg) / cosd(dec0);
    const ra_deg = ra0 - atan2d(east, (sind(theta0_deg) - sind(dec_deg) * sind(dec0)) / depth);
    return { ra_deg, dec_deg, lonpole_deg };
  }
  if (Math.abs(cosd(dec0)) < TOLERANCE) return { ra_deg: ra0, dec_deg, lonpole_deg };
  return { ra_deg: dec_deg > 0 ? ra0 + turn - 180 : ra0 - turn, dec_deg, lonpole_deg };
}

/** Of the two latitudes that the pole may have the valid one, or the one nearer to LATPOLE. */
function poleLatitude(dec0: number, theta0: number, turn: number, latpole: number): number {
  const [x, y] = [cosd(theta0) * cosd(turn), sind(theta0)];
  const length = Math.hypot(x, y);
  if (length < TOLERANCE) {
    if (Math.abs(sind(dec0)) < TOLERANCE) return latpole;
    throw noPole(dec0, theta0, turn);
  }
  const distance = angleOfCosine(sind(dec0) / length, (cosd(dec0) - side(theta0, turn)) * (cosd(dec0) + side(theta0, turn)) / length ** 2);
  if (Number.isNaN(distance)) throw noPole(dec0, theta0, turn);
  const valid = (latitude: number): boolean => Math.abs(latitude) < 90 + TOLERANCE;
  const [first, second] = [raDifference(atan2d(y, x) + distance, 0), raDifference(atan2d(y, x) - distance, 0)];
  // A tie goes to the second solution, as in WCSLIB.
  const nearer = Math.abs(latpole - first) < Math.abs(latpole - second) ? [first, second] : [second, first];
  const latitude = nearer.find(valid);
  if (latitude === undefined) throw noPole(dec0, theta0, turn);
  return Math.min(90, Math.max(-90, latitude));
}

function side(theta0: number, turn: number): number {
  return Math.abs(cosd(theta0) * sind(turn));
}

/** Arc cosine in degrees; the square of the sine, exact near zero, serves where the arc cosine is ill-conditioned. */
function angleOfCosine(cosine: number, sineSquare: number): number {
  if (Math.abs(cosine) < 0.9999) return Math.acos(cosine) * 180 / Math.PI;
  return sineSquare >= -TOLERANCE ? atan2d(Math.sqrt(Math.max(0, sineSquare)), cosine) : NaN;
}

function noPole(dec0: number, theta0: number, turn: number): ApError {
  return new ApError('BAD_WCS', {
    where: 'LONPOLE, CRVAL', found: `LONPOLE - phi0 = ${turn}, latitude ${dec0}, theta0 ${theta0}`,
    expected: 'values for which the native pole has a place on the sky',
  });
}

/** Rotations native -> sky and sky -> native about a pole, all in degrees; longitudes in 0..360 and native ones in +-180. */
export function sphereRotation(pole: NativePole): SphereRotation {
  const { ra_deg, dec_deg, lonpole_deg } = pole;
  if (Math.abs(dec_deg) === 90) return alignedRotation(pole);
  const [sp, cp] = [sind(dec_deg), cosd(dec_deg)];
  const rotate = (longitude: number, latitude: number): Point => {
    const [s, c, sl, cl] = [sind(latitude), cosd(latitude), sind(longitude), cosd(longitude)];
    const [forward, side] = [s * cp - c * sp * cl, -c * sl];
    // At the other system's own pole the longitude is free; this choice keeps meridians together.
    const free = dec_deg > 0 ? longitude - 180 : -longitude;
    return [forward === 0 && side === 0 ? free : atan2d(side, forward), atan2d(s * sp + c * cp * cl, Math.hypot(forward, side))];
  };
  return {
    toSky: (phi, theta) => {
      const [turned, dec] = rotate(phi - lonpole_deg, theta);
      return [normalRa(ra_deg + turned), dec];
    },
    toNative: (ra, dec) => {
      const [turned, theta] = rotate(ra - ra_deg, dec);
      return [nativeLongitude(lonpole_deg + turned), theta];
    },
  };
}

/** The rotation when both systems have their poles in common: a shift of longitudes, exact at the poles too. */
function alignedRotation({ ra_deg, dec_deg, lonpole_deg }: NativePole): SphereRotation {
  if (dec_deg > 0) {
    const shift = ra_deg + 180 - lonpole_deg;
    return {
      toSky: (phi, theta) => [normalRa(phi + shift), theta],
      toNative: (ra, dec) => [nativeLongitude(ra - shift), dec],
    };
  }
  const sum = ra_deg + lonpole_deg;
  return {
    toSky: (phi, theta) => [normalRa(sum - phi), -theta],
    toNative: (ra, dec) => [nativeLongitude(sum - ra), -dec],
  };
}

/** Longitude in -180..180; both ends stay as they are, since they are two edges of a map of the whole sky. */
function nativeLongitude(phi: number): number {
  const folded = phi % 360;
  return folded > 180 ? folded - 360 : folded < -180 ? folded + 360 : folded;
}
