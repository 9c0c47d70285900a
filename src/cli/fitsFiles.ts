/** FITS files on disk: ranged reading, whole reading, and what is said about damage. */
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { isGzipped, salvageFits, scanFits, type ByteSource, type FitsDirectory, type FitsFile } from '../formats/fits/index.ts';
import { ApError } from '../model/errors.ts';

/** Headers are read in pieces of this size; a few hundred cards need one read. */
const PAGE_BYTES = 64 * 1024;

/**
 * Gives a byte source over the open file to `use`. Small reads are served from one page that is kept.
 * @throws ApError FILE_NOT_FOUND.
 */
export function withFileSource<T>(file: string, use: (source: ByteSource) => T): T {
  requireFile(file);
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    return use({ byteLength: size, read: pagedReader(descriptor, size) });
  } finally {
    closeSync(descriptor);
  }
}

function pagedReader(descriptor: number, size: number): ByteSource['read'] {
  let page = { start: 0, bytes: new Uint8Array(0) };
  const fresh = (offset: number, length: number): Uint8Array<ArrayBuffer> => {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
    let found = 0;
    while (found < bytes.length) {
      const n = readSync(descriptor, bytes, found, bytes.length - found, offset + found);
      if (n === 0) break;
      found += n;
    }
    return bytes.subarray(0, found);
  };
  return (offset, length) => {
    if (length > PAGE_BYTES) return fresh(offset, length);
    const isInside = offset >= page.start && Math.min(offset + length, size) <= page.start + page.bytes.length;
    if (!isInside) page = { start: offset, bytes: fresh(offset, PAGE_BYTES) };
    return page.bytes.subarray(offset - page.start, offset - page.start + length);
  };
}

/** Headers of a file: ranged when it is plain FITS, by reading all of it when it is packed. */
export function readDirectory(file: string): FitsDirectory {
  const isPacked = withFileSource(file, source => packed(source.read(0, 2)));
  return isPacked ? readWhole(file) : withFileSource(file, source => scanFits(source, 'salvage'));
}

/** All HDUs of a file, damaged or not. */
export function readWhole(file: string): FitsFile & { readonly damage: readonly ApError[] } {
  return salvageFits(readBytes(file));
}

/** @throws ApError FILE_NOT_FOUND. */
export function readBytes(file: string): Uint8Array {
  requireFile(file);
  return readFileSync(file);
}

function packed(start: Uint8Array): boolean {
  return isGzipped(start) || (start[0] === 0x1f && start[1] === 0x9d);
}

function requireFile(file: string): void {
  if (!existsSync(file)) throw new ApError('FILE_NOT_FOUND', { found: file });
}
