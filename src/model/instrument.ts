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
  /** Where the imaging pixels go in the assembled detector, and whether they are flipped on the way. */
  readonly detectorBox: Box;
  readonly flipX: boolean;
  readonly flipY: boolean;
  readonly gain_electronPerAdu: number;
  readonly readNoise_electron: number;
  /** Raw value (overscan included) at which a pixel is saturated. */
  readonly saturation_adu: number;
}

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
