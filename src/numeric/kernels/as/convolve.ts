// Correlation of float32 rows with small kernels, 16 pixels a step. Pointers are byte offsets into the
// linear memory, strides count floats. Every sum runs in the order of its TypeScript twin, in float32, so
// both give the same bits. Rows must be readable up to the next multiple of 16 pixels.

@inline function lane(p: usize, i: i32): usize { return p + (<usize>i << 2); }

/** dst[y][x] = sum over k of taps[k] * src[y][x + k] for x < width. */
export function convolveRows(
  src: usize, dst: usize, srcStride: i32, dstStride: i32, width: i32, nRows: i32, taps: usize, nTaps: i32,
): void {
  for (let y = 0; y < nRows; y++) {
    const from = lane(src, y * srcStride);
    const to = lane(dst, y * dstStride);
    for (let x = 0; x < width; x += 16) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let p = lane(from, x);
      for (let k = 0; k < nTaps; k++, p += 4) {
        const t = v128.load32_splat(lane(taps, k));
        s0 = f32x4.add(s0, f32x4.mul(t, v128.load(p)));
        s1 = f32x4.add(s1, f32x4.mul(t, v128.load(p, 16)));
        s2 = f32x4.add(s2, f32x4.mul(t, v128.load(p, 32)));
        s3 = f32x4.add(s3, f32x4.mul(t, v128.load(p, 48)));
      }
      const o = lane(to, x);
      v128.store(o, s0); v128.store(o, s1, 16); v128.store(o, s2, 32); v128.store(o, s3, 48);
    }
  }
}

/** dst[y][x] = sum over k of taps[k] * src[y + k][x] for y < nRows. */
export function convolveColumns(
  src: usize, dst: usize, stride: i32, width: i32, nRows: i32, taps: usize, nTaps: i32,
): void {
  const step = <usize>stride << 2;
  for (let y = 0; y < nRows; y++) {
    for (let x = 0; x < width; x += 16) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let p = lane(src, y * stride + x);
      for (let k = 0; k < nTaps; k++, p += step) {
        const t = v128.load32_splat(lane(taps, k));
        s0 = f32x4.add(s0, f32x4.mul(t, v128.load(p)));
        s1 = f32x4.add(s1, f32x4.mul(t, v128.load(p, 16)));
        s2 = f32x4.add(s2, f32x4.mul(t, v128.load(p, 32)));
        s3 = f32x4.add(s3, f32x4.mul(t, v128.load(p, 48)));
      }
      const o = lane(dst, y * stride + x);
      v128.store(o, s0); v128.store(o, s1, 16); v128.store(o, s2, 32); v128.store(o, s3, 48);
    }
  }
}

/** dst[y][x] = sum over j, i of kernel[j][i] * src[y + j][x + i], kernel size x size, rows j outermost. */
export function convolveDirect(
  src: usize, dst: usize, srcStride: i32, dstStride: i32, width: i32, nRows: i32, kernel: usize, size: i32,
): void {
  for (let y = 0; y < nRows; y++) {
    for (let x = 0; x < width; x += 16) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      let w = kernel;
      for (let j = 0; j < size; j++) {
        let p = lane(src, (y + j) * srcStride + x);
        for (let i = 0; i < size; i++, p += 4, w += 4) {
          const t = v128.load32_splat(w);
          s0 = f32x4.add(s0, f32x4.mul(t, v128.load(p)));
          s1 = f32x4.add(s1, f32x4.mul(t, v128.load(p, 16)));
          s2 = f32x4.add(s2, f32x4.mul(t, v128.load(p, 32)));
          s3 = f32x4.add(s3, f32x4.mul(t, v128.load(p, 48)));
        }
      }
      const o = lane(dst, y * dstStride + x);
      v128.store(o, s0); v128.store(o, s1, 16); v128.store(o, s2, 32); v128.store(o, s3, 48);
    }
  }
}
