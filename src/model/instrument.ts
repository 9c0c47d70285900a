/** Facts of a camera. No control flow: what differs between cameras is data. */
import type { Box, Image } from './image.ts';
import type { MaskPlane } from './mask.ts';
import type { SkyWcs } from './wcs.ts';
import type { VisitInfo } from './visitInfo.ts';

export interface Amplifier {
  readonly name: string;
  /** Regions of the raw frame (0-based): imaging pixels, serial overscan, prescan (null: none). */
  readonly rawData: Box;
  readonly rawSerialOverscan: Box | null;
  readonly rawPrescan: Box | null;
  /** Rows read after the imaging pixels; absent or null: none. */
  readonly rawParallelOverscan?: Box | null;
  /** Where the imaging pixels go in the assembled detector, and whether they are flipped on the way. */
  readonly detectorBox: Box;
  readonly flipX: boolean;
  readonly flipY: boolean;
  readonly gain_electronPerAdu: number;
  readonly readNoise_electron: number;
  /** Raw value (overscan included) at which a pixel is saturated. */
  readonly saturation_adu: number;
  /** Raw value from which a pixel is suspect (non-linear); absent: never. */
  readonly suspect_adu?: number;
  /** Corner of `detectorBox` that is read first; absent: lower left, turned by the flips. */
  readonly readoutCorner?: ReadoutCorner;
}

/** Lower or upper, left or right corner. */
export type ReadoutCorner = 'LL' | 'LR' | 'UL' | 'UR';

/** What the header of a raw frame says about an amplifier; it replaces the values of the camera's table. */
export type AmplifierFacts = Partial<Omit<Amplifier, 'name'>> & Pick<Amplifier, 'name'>;

export interface Detector {
  readonly id: number;
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly amplifiers: readonly Amplifier[];
}

export interface PhysicalFilter {
  readonly name: string;
  readonly band: string;
}

export type HeaderValue = string | number | bigint | boolean | null;
/** Header cards by keyword (last one wins for duplicates, COMMENT and HISTORY left out). */
export type HeaderMap = Readonly<Record<string, HeaderValue>>;

/** What a raw header says, in our words. */
export interface RawFacts {
  readonly visitInfo: VisitInfo;
  readonly exposure: number;
  readonly detector: number;
  readonly physicalFilter: string;
  readonly observationType: string;
  readonly dayObs: number;
  readonly seqNum: number;
  readonly obsId: string;
  readonly groupName: string;
  readonly targetName: string;
  /** First guess of the WCS of the assembled detector (0-based pixels). */
  readonly wcs: SkyWcs | null;
  /** Amplifier properties that change from exposure to exposure or detector to detector. */
  readonly amplifiers?: readonly AmplifierFacts[];
}

/** Known bad pixels of one detector from a date on (until the next set of that detector). */
export interface DefectSet {
  readonly detector: number;
  /** TAI, `YYYY-MM-DDThh:mm:ss`; 1970-01-01T00:00:00 means always. */
  readonly begin: string;
  readonly defects: readonly Defect[];
}

export interface Instrument {
  readonly name: string;
  readonly doc: string;
  /** Python class that Rubin's clients would load; only written into the registry. */
  readonly className: string;
  readonly detectorMax: number;
  readonly visitMax: number;
  readonly exposureMax: number;
  readonly filters: readonly PhysicalFilter[];
  readonly detectors: readonly Detector[];
  /** Header translation; pure. Throws ApError BAD_FORMAT naming the card that is missing or odd. */
  readonly translate: (header: HeaderMap) => RawFacts;
  /** Config overrides by task label, applied before the pipeline's. */
  readonly overrides: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Curated defects that come with the camera; they are what `write-curated-calibrations` writes without a folder. */
  readonly defects?: readonly DefectSet[];
}

/** A raw frame as it came from the telescope, whole read-out area, in ADU. */
export interface RawFrame extends Image {
  readonly header: HeaderMap;
}

/** A mask on its own. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Int32Array;
}

/** Rectangles of known bad pixels. */
export interface Defect extends Box {
  readonly plane: MaskPlane;
}
