/** Where bytes come from: a whole file in memory, or anything that can be read in ranges. */

export interface ByteSource {
  readonly byteLength: number;
  /** Bytes from `offset` on: `length` of them, fewer at the end of the source. The caller does not change them. */
  readonly read: (offset: number, length: number) => Uint8Array;
  /** Fills `target` with the bytes from `offset` on; gives their number, less than its length at the end of the source. */
  readonly readInto?: (offset: number, target: Uint8Array) => number;
}

/** A source over bytes in memory; reads are views, nothing is copied. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { byteLength: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
