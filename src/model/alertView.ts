/** An alert as a reader sees it, whichever survey sent it: fluxes on one scale, one light curve, three pictures. */

export interface LightCurvePoint {
  /** Rubin: TAI; other surveys: UTC. */
  readonly time_mjd: number;
  readonly band: string;
  readonly kind: 'this' | 'detection' | 'forced' | 'limit';
  /** Difference flux; of a limit, the smallest flux that would have been found. */
  readonly flux_nJy: number;
  /** NaN when it is not known. */
  readonly fluxErr_nJy: number;
}

export interface AlertStamp {
  readonly label: 'science' | 'template' | 'difference';
  readonly width: number;
  readonly height: number;
  /** Row-major, row 0 at the bottom; NaN where there are no data. */
  readonly image: Float32Array;
  /** Variance; null when the stamp has none. */
  readonly variance: Float32Array | null;
  /** Position of the source in pixels of the stamp, 0-based; the middle when the stamp does not say. */
  readonly x: number;
  readonly y: number;
  /** Unit of the pixels; '' when the stamp does not say. */
  readonly unit: string;
  readonly psf: { readonly width: number; readonly height: number; readonly data: Float64Array } | null;
  /** Side of a pixel; NaN when the stamp does not say. */
  readonly pixelScale_arcsec: number;
  /** Position angle of +y, degrees east of north; NaN when the stamp does not say. */
  readonly rotation_deg: number;
}

export interface AlertView {
  /** Rubin's schema version, or the publisher. */
  readonly survey: string;
  readonly id: string;
  /** DIAObject, designation of a solar-system object, or the survey's name of the object; null: none. */
  readonly object: string | null;
  readonly isSolarSystem: boolean;
  /** What the exposure is called: visit and detector, field and the like. */
  readonly exposure: string;
  readonly ra_deg: number;
  readonly dec_deg: number;
  readonly time_mjd: number;
  readonly band: string;
  readonly flux_nJy: number;
  readonly fluxErr_nJy: number;
  readonly snr: number;
  /** Score of the survey's classifier; NaN: none. */
  readonly reliability: number;
  readonly lightCurve: readonly LightCurvePoint[];
  /** Names of flags that are set. */
  readonly flags: readonly string[];
  readonly nEarlier: number;
  readonly nForced: number;
  readonly stamps: readonly AlertStamp[];
  /** What could not be read, one sentence each. */
  readonly warnings: readonly string[];
}
