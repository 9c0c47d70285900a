/** What a report shows beside measurements and verdicts: earlier runs, a baseline, pictures and catalogs. Plain JSON. */
import type { Plot } from './plots.ts';
import type { Cutout } from './verification.ts';

type Keys = Readonly<Record<string, string | number>>;

/** Earlier runs of the same thing, oldest first; the run itself is not among them. */
export interface RunHistory {
  readonly runs: readonly EarlierRun[];
  readonly series: readonly EarlierValues[];
}

export interface EarlierRun {
  /** UTC, ISO 8601. */
  readonly started: string;
  readonly revision: string | null;
  readonly exitCode: number;
}

export interface EarlierValues {
  readonly metric: string;
  readonly keys: Keys;
  /** One for each run; null: no value, or one of another definition. */
  readonly values: readonly (number | null)[];
}

/** The run beside an accepted one. */
export interface BaselineComparison {
  /** Start (UTC), pipeline version and, when known, collection of the baseline. */
  readonly baseline: { readonly started: string; readonly version: string; readonly collection: string | null };
  readonly changes: readonly ComparedMetric[];
  /** null: one of the two has no catalog of its sources. */
  readonly catalog: CatalogDifference | null;
}

export interface ComparedMetric {
  readonly metric: string;
  readonly keys: Keys;
  readonly before: number | null;
  readonly after: number | null;
  readonly difference: number | null;
  /** The intervals do not overlap; null when one has none. */
  readonly isSignificant: boolean | null;
  readonly change: 'better' | 'worse' | 'changed' | 'same' | 'gone' | 'new' | 'redefined';
}

/** DIASources of two runs on the same images. */
export interface CatalogDifference {
  readonly nBefore: number;
  readonly nAfter: number;
  readonly nGained: number;
  readonly nLost: number;
  readonly nChanged: number;
  /** The strongest of each kind. */
  readonly sources: readonly ChangedSource[];
}

export interface ChangedSource {
  readonly kind: 'gained' | 'lost' | 'changed';
  readonly visit: number;
  readonly detector: number;
  readonly band: string;
  readonly x: number;
  readonly y: number;
  readonly ra_deg: number;
  readonly dec_deg: number;
  readonly snr: number;
  /** What is different, in words. */
  readonly what: string;
  /** This run's pixels around the place; absent when they could not be read. */
  readonly cutout?: Cutout;
}

/** DIASources of one image after the flag cuts, column by column. */
export interface SourceColumns {
  /** Pixels, to a tenth. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** Degrees, to a micro-degree. */
  readonly ra_deg: readonly number[];
  readonly dec_deg: readonly number[];
  readonly snr: readonly number[];
  readonly flux_nJy: readonly number[];
  readonly fluxErr_nJy: readonly number[];
  /** 1: negative, 2: dipole. */
  readonly flags: readonly number[];
}

/** Signal over noise of a difference image in blocks of pixels: a byte a block, row-major, y upwards, base64. */
export interface DetectorPicture {
  readonly width: number;
  readonly height: number;
  /** Side of a block, pixels. */
  readonly block_px: number;
  /** Byte 0: no data; 1 to 255: asinh(signal / noise), 128 is zero and 255 is `peak`. */
  readonly bytes: string;
  readonly peak: number;
}

/** The PSF of a science image on a grid over the detector. */
export interface PsfGrid {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly fwhm_arcsec: readonly number[];
  /** (ixx - iyy) / (ixx + iyy) and 2 ixy / (ixx + iyy) of the adaptive moments. */
  readonly e1: readonly number[];
  readonly e2: readonly number[];
}

/** The PSF-matching kernel at three by three places, lower left first. */
export interface KernelStamps {
  readonly size: number;
  readonly stamps: readonly (readonly number[])[];
  readonly sums: readonly number[];
  readonly convolved: 'template' | 'science';
}

/** Noise of a difference image over the noise that its variance promises. */
export interface NoiseSummary {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Correlation coefficient of pixels at a distance of (dx, dy) pixels, dy = 0 .. 3 in rows, dx = 0 .. 3. */
  readonly correlation: readonly (readonly number[])[];
}

/** Positions of stars less those of the reference catalog. */
export interface StarResiduals {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly east_mas: readonly number[];
  readonly north_mas: readonly number[];
  readonly mag: readonly number[];
  readonly total: number;
}

/** What is drawn of one image. */
export interface DetectorView {
  readonly visit: number;
  readonly detector: number;
  readonly band: string;
  readonly width: number;
  readonly height: number;
  /** Corners of the image on the sky, degrees, around it. */
  readonly corners_deg: readonly (readonly [number, number])[];
  /** Pixels a unit of sky: [dx, dy] for one arcsecond to the north, and to the east. */
  readonly north_px: readonly [number, number];
  readonly east_px: readonly [number, number];
  readonly sources: SourceColumns;
  readonly psf: PsfGrid | null;
  readonly kernel: KernelStamps | null;
  readonly noise: NoiseSummary;
  readonly residuals: StarResiduals | null;
  readonly picture: DetectorPicture | null;
}

export interface LightCurve {
  readonly diaObjectId: string;
  readonly kind: 'variable' | 'measured';
  readonly ra_deg: number;
  readonly dec_deg: number;
  /** Reduced chi square of the fluxes about their weighted mean, band by band. */
  readonly reducedChi2: number;
  readonly points: readonly LightPoint[];
}

export interface LightPoint {
  readonly mjd: number;
  readonly band: string;
  readonly flux_nJy: number;
  readonly fluxErr_nJy: number;
  /** Measured at the place of the object, not detected. */
  readonly isForced: boolean;
}

/** Pictures of the science. Absent parts were not produced. */
export interface ScienceViews {
  readonly detectors: readonly DetectorView[];
  readonly lightCurves: readonly LightCurve[];
  readonly nDiaObjects: number;
  readonly plots: readonly { readonly topic: PlotTopic; readonly plot: Plot }[];
}

export type PlotTopic = 'recovery' | 'astrometry' | 'photometry' | 'association' | 'difference';
