/** Natural cubic splines through equally spaced knots, in one dimension and on a grid. */

/** Second derivatives (per knot step squared) of the natural spline through the values; zero at both ends. O(n). */
export function splineSecondDerivatives(values: ArrayLike<number>): Float64Array {
  const n = values.length;
  const second = new Float64Array(n);
  const upper = new Float64Array(n);
  for (let i = 1; i < n - 1; i++) {
    const pivot = 0.5 * upper[i - 1]! + 2;
    upper[i] = -0.5 / pivot;
    const curvature = 3 * (values[i + 1]! - 2 * values[i]! + values[i - 1]!);
    second[i] = (curvature - 0.5 * second[i - 1]!) / pivot;
  }
  for (let i = n - 2; i > 0; i--) second[i] = second[i]! + upper[i]! * second[i + 1]!;
  return second;
}

/**
 * Value of the spline at position t (in knot steps, first knot 0). Outside the knots the cubic of the end
 * interval goes on; a single knot is a constant.
 */
export function splineValue(values: ArrayLike<number>, second: ArrayLike<number>, t: number): number {
  const n = values.length;
  if (n === 1) return values[0]!;
  const i = Math.min(Math.max(Math.floor(t), 0), n - 2);
  const b = t - i;
  const a = 1 - b;
  return a * values[i]! + b * values[i + 1]! + ((a * a * a - a) * second[i]! + (b * b * b - b) * second[i + 1]!) / 6;
}

/**
 * Bicubic spline through a grid of values at the centres of cells, evaluated at every pixel.
 * @param cells - nx * ny, row-major; cell (i, j) is centred at pixel ((i + 0.5) width / nx - 0.5, likewise y).
 * @param out - width * height, overwritten.
 */
export function expandCells(cells: Float64Array, nx: number, ny: number, width: number, height: number, out: Float32Array): void {
  const columns = Array.from({ length: nx }, (_, i) => Float64Array.from({ length: ny }, (_, j) => cells[j * nx + i]!));
  const seconds = columns.map(splineSecondDerivatives);
  const row = new Float64Array(nx);
  const place = placesOf(width, nx);
  for (let y = 0; y < height; y++) {
    const v = ((y + 0.5) * ny) / height - 0.5;
    for (let i = 0; i < nx; i++) row[i] = splineValue(columns[i]!, seconds[i]!, v);
    if (nx === 1) out.fill(row[0]!, y * width, (y + 1) * width);
    else fillRow(row, splineSecondDerivatives(row), place, out, y * width);
  }
}

/** Interval and the four weights of every pixel of a row: they are the same in all rows. */
interface Places {
  readonly interval: Int32Array;
  readonly weights: Float64Array;
}

function placesOf(width: number, nx: number): Places {
  const interval = new Int32Array(width);
  const weights = new Float64Array(4 * width);
  for (let x = 0; x < width; x++) {
    const t = ((x + 0.5) * nx) / width - 0.5;
    const i = Math.min(Math.max(Math.floor(t), 0), Math.max(0, nx - 2));
    const b = t - i, a = 1 - b;
    interval[x] = i;
    weights.set([a, b, (a * a * a - a) / 6, (b * b * b - b) / 6], 4 * x);
  }
  return { interval, weights };
}

function fillRow(row: Float64Array, second: Float64Array, { interval, weights }: Places, out: Float32Array, start: number): void {
  for (let x = 0, k = 0; x < interval.length; x++, k += 4) {
    const i = interval[x]!;
    out[start + x] = weights[k]! * row[i]! + weights[k + 1]! * row[i + 1]!
      + weights[k + 2]! * second[i]! + weights[k + 3]! * second[i + 1]!;
  }
}
