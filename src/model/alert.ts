/**
 * Alerts of one visit and detector as plain data: what `associateApdb` puts out and the Avro encoder
 * writes. Field names of the records are those of the alert schema 11.0, which are the column names of
 * the APDB schema 10.0.0; a field of the schema that a record does not have is null.
 */
import type { SkyWcs } from './wcs.ts';

/** One value of a record; NaN never occurs (a number that is not defined is null). */
export type AlertCell = number | bigint | boolean | string | null;
export type AlertRecord = Readonly<Record<string, AlertCell>>;

/** A square stamp around a DIASource. Row-major, NaN image and NaN variance where the parent has no data. */
export interface AlertCutout {
  readonly size: number;
  /** nJy and nJy^2, size * size each. */
  readonly image: Float32Array;
  readonly variance: Float32Array;
  /** 0-based pixel of the parent image under the stamp's pixel (0, 0); negative beyond the edge. */
  readonly minX: number;
  readonly minY: number;
  /** Linear approximation at the DIASource in stamp pixels: crval is the position of the source. */
  readonly wcs: SkyWcs;
  /** Position angle of the detector's +y, degrees east of north. */
  readonly rotation_deg: number;
  /** PSF of the parent at the source, sum 1, psfSize * psfSize row-major; null: the parent has no PSF. */
  readonly psf: { readonly size: number; readonly data: Float64Array } | null;
}

export interface Alert {
  readonly diaSourceId: bigint;
  readonly observation_reason: string | null;
  readonly target_name: string | null;
  readonly diaSource: AlertRecord;
  /** Earlier sources of the same DIAObject, by rising time; null when there are none. */
  readonly prvDiaSources: readonly AlertRecord[] | null;
  readonly prvDiaForcedSources: readonly AlertRecord[] | null;
  /** null for a source of a solar-system object. */
  readonly diaObject: AlertRecord | null;
  /** Where the ephemeris has the solar-system object of this source, and its orbit; null for all other sources. */
  readonly ssSource: AlertRecord | null;
  readonly mpc_orbits: AlertRecord | null;
  /** null: the source lies outside that image. */
  readonly cutoutDifference: AlertCutout | null;
  readonly cutoutScience: AlertCutout | null;
  readonly cutoutTemplate: AlertCutout | null;
}

export interface AlertBatch {
  readonly visit: number;
  readonly detector: number;
  readonly alerts: readonly Alert[];
}
