/** A seeded DIASource catalog of many visits without pixels: variable objects, stars that move, asteroids, and spurious detections. */
import type { Column, Table } from '../model/table.ts';
import { random } from '../numeric/random.ts';
import type { Random } from '../numeric/random.ts';
import { offsetBy } from '../sky/sphere.ts';

export interface DiaCatalogSettings {
  readonly seed: number;
  readonly nVisits: number;
  /** Sources of a visit on average. */
  readonly sourcesPerVisit: number;
  /** Side of the field. Its centre is at RA 0, so that the field lies over the zero of right ascension. */
  readonly field_deg: number;
  readonly dec_deg: number;
  /** Time from the first visit to the last. */
  readonly duration_d: number;
  /** Of all sources. */
  readonly spuriousFraction: number;
  readonly asteroidFraction: number;
  /** Of the objects: stars with proper motions up to `properMotionMax_arcsec_yr`. */
  readonly movingStarFraction: number;
  readonly properMotionMax_arcsec_yr: number;
  /** Of the objects: members of crowded clusters, with this distance to the next one on average. */
  readonly crowdedFraction: number;
  readonly crowdedSpacing_arcsec: number;
}

export const DIA_CATALOG_DEFAULTS: DiaCatalogSettings = {
  seed: 1, nVisits: 100, sourcesPerVisit: 10_000, field_deg: 1, dec_deg: -30, duration_d: 300, spuriousFraction: 0.05,
  asteroidFraction: 0.02, movingStarFraction: 0.02, properMotionMax_arcsec_yr: 0.6, crowdedFraction: 0.1, crowdedSpacing_arcsec: 1.5,
};

export interface DiaCatalog {
  /** diaSourceId, visit, detector, midpointMjdTai, band, ra, dec and their errors, fluxes, and what the database demands. */
  readonly sources: Table;
  /** True object of each row; asteroids and spurious sources have one of their own each (above `nObjects`). */
  readonly truth: Int32Array;
  readonly nObjects: number;
  /** 1 for rows of an object that has another one within `crowdedSpacing_arcsec` times 2. */
  readonly isCrowded: Uint8Array;
}

const BANDS = ['g', 'r', 'i'] as const;
/** An object shows in a visit with this probability, when it is bright enough. */
const DETECTED = 0.75;
const ERROR_FLOOR_ARCSEC = 0.02;
/** Position error of a source of S/N 1: half the seeing. */
const ERROR_AT_SNR_1_ARCSEC = 0.35;
const FLUX_ERR_NJY = 100;
const YEAR_D = 365.25;

interface Objects {
  readonly ra: Float64Array;
  readonly dec: Float64Array;
  readonly pmRa_arcsec_d: Float64Array;
  readonly pmDec_arcsec_d: Float64Array;
  readonly snr: Float64Array;
  readonly isCrowded: Uint8Array;
}

/** The catalog of the settings; the same settings give the same catalog. Rows are in the order of the visits. */
export function diaSourceCatalog(settings: Partial<DiaCatalogSettings> = {}): DiaCatalog {
  const s = { ...DIA_CATALOG_DEFAULTS, ...settings };
  const rng = random(s.seed, 'DIASource catalog');
  const realFraction = 1 - s.spuriousFraction - s.asteroidFraction;
  const nObjects = Math.round((s.sourcesPerVisit * realFraction) / DETECTED);
  const objects = makeObjects(s, nObjects, rng);
  const rows = new Rows();
  let nTruths = nObjects;
  for (let visit = 1; visit <= s.nVisits; visit++) {
    const time = 60_000 + ((visit - 1) * s.duration_d) / Math.max(1, s.nVisits - 1);
    for (let j = 0; j < nObjects; j++) {
      if (rng.uniform() >= DETECTED) continue;
      const days = time - 60_000 - s.duration_d / 2;
      const east = objects.pmRa_arcsec_d[j]! * days;
      const north = objects.pmDec_arcsec_d[j]! * days;
      const origin = { visit, time, truth: j, isCrowded: objects.isCrowded[j]! };
      rows.add(origin, objects.ra[j]!, objects.dec[j]!, east, north, objects.snr[j]!, rng);
    }
    const nOthers = Math.round(s.sourcesPerVisit * (s.spuriousFraction + s.asteroidFraction));
    for (let k = 0; k < nOthers; k++) {
      const [ra, dec] = anywhere(s, rng);
      rows.add({ visit, time, truth: nTruths++, isCrowded: 0 }, ra, dec, 0, 0, 5 + 5 * rng.uniform(), rng);
    }
  }
  return { sources: rows.table(), truth: Int32Array.from(rows.truth), nObjects, isCrowded: Uint8Array.from(rows.isCrowded) };
}

function anywhere(s: DiaCatalogSettings, rng: Random): [ra: number, dec: number] {
  const north = (rng.uniform() - 0.5) * s.field_deg;
  const dec = s.dec_deg + north;
  return [((rng.uniform() - 0.5) * s.field_deg) / Math.cos((dec * Math.PI) / 180), dec];
}

function makeObjects(s: DiaCatalogSettings, n: number, rng: Random): Objects {
  const floats = (): Float64Array => new Float64Array(n);
  const objects: Objects = {
    ra: floats(), dec: floats(), pmRa_arcsec_d: floats(), pmDec_arcsec_d: floats(), snr: floats(), isCrowded: new Uint8Array(n),
  };
  const nCrowded = Math.round(n * s.crowdedFraction);
  const perCluster = 100;
  let centre = anywhere(s, rng);
  for (let j = 0; j < n; j++) {
    if (j < nCrowded) {
      if (j % perCluster === 0) centre = anywhere(s, rng);
      // A disc in which each member has pi spacing^2 for itself.
      const distance = s.crowdedSpacing_arcsec * Math.sqrt(perCluster * rng.uniform());
      [objects.ra[j], objects.dec[j]] = offsetBy(centre[0], centre[1], 360 * rng.uniform(), distance);
      objects.isCrowded[j] = 1;
    } else {
      [objects.ra[j], objects.dec[j]] = anywhere(s, rng);
    }
    objects.snr[j] = 5 / Math.max(rng.uniform(), 0.01) ** (1 / 1.5);
    if (rng.uniform() >= s.movingStarFraction) continue;
    const [speed, angle] = [(s.properMotionMax_arcsec_yr * rng.uniform()) / YEAR_D, 2 * Math.PI * rng.uniform()];
    objects.pmRa_arcsec_d[j] = speed * Math.sin(angle);
    objects.pmDec_arcsec_d[j] = speed * Math.cos(angle);
  }
  return objects;
}

interface Origin {
  readonly visit: number;
  readonly time: number;
  readonly truth: number;
  readonly isCrowded: number;
}

/** Grows row by row. */
class Rows {
  readonly truth: number[] = [];
  readonly isCrowded: number[] = [];
  readonly #visit: number[] = [];
  readonly #values: Record<'time' | 'ra' | 'dec' | 'err' | 'flux' | 'x' | 'y', number[]> = { time: [], ra: [], dec: [], err: [], flux: [], x: [], y: [] };

  add(origin: Origin, ra: number, dec: number, east_arcsec: number, north_arcsec: number, snr: number, rng: Random): void {
    const error_arcsec = Math.hypot(ERROR_FLOOR_ARCSEC, ERROR_AT_SNR_1_ARCSEC / snr);
    const [de, dn] = [east_arcsec + error_arcsec * rng.normal(), north_arcsec + error_arcsec * rng.normal()];
    const v = this.#values;
    this.truth.push(origin.truth);
    this.isCrowded.push(origin.isCrowded);
    this.#visit.push(origin.visit);
    v.time.push(origin.time);
    const seen = ra + de / 3600 / Math.cos((dec * Math.PI) / 180);
    v.ra.push(seen < 0 ? seen + 360 : seen >= 360 ? seen - 360 : seen);
    v.dec.push(dec + dn / 3600);
    v.err.push(error_arcsec / 3600);
    v.flux.push(FLUX_ERR_NJY * (snr + rng.normal()));
    v.x.push(2000 + de);
    v.y.push(2000 + dn);
  }

  table(): Table {
    const n = this.truth.length;
    const [v, visits] = [this.#values, this.#visit];
    const f64 = (values: ArrayLike<number>, unit: string): Column => ({ type: 'f64', unit, doc: '', values: Float64Array.from(values) });
    const f32 = (values: ArrayLike<number>, unit: string): Column => ({ type: 'f32', unit, doc: '', values: Float32Array.from(values) });
    const i32 = (value: number): Column => ({ type: 'i32', unit: '', doc: '', values: new Int32Array(n).fill(value) });
    const errors = new Float32Array(n).fill(FLUX_ERR_NJY);
    return {
      nRows: n,
      columns: {
        diaSourceId: { type: 'i64', unit: '', doc: '', values: BigInt64Array.from(visits, (visit, i) => (BigInt(visit) << 32n) + BigInt(i)) },
        visit: { type: 'i64', unit: '', doc: '', values: BigInt64Array.from(visits, BigInt) }, detector: i32(0),
        midpointMjdTai: f64(v.time, 'd'), ra: f64(v.ra, 'deg'), dec: f64(v.dec, 'deg'), raErr: f32(v.err, 'deg'), decErr: f32(v.err, 'deg'),
        x: f32(v.x, 'pixel'), y: f32(v.y, 'pixel'), band: { type: 'string', unit: '', doc: '', values: visits.map(visit => BANDS[visit % 3]!) },
        psfFlux: f32(v.flux, 'nJy'), psfFluxErr: f32(errors, 'nJy'), scienceFlux: f32(v.flux, 'nJy'), scienceFluxErr: f32(errors, 'nJy'),
        apFlux: f32(v.flux, 'nJy'), apFluxErr: f32(errors, 'nJy'), psfNdata: i32(961), trailNdata: i32(0), dipoleNdata: i32(0), bboxSize: i32(30),
        timeProcessedMjdTai: f64(v.time, 'd'),
      },
    };
  }
}
