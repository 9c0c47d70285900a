// Rice coding of integers: differences of neighbours, mapped to unsigned, in blocks with a common split into a
// unary and a binary part. Elements of 1, 2 or 4 bytes, held as i32 outside of the coded stream.

// Bits of the split size and its largest value.
// @ts-ignore: decorator
@inline
function sizeBitsOf(bytes: i32): i32 { return bytes == 4 ? 5 : bytes == 2 ? 4 : 3; }

// @ts-ignore: decorator
@inline
function sizeMaxOf(bytes: i32): i32 { return bytes == 4 ? 25 : bytes == 2 ? 14 : 6; }

/**
 * Decodes n values from nBytes at `source`, which 8 bytes of zero must follow. Returns n, or -1 - i when the stream
 * ends or is not valid before value i.
 */
export function riceDecode(source: usize, nBytes: i32, out: usize, n: i32, blockSize: i32, bytes: i32): i32 {
  const sizeBits = sizeBitsOf(bytes), sizeMax = sizeMaxOf(bytes);
  const wholeBits = bytes << 3, wrap = 32 - wholeBits;
  if (nBytes < bytes) return -1;
  // Reading starts 4 bytes before this address at most: past it every further bit would be beyond the end.
  const last = source + nBytes + 4;
  let p = source + bytes;
  let value: i32 = 0;
  for (let k = 0; k < bytes; k++) value = (value << 8) | <i32>load<u8>(source + k);
  // Bits wait left-aligned in `bits`; those below the nBits valid ones are zero.
  let bits: u64 = 0;
  let nBits: i32 = 0;
  for (let i = 0; i < n;) {
    const limit = i + min(blockSize, n - i);
    if (nBits <= 32) {
      if (p > last) return -1 - i;
      bits |= <u64>bswap<u32>(load<u32>(p)) << (32 - nBits);
      p += 4; nBits += 32;
    }
    const split = <i32>(bits >> (64 - sizeBits)) - 1;
    bits <<= sizeBits; nBits -= sizeBits;
    if (split > sizeMax) return -1 - i;
    if (split < 0) {
      value = (value << wrap) >> wrap;
      for (; i < limit; i++) store<i32>(out + (<usize>i << 2), value);
    } else if (split == sizeMax) {
      for (; i < limit; i++) {
        if (nBits <= 32) {
          if (p > last) return -1 - i;
          bits |= <u64>bswap<u32>(load<u32>(p)) << (32 - nBits);
          p += 4; nBits += 32;
        }
        const code = <u32>(bits >> (64 - wholeBits));
        bits <<= wholeBits; nBits -= wholeBits;
        value = ((value + <i32>((code >> 1) ^ (0 - (code & 1)))) << wrap) >> wrap;
        store<i32>(out + (<usize>i << 2), value);
      }
    } else {
      for (; i < limit; i++) {
        if (nBits <= 32) {
          if (p > last) return -1 - i;
          bits |= <u64>bswap<u32>(load<u32>(p)) << (32 - nBits);
          p += 4; nBits += 32;
        }
        let nZeros: u32 = 0;
        while (bits == 0) {
          nZeros += nBits;
          if (p > last) return -1 - i;
          bits = <u64>bswap<u32>(load<u32>(p)) << 32;
          p += 4; nBits = 32;
        }
        const run = <i32>clz<u64>(bits);
        nZeros += run;
        bits = (bits << run) << 1; nBits -= run + 1;
        if (nBits < split) {
          if (p > last) return -1 - i;
          bits |= <u64>bswap<u32>(load<u32>(p)) << (32 - nBits);
          p += 4; nBits += 32;
        }
        const code = (nZeros << split) | <u32>((bits >> 1) >> (63 - split));
        bits <<= split; nBits -= split;
        value = ((value + <i32>((code >> 1) ^ (0 - (code & 1)))) << wrap) >> wrap;
        store<i32>(out + (<usize>i << 2), value);
      }
    }
  }
  return (<i64>(p - source) << 3) - <i64>nBits > <i64>nBytes << 3 ? -1 - n : n;
}

/** Difference to the value before, wrapped to the element size, as an unsigned code: even for >= 0, odd below. */
// @ts-ignore: decorator
@inline
function foldedDifference(value: i32, before: i32, wrap: i32): u32 {
  const d = ((value - before) << wrap) >> wrap;
  return <u32>((d << 1) ^ (d >> 31));
}

/**
 * Encodes n values at `source`. `out` must hold n * (bytes + 1) + n / blockSize + 64 bytes. Returns the number of
 * bytes written.
 */
export function riceEncode(source: usize, n: i32, out: usize, blockSize: i32, bytes: i32): i32 {
  const sizeBits = sizeBitsOf(bytes), sizeMax = sizeMaxOf(bytes);
  const wholeBits = bytes << 3, wrap = 32 - wholeBits;
  const mask: u32 = wholeBits == 32 ? 0xffffffff : (1 << wholeBits) - 1;
  let p = out;
  let before = load<i32>(source);
  for (let k = bytes - 1; k >= 0; k--) store<u8>(p++, <u8>(before >> (k << 3)));
  // The lower nBits of `bits` wait to be written; always below 32 between two values.
  let bits: u64 = 0;
  let nBits: i32 = 0;
  for (let i = 0; i < n;) {
    const m = min(blockSize, n - i);
    const limit = i + m;
    let sum: u64 = 0;
    let earlier = before;
    for (let j = i; j < limit; j++) {
      const next = load<i32>(source + (<usize>j << 2));
      sum += <u64>(foldedDifference(next, earlier, wrap) & mask);
      earlier = next;
    }
    const excess = <i64>sum - <i64>(m >> 1) - 1;
    let half = excess > 0 ? <u32>(excess / m) >> 1 : 0;
    let split = 0;
    for (; half > 0; half >>= 1) split++;
    if (split >= sizeMax) split = sizeMax;
    const code = sum == 0 ? 0 : split + 1;
    bits = (bits << sizeBits) | <u64>code; nBits += sizeBits;
    if (nBits >= 32) { nBits -= 32; store<u32>(p, bswap<u32>(<u32>(bits >> nBits))); p += 4; }
    if (code == 0) { before = earlier; i = limit; continue; }
    for (; i < limit; i++) {
      const next = load<i32>(source + (<usize>i << 2));
      const v = foldedDifference(next, before, wrap) & mask;
      before = next;
      if (split == sizeMax) {
        bits = (bits << wholeBits) | <u64>v; nBits += wholeBits;
      } else {
        let top = v >> split;
        while (<i32>top + 1 + split > 32) {
          const zeros = min<u32>(top, 32);
          if (zeros == 0) break;
          bits <<= zeros; nBits += zeros; top -= zeros;
          if (nBits >= 32) { nBits -= 32; store<u32>(p, bswap<u32>(<u32>(bits >> nBits))); p += 4; }
        }
        const width = <i32>top + 1 + split;
        bits = (bits << width) | <u64>((1 << split) | (v & ((1 << split) - 1))); nBits += width;
      }
      if (nBits >= 32) { nBits -= 32; store<u32>(p, bswap<u32>(<u32>(bits >> nBits))); p += 4; }
    }
  }
  for (; nBits > 0; nBits -= 8) store<u8>(p++, nBits >= 8 ? <u8>(bits >> (nBits - 8)) : <u8>(bits << (8 - nBits)));
  return <i32>(p - out);
}
