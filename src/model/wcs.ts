/**
 * World coordinate system of one image, as plain data (the algorithms are in sky/). Pixels are
 * 0-based: the FITS CRPIX is `crpix + 1`. CD in degrees per pixel, row-major [11, 12, 21, 22].
 */
export interface SkyWcs {
  readonly projection: 'TAN';
  readonly crpix: readonly [number, number];
  readonly crval_deg: readonly [number, number];
  readonly cd: readonly [number, number, number, number];
  /** SIP distortion; coefficients `[i * (order + 1) + j]` of u^i v^j; forward (A, B) pixel corrections. */
  readonly sip?: SipDistortion | undefined;
}

export interface SipDistortion {
  readonly order: number;
  readonly a: Float64Array;
  readonly b: Float64Array;
}

/**
 * World coordinate system of any FITS image with two celestial axes (FITS standard 4.0 section 8), as plain data.
 * Longitude and latitude are those of the header's own frame, in degrees. Pixels are 0-based as in `SkyWcs`.
 * The order of the steps: detector table; SIP and image tables, added; CRPIX and linear matrix; polynomial of the
 * plane; spherical projection; rotation to the sky.
 */
export interface GeneralWcs {
  /** Three letters of Paper II: 'TAN', 'ZEA', ...; 'LIN' for linear axes. */
  readonly projection: string;
  /** PVi_m of the latitude axis by m. */
  readonly pv: readonly (number | undefined)[];
  /** Native position of the reference point when the header sets it; `offset` puts it at the origin of the plane. */
  readonly fiducial?: { readonly phi0_deg: number; readonly theta0_deg: number; readonly offset: boolean } | undefined;
  /** Coordinate names of CTYPE: ['RA', 'DEC'], ['GLON', 'GLAT'], ... */
  readonly axes: readonly [string, string];
  readonly crpix: readonly [number, number];
  readonly crval_deg: readonly [number, number];
  /** Degrees per pixel, row-major; the first row is longitude. */
  readonly cd: readonly [number, number, number, number];
  readonly lonpole_deg?: number | undefined;
  readonly latpole_deg?: number | undefined;
  readonly sip?: SipDistortion | undefined;
  /** SIP's AP and BP; they serve only when a header has no A and B. */
  readonly sipInverse?: SipDistortion | undefined;
  readonly detectorTables?: TablePair | undefined;
  readonly imageTables?: TablePair | undefined;
  readonly plane?: PlaneDistortion | undefined;
}

/** Corrections of x and y; undefined: none for that axis. */
export type TablePair = readonly [DistortionTable | undefined, DistortionTable | undefined];

/** A lookup table of pixel corrections (Paper IV, WCSDVARR and D2IMARR); its own WCS is 1-based as in FITS. */
export interface DistortionTable {
  readonly width: number;
  readonly height: number;
  readonly data: ArrayLike<number>;
  readonly crpix: readonly [number, number];
  readonly crval: readonly [number, number];
  readonly cdelt: readonly [number, number];
}

/**
 * Distortion of the intermediate world coordinates (degrees): TPV's polynomials, IRAF's surfaces (TNX, ZPX), or the thirteen
 * plate constants AMDX and AMDY of a Schmidt plate (degrees; there the linear matrix gives millimetres).
 */
export type PlaneDistortion =
  | { readonly kind: 'PLATE'; readonly lon: readonly number[]; readonly lat: readonly number[] }
  | { readonly kind: 'TPV'; readonly lon: readonly number[]; readonly lat: readonly number[] }
  | { readonly kind: 'IRAF'; readonly lon: IrafSurface | undefined; readonly lat: IrafSurface | undefined };

/** Surface of IRAF's gsurfit; coefficients with x varying fastest. */
export interface IrafSurface {
  readonly basis: 'chebyshev' | 'legendre' | 'polynomial';
  readonly xOrder: number;
  readonly yOrder: number;
  readonly crossTerms: 'none' | 'full' | 'half';
  readonly range: readonly [number, number, number, number];
  readonly coefficients: readonly number[];
}
