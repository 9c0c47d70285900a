/** What a section of the report is: a name, which is also its template and its anchor, and a view model. */
import type { VerificationResult } from '../model/verification.ts';

/** Bytes to an image address; injected because PNG needs compression. Three bytes a pixel, top row first. */
export type EncodePng = (width: number, height: number, rgb: Uint8Array) => string;

export interface SectionTools {
  readonly encodePng: EncodePng;
}

export interface Section {
  readonly name: string;
  /** Heading and entry of the navigation. */
  readonly title: string;
  /** What `reports/sections/<name>.hbs` shows, every name that it uses; null leaves the section out. */
  view(result: VerificationResult, tools: SectionTools): object | null;
}

export function defineSection(section: Section): Section {
  return section;
}
