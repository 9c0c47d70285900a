/**
 * RICE_1 coding (FITS standard 4.0 section 10.4.1): differences of neighbours, mapped to unsigned, coded in blocks
 * with a split into a unary and a binary part. Elements of 1, 2 or 4 bytes. The SIMD module's integer kernels and
 * the plain twins below give the same values and the same bytes, and those of CFITSIO.
 */
import { ApError } from '../../model/errors.ts';
import { kernelsInUse, scratch } from '../../numeric/kernels/engine.ts';

export interface RiceOptions {
  /** Values that share one split; 32 unless the header says otherwise. */
  readonly blockSize: number;
  /** Bytes of an element: 1, 2 or 4. */
  readonly bytePix: number;
}

/** Bits of the split size and its largest value, by bytes an element. */
const RICE_PARAMETERS: Readonly<Record<number, { readonly sizeBits: number; readonly sizeMax: number }>> = {
  1: { sizeBits: 3, sizeMax: 6 }, 2: { sizeBits: 4, sizeMax: 14 }, 4: { sizeBits: 5, sizeMax: 25 },
};

/** Tiles above this are left to the twin, so that the kernels' scratch memory stays small. */
const MAX_KERNEL_VALUES = 2 ** 22;

/**
 * Decodes one tile.
 * @returns n values with the sign of the wrapped arithmetic; the array is valid until the next call of a kernel.
 * @throws ApError BAD_FITS when the bytes end before the values do, or are no Rice code.
 */
export function riceDecode(source: Uint8Array, n: number, options: RiceOptions): Int32Array {
  checkOptions(options);
  // Every block has at least its split: a tile that cannot hold them takes no memory.
  const leastBits = 8 * options.bytePix + RICE_PARAMETERS[options.bytePix]!.sizeBits * Math.ceil(n / options.blockSize);
  if (8 * source.length < leastBits) throw badTile(0, n);
  if (kernelsInUse() === 'js' || n > MAX_KERNEL_VALUES || source.length > 8 * MAX_KERNEL_VALUES) return plainDecode(source, n, options);
  const { kernels, at, f32 } = scratch(source.length + 8, n * 4);
  const [ps, po] = at as [number, number];
  const bytes = new Uint8Array(f32.buffer, ps, source.length + 8);
  bytes.set(source);
  bytes.fill(0, source.length);
  const found = kernels.riceDecode(ps, source.length, po, n, options.blockSize, options.bytePix);
  if (found < 0) throw badTile(-1 - found, n);
  return new Int32Array(f32.buffer, po, n);
}

/** Encodes one tile; the bytes are those of CFITSIO. Elements of 1 or 2 bytes may be given with either sign. */
export function riceEncode(values: ArrayLike<number>, options: RiceOptions): Uint8Array {
  checkOptions(options);
  const n = values.length;
  const { blockSize, bytePix } = options;
  if (n === 0) return new Uint8Array(0);
  const capacity = n * (bytePix + 1) + Math.ceil(n / blockSize) + 64;
  if (kernelsInUse() === 'js' || n > MAX_KERNEL_VALUES) return plainEncode(Int32Array.from(values), capacity, options);
  const { kernels, at, f32 } = scratch(n * 4, capacity);
  const [ps, po] = at as [number, number];
  new Int32Array(f32.buffer, ps, n).set(values);
  const length = kernels.riceEncode(ps, n, po, blockSize, bytePix);
  return new Uint8Array(f32.buffer, po, length).slice();
}

function checkOptions({ blockSize, bytePix }: RiceOptions): void {
  if (RICE_PARAMETERS[bytePix] === undefined) throw new ApError('BAD_FITS', { where: 'RICE_1, BYTEPIX', found: bytePix, expected: '1, 2 or 4' });
  if (!Number.isInteger(blockSize) || blockSize < 1 || blockSize > 2 ** 30) {
    throw new ApError('BAD_FITS', { where: 'RICE_1, BLOCKSIZE', found: blockSize, expected: 'a positive integer' });
  }
}

function plainDecode(source: Uint8Array, n: number, { blockSize, bytePix }: RiceOptions): Int32Array {
  const out = new Int32Array(n);
  const { sizeBits, sizeMax } = RICE_PARAMETERS[bytePix]!;
  const wholeBits = bytePix * 8;
  const wrap = 32 - wholeBits;
  const length = source.length;
  let at = bytePix;
  let last = 0;
  for (let k = 0; k < bytePix; k++) last = (last << 8) | source[k]!;
  last = wrapped(last, wrap);
  let bits = source[at++] ?? 0;
  let nBits = 8;
  for (let i = 0; i < n;) {
    nBits -= sizeBits;
    while (nBits < 0) { bits = (bits << 8) | (source[at++] ?? 0); nBits += 8; }
    const split = (bits >>> nBits) - 1;
    bits &= (1 << nBits) - 1;
    const limit = Math.min(i + blockSize, n);
    if (split > sizeMax) throw badTile(i, n);
    if (split < 0) {
      for (; i < limit; i++) out[i] = last;
    } else if (split === sizeMax) {
      for (; i < limit; i++) {
        if (at > length) throw badTile(i, n);
        let k = wholeBits - nBits;
        let code = k >= 32 ? 0 : bits << k;
        for (k -= 8; k >= 0; k -= 8) { bits = source[at++] ?? 0; code |= bits << k; }
        if (nBits > 0) { bits = source[at++] ?? 0; code |= bits >>> -k; bits &= (1 << nBits) - 1; } else bits = 0;
        out[i] = last = wrapped(last + unfold(code), wrap);
      }
    } else {
      for (; i < limit; i++) {
        while (bits === 0) {
          if (at >= length) throw badTile(i, n);
          nBits += 8;
          bits = source[at++]!;
        }
        const nZeros = nBits - (32 - Math.clz32(bits));
        nBits -= nZeros + 1;
        bits ^= 1 << nBits;
        nBits -= split;
        while (nBits < 0) { bits = (bits << 8) | (source[at++] ?? 0); nBits += 8; }
        const code = (nZeros << split) | (bits >>> nBits);
        bits &= (1 << nBits) - 1;
        out[i] = last = wrapped(last + unfold(code), wrap);
      }
    }
  }
  // The bit buffer holds up to one byte that was read but not used.
  if (at * 8 - nBits > length * 8) throw badTile(n, n);
  return out;
}

/** Even codes are differences >= 0, odd ones are below 0. */
function unfold(code: number): number {
  return code & 1 ? ~(code >>> 1) : code >>> 1;
}

/** Two's complement of the element size. */
function wrapped(value: number, wrap: number): number {
  return (value << wrap) >> wrap;
}

function plainEncode(values: Int32Array, capacity: number, { blockSize, bytePix }: RiceOptions): Uint8Array {
  const { sizeBits, sizeMax } = RICE_PARAMETERS[bytePix]!;
  const wholeBits = bytePix * 8;
  const n = values.length;
  const out = bitWriter(capacity);
  out.put(values[0]!, wholeBits);
  const codes = new Uint32Array(Math.min(blockSize, n));
  let before = values[0]!;
  for (let i = 0; i < n; i += blockSize) {
    const m = Math.min(blockSize, n - i);
    let sum = 0;
    for (let j = 0; j < m; j++) {
      codes[j] = folded(values[i + j]! - before, 32 - wholeBits);
      sum += codes[j]!;
      before = values[i + j]!;
    }
    const split = splitOf(sum, m, sizeMax);
    out.put(sum === 0 ? 0 : split + 1, sizeBits);
    if (sum === 0) continue;
    for (let j = 0; j < m; j++) {
      if (split === sizeMax) {
        out.put(codes[j]!, wholeBits);
      } else {
        for (let zeros = codes[j]! >>> split; zeros > 0; zeros -= 24) out.put(0, Math.min(zeros, 24));
        out.put(1, 1);
        out.put(codes[j]!, split);
      }
    }
  }
  return out.finish();
}

/** The difference wrapped to the element size, as an unsigned code: even for >= 0, odd below. */
function folded(difference: number, wrap: number): number {
  const d = (difference << wrap) >> wrap;
  return ((((d << 1) ^ (d >> 31)) << wrap) >>> wrap);
}

/** The split that CFITSIO chooses: the length in bits of half the mean code. */
function splitOf(sum: number, n: number, sizeMax: number): number {
  const mean = Math.max(0, (sum - (n >> 1) - 1) / n);
  return Math.min(sizeMax, 32 - Math.clz32(Math.floor(mean) >>> 1));
}

/** Bits to bytes, most significant first; `put` writes the lower `width` bits of a value. */
function bitWriter(capacity: number): { put(value: number, width: number): void; finish(): Uint8Array } {
  const bytes = new Uint8Array(capacity);
  let at = 0;
  let pending = 0;
  let nPending = 0;
  const put = (value: number, width: number): void => {
    for (let left = width; left > 0;) {
      const take = Math.min(left, 8 - nPending);
      pending = (pending << take) | ((value >>> (left - take)) & ((1 << take) - 1));
      nPending += take;
      left -= take;
      if (nPending === 8) {
        bytes[at++] = pending;
        pending = nPending = 0;
      }
    }
  };
  const finish = (): Uint8Array => {
    if (nPending > 0) put(0, 8 - nPending);
    return bytes.slice(0, at);
  };
  return { put, finish };
}

function badTile(found: number, expected: number): ApError {
  return new ApError('BAD_FITS', { where: 'RICE_1 tile', found: `${found} values before the code ends or breaks`, expected: `${expected}` });
}
