/** Discrete Fourier transforms of power-of-two sizes in float64 (radix-2, in place). */

/** Real and imaginary part, row-major. */
export interface ComplexImage {
  readonly width: number;
  readonly height: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Smallest power of two that is >= n. */
export function powerOfTwo(n: number): number {
  let p = 1;
  while (p < n) p *= 2;
  return p;
}

/**
 * Transforms n = re.length values in place: X_k = sum of x_j exp(-2 pi i j k / n), or with +i and divided by n
 * when `inverse`. n must be a power of two (RangeError otherwise). O(n log n).
 */
export function fft(re: Float64Array, im: Float64Array, inverse = false): void {
  const n = re.length;
  if (n === 0 || (n & (n - 1)) !== 0) throw new RangeError(`FFT length ${n} is not a power of two`);
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const r = re[i]!; re[i] = re[j]!; re[j] = r;
      const m = im[i]!; im[i] = im[j]!; im[j] = m;
    }
  }
  const sign = inverse ? 1 : -1;
  for (let size = 2; size <= n; size *= 2) butterflies(re, im, n, size, sign);
  if (inverse) for (let i = 0; i < n; i++) { re[i] = re[i]! / n; im[i] = im[i]! / n; }
}

function butterflies(re: Float64Array, im: Float64Array, n: number, size: number, sign: number): void {
  const half = size >> 1;
  for (let k = 0; k < half; k++) {
    const angle = (sign * 2 * Math.PI * k) / size;
    const c = Math.cos(angle);
    const s = Math.sin(angle);
    for (let a = k; a < n; a += size) {
      const b = a + half;
      const r = re[b]! * c - im[b]! * s;
      const m = re[b]! * s + im[b]! * c;
      re[b] = re[a]! - r;
      im[b] = im[a]! - m;
      re[a] = re[a]! + r;
      im[a] = im[a]! + m;
    }
  }
}

/** Two-dimensional transform in place, rows and then columns; both sides powers of two. */
export function fft2(image: ComplexImage, inverse = false): void {
  const { width, height, re, im } = image;
  for (let y = 0; y < height; y++) fft(re.subarray(y * width, (y + 1) * width), im.subarray(y * width, (y + 1) * width), inverse);
  const cr = new Float64Array(height);
  const ci = new Float64Array(height);
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) { cr[y] = re[y * width + x]!; ci[y] = im[y * width + x]!; }
    fft(cr, ci, inverse);
    for (let y = 0; y < height; y++) { re[y * width + x] = cr[y]!; im[y * width + x] = ci[y]!; }
  }
}

/**
 * Transform of a small square stamp (odd size, row-major) put into an n x n field with its centre at (0, 0),
 * so that a symmetric stamp has a real transform.
 */
export function fftOfStamp(stamp: ArrayLike<number>, size: number, n: number): ComplexImage {
  const half = size >> 1;
  const image = { width: n, height: n, re: new Float64Array(n * n), im: new Float64Array(n * n) };
  for (let j = 0; j < size; j++) {
    const y = (j - half + n) % n;
    for (let i = 0; i < size; i++) image.re[y * n + ((i - half + n) % n)]! += stamp[j * size + i]!;
  }
  fft2(image);
  return image;
}

/** The central size x size (odd) stamp of a field whose origin is at (0, 0): the inverse of the placing of `fftOfStamp`. */
export function stampOfField(field: Float64Array, n: number, size: number): Float64Array {
  const half = size >> 1;
  const out = new Float64Array(size * size);
  for (let j = 0; j < size; j++) {
    const y = (j - half + n) % n;
    for (let i = 0; i < size; i++) out[j * size + i] = field[y * n + ((i - half + n) % n)]!;
  }
  return out;
}
