/** Bytes -> HDUs. Pixels and table cells are decoded on demand (image.ts, binTable.ts, asciiTable.ts, randomGroups.ts). */
import { constants, gunzipSync } from 'node:zlib';
import { ApError } from '../../model/errors.ts';
import { memorySource, type ByteSource } from './byteSource.ts';
import type { FitsFile, FitsHdu, HduHead } from './hdu.ts';
import { isLzw, lzwDecode } from './lzw.ts';
import { BLOCK_BYTES, paddedLength, scanFits, type FitsDirectory } from './scanFits.ts';
import { compressionWarnings } from './tileCompression.ts';

export { BLOCK_BYTES, paddedLength };

/** A gzipped file may not grow beyond this: larger images are not ours to read at once. */
const MAX_INFLATED_BYTES = 2 ** 32 - 1;

/**
 * Reads the structure of a FITS file; gzip is undone on the way.
 * @param bytes whole file. The HDUs keep views of it, nothing is copied (unless it was gzipped).
 * @throws ApError FILE_TRUNCATED naming the HDU, the expected and the found number of bytes; BAD_FITS otherwise.
 */
export function readFits(bytes: Uint8Array): FitsFile {
  const { plain, fault } = inflated(bytes);
  if (plain === null) throw fault!;
  const file = withData(plain, scanFits(memorySource(plain)));
  if (fault !== null) throw fault;
  return file;
}

/**
 * As `readFits` for damaged files: returns every HDU that can be reached, with what there is of its data, and the
 * faults. Whoever decodes pixels or cells of an incomplete HDU still gets the error.
 * @throws ApError only when the bytes are no FITS file at all.
 */
export function salvageFits(bytes: Uint8Array): FitsFile & { readonly damage: readonly ApError[] } {
  const { plain, fault } = inflated(bytes);
  if (plain === null) throw fault!;
  const directory = scanFits(memorySource(plain), 'salvage');
  return { ...withData(plain, directory), damage: [...directory.damage, ...(fault === null ? [] : [fault])] };
}

/** Adds the data of one HDU, read from the source that it was found in. */
export function loadHdu(source: ByteSource, head: HduHead): FitsHdu {
  return { ...head, data: source.read(head.dataOffset, head.dataLength) };
}

/** True for the first bytes of a gzip stream. */
export function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Undoes gzip or compress (.Z), if there is any; `fault` says that the stream is cut, `plain` then holds what came before the cut.
 * The result is not larger than 4 GiB.
 */
export function inflated(bytes: Uint8Array): { plain: Uint8Array | null; fault: ApError | null } {
  if (isLzw(bytes)) return inflatedLzw(bytes);
  if (!isGzipped(bytes)) return { plain: bytes, fault: null };
  try {
    const once = gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
    // Some archives pack what was packed already.
    return { plain: isGzipped(once) ? gunzipSync(once, { maxOutputLength: MAX_INFLATED_BYTES }) : once, fault: null };
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'Z_BUF_ERROR') return inflatedPart(bytes);
    return { plain: null, fault: new ApError('BAD_FITS', { where: 'gzip stream', found: String((cause as Error).message) }, { cause }) };
  }
}

function inflatedLzw(bytes: Uint8Array): { plain: Uint8Array | null; fault: ApError | null } {
  try {
    return { plain: lzwDecode(bytes), fault: null };
  } catch (fault) {
    if (fault instanceof ApError) return { plain: null, fault };
    throw fault;
  }
}

/** What a cut gzip stream holds, so that the message can name the HDU that is incomplete. */
function inflatedPart(bytes: Uint8Array): { plain: Uint8Array | null; fault: ApError } {
  try {
    const plain = gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
    return { plain, fault: new ApError('FILE_TRUNCATED', { where: 'end of the gzip stream', found: bytes.length, expected: 'more bytes' }) };
  } catch (cause) {
    const fault = new ApError('FILE_TRUNCATED', { where: 'gzip stream', found: bytes.length, expected: 'more bytes' }, { cause });
    return { plain: null, fault };
  }
}

function withData(plain: Uint8Array, { hdus, warnings }: FitsDirectory): FitsFile {
  return { hdus: hdus.map(head => loadHdu(memorySource(plain), head)), warnings: [...warnings, ...hdus.flatMap(compressionWarnings)] };
}
