/** The golden compressed images of test/golden/formats/codecs.py. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { hasPixels, readFits, type FitsHdu } from '../../../src/formats/fits/index.ts';

interface GoldenCase {
  readonly fits: string;
  readonly shape: readonly number[];
  readonly values: string;
  readonly plain?: string;
}

/** Origin: test/golden/formats/codecs.py (fpack and funpack, CFITSIO 4.2; astropy 8). */
export const GOLDEN = (JSON.parse(readFileSync('test/golden/formats/codecs.json', 'utf8')) as { cases: Record<string, GoldenCase> }).cases;

const unpacked = (text: string): Buffer => gunzipSync(Buffer.from(text, 'base64'));

/** The compressed file. */
export function goldenFile(name: string): Uint8Array {
  return Uint8Array.from(unpacked(GOLDEN[name]!.fits));
}

/** What funpack reads from it. */
export function goldenValues(name: string): Float64Array {
  return new Float64Array(Uint8Array.from(unpacked(GOLDEN[name]!.values)).buffer);
}

/** What fpack was given, where that is not what comes back. */
export function goldenPlain(name: string): Float64Array {
  return new Float64Array(Uint8Array.from(unpacked(GOLDEN[name]!.plain!)).buffer);
}

export function imageOf(bytes: Uint8Array): FitsHdu {
  return readFits(bytes).hdus.find(hasPixels)!;
}
