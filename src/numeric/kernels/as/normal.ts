// Normal matrix of a least-squares problem.

/** out[i][j] = sum over k of planes[i][k] * planes[j][k] in float64; m planes of n floats, n a multiple of 4. */
export function normalMatrix(planes: usize, n: i32, m: i32, out: usize): void {
  const planeBytes = <usize>n << 2;
  for (let i = 0; i < m; i++) for (let j = i; j < m; j++) {
    let even = f64x2.splat(0), odd = even;
    let p = planes + <usize>i * planeBytes, q = planes + <usize>j * planeBytes;
    const end = p + planeBytes;
    for (; p < end; p += 16, q += 16) {
      const u = v128.load(p), v = v128.load(q);
      even = f64x2.add(even, f64x2.mul(f64x2.promote_low_f32x4(u), f64x2.promote_low_f32x4(v)));
      const uh = i8x16.shuffle(u, u, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
      const vh = i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
      odd = f64x2.add(odd, f64x2.mul(f64x2.promote_low_f32x4(uh), f64x2.promote_low_f32x4(vh)));
    }
    const sum = f64x2.add(even, odd);
    const value = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
    store<f64>(out + (<usize>(i * m + j) << 3), value);
    store<f64>(out + (<usize>(j * m + i) << 3), value);
  }
}
