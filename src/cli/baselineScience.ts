/** The catalogs of a baseline that is the result of a run; an accepted baseline has none. */
import { readFileSync } from 'node:fs';
import type { ScienceViews } from '../model/reportData.ts';

/** undefined when there is no file, or none with catalogs. The file has been read and checked before as a baseline. */
export function scienceOfBaseline(file: string | undefined): ScienceViews | undefined {
  if (file === undefined) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { science?: ScienceViews }).science;
}
