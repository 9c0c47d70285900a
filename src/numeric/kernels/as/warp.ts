// Resampling with a tabulated separable kernel.

/**
 * For each of n positions (pairs of float64: column and row in `src`), the sum over the nTaps x nTaps pixels
 * that begin at floor(position) - before, weighted with the table rows of the two sub-pixel phases. The table
 * has nPhases + 1 rows of `padded` (a multiple of 4) floats, zero beyond nTaps. NaN when the pixels do not all
 * lie in src. Rows of src need `padded - nTaps` readable floats after the last column.
 */
export function warpPositions(
  src: usize, width: i32, height: i32, stride: i32, positions: usize, n: i32,
  table: usize, nPhases: i32, nTaps: i32, padded: i32, before: i32, dst: usize,
): void {
  const rowBytes = <usize>stride << 2;
  const entryBytes = <usize>padded << 2;
  for (let k = 0; k < n; k++) {
    const sx = load<f64>(positions + (<usize>k << 4));
    const sy = load<f64>(positions + (<usize>k << 4), 8);
    const fx = Math.floor(sx), fy = Math.floor(sy);
    const ix = <i32>fx - before, iy = <i32>fy - before;
    if (!(ix >= 0 && iy >= 0 && ix + nTaps <= width && iy + nTaps <= height)) {
      store<f32>(dst + (<usize>k << 2), f32.NaN);
      continue;
    }
    const tx = table + entryBytes * <usize><i32>((sx - fx) * nPhases + 0.5);
    const ty = table + entryBytes * <usize><i32>((sy - fy) * nPhases + 0.5);
    let acc = f32x4.splat(0);
    let p = src + ((<usize>(iy * stride + ix)) << 2);
    for (let j = 0; j < nTaps; j++, p += rowBytes) {
      let row = f32x4.splat(0);
      for (let i: usize = 0; i < entryBytes; i += 16) row = f32x4.add(row, f32x4.mul(v128.load(tx + i), v128.load(p + i)));
      acc = f32x4.add(acc, f32x4.mul(v128.load32_splat(ty + (<usize>j << 2)), row));
    }
    const lo = f32x4.extract_lane(acc, 0) + f32x4.extract_lane(acc, 1);
    const hi = f32x4.extract_lane(acc, 2) + f32x4.extract_lane(acc, 3);
    store<f32>(dst + (<usize>k << 2), lo + hi);
  }
}
