/** Small dense linear algebra on row-major Float64Array matrices of order n. */

/**
 * Cholesky factor L (lower, row-major; the upper half is zero) of a symmetric positive definite
 * matrix, or null when it is not positive definite. The input is not modified. O(n^3 / 3).
 */
export function cholesky(a: Float64Array, n: number): Float64Array | null {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i === j) {
        if (!(sum > 0)) return null;
        l[i * n + i] = Math.sqrt(sum);
      } else l[i * n + j] = sum / l[j * n + j]!;
    }
  }
  return l;
}

/** Solution of L L^T x = b for a Cholesky factor L. O(n^2). */
export function choleskySolve(l: Float64Array, b: ArrayLike<number>, n: number): Float64Array {
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    let sum = x[i]!;
    for (let k = 0; k < i; k++) sum -= l[i * n + k]! * x[k]!;
    x[i] = sum / l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < n; k++) sum -= l[k * n + i]! * x[k]!;
    x[i] = sum / l[i * n + i]!;
  }
  return x;
}

/** Inverse of a symmetric positive definite matrix from its Cholesky factor. */
export function choleskyInverse(l: Float64Array, n: number): Float64Array {
  const inverse = new Float64Array(n * n);
  const unit = new Float64Array(n);
  for (let j = 0; j < n; j++) {
    unit.fill(0);
    unit[j] = 1;
    const x = choleskySolve(l, unit, n);
    for (let i = 0; i < n; i++) inverse[i * n + j] = x[i]!;
  }
  return inverse;
}

export interface SymmetricSolution {
  readonly x: Float64Array;
  /** Ratio of extreme eigenvalues of the scaled matrix (only from the eigenvalue path, else an estimate). */
  readonly condition: number;
  /** Eigenvalues dropped because they were below `rcond` times the largest; 0 on the Cholesky path. */
  readonly nDropped: number;
}

/**
 * Solution of a symmetric positive semi-definite system: Cholesky after scaling the diagonal to 1, and
 * when that fails or the estimated condition is above 1/rcond, the pseudo-inverse from a Jacobi
 * eigenvalue decomposition with eigenvalues below `rcond` of the largest dropped.
 */
export function solveSymmetric(a: Float64Array, b: ArrayLike<number>, n: number, rcond = 1e-12): SymmetricSolution {
  const scale = new Float64Array(n);
  for (let i = 0; i < n; i++) scale[i] = a[i * n + i]! > 0 ? 1 / Math.sqrt(a[i * n + i]!) : 1;
  const scaled = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) scaled[i * n + j] = a[i * n + j]! * scale[i]! * scale[j]!;
  const rhs = Float64Array.from({ length: n }, (_, i) => b[i]! * scale[i]!);
  const l = cholesky(scaled, n);
  if (l !== null) {
    let lo = Infinity;
    let hi = 0;
    for (let i = 0; i < n; i++) { lo = Math.min(lo, l[i * n + i]!); hi = Math.max(hi, l[i * n + i]!); }
    const condition = (hi / lo) ** 2;
    if (condition < 1 / rcond) {
      const x = choleskySolve(l, rhs, n);
      for (let i = 0; i < n; i++) x[i] = x[i]! * scale[i]!;
      return { x, condition, nDropped: 0 };
    }
  }
  const { values, vectors } = symmetricEigen(scaled, n);
  const largest = Math.max(...values.map(Math.abs), 0);
  const x = new Float64Array(n);
  let nDropped = 0;
  let smallest = Infinity;
  for (let k = 0; k < n; k++) {
    const value = values[k]!;
    if (!(value > rcond * largest)) { nDropped++; continue; }
    smallest = Math.min(smallest, value);
    let projection = 0;
    for (let i = 0; i < n; i++) projection += vectors[i * n + k]! * rhs[i]!;
    projection /= value;
    for (let i = 0; i < n; i++) x[i] = x[i]! + projection * vectors[i * n + k]! * scale[i]!;
  }
  return { x, condition: largest / smallest, nDropped };
}

export interface Eigen {
  readonly values: Float64Array;
  /** Column k is the eigenvector of values[k]. */
  readonly vectors: Float64Array;
}

/** Eigenvalues and vectors of a symmetric matrix by cyclic Jacobi rotations (Golub & Van Loan 8.5). O(n^3) a sweep. */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  const a = Float64Array.from(matrix);
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let diagonal = 0;
    for (let i = 0; i < n; i++) {
      diagonal += a[i * n + i]! ** 2;
      for (let j = i + 1; j < n; j++) off += a[i * n + j]! ** 2;
    }
    if (off <= 1e-30 * diagonal || off === 0) break;
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]!), vectors: v };
}

function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) {
    const akp = a[k * n + p]!;
    const akq = a[k * n + q]!;
    a[k * n + p] = c * akp - s * akq;
    a[k * n + q] = s * akp + c * akq;
  }
  for (let k = 0; k < n; k++) {
    const apk = a[p * n + k]!;
    const aqk = a[q * n + k]!;
    a[p * n + k] = c * apk - s * aqk;
    a[q * n + k] = s * apk + c * aqk;
    const vkp = v[k * n + p]!;
    const vkq = v[k * n + q]!;
    v[k * n + p] = c * vkp - s * vkq;
    v[k * n + q] = s * vkp + c * vkq;
  }
}

export interface LeastSquares extends SymmetricSolution {
  /** Inverse normal matrix (row-major), or null when it was not positive definite. */
  readonly covariance: Float64Array | null;
  readonly chi2: number;
}

/**
 * Weighted linear least squares by normal equations: minimises sum of w (A x - b)^2.
 * @param rows - design matrix, row-major nRows x n; not modified.
 * @param b - nRows values. @param weights - nRows inverse variances, or null for 1.
 */
export function leastSquares(rows: Float64Array, b: ArrayLike<number>, weights: ArrayLike<number> | null, n: number): LeastSquares {
  const nRows = b.length;
  const normal = new Float64Array(n * n);
  const rhs = new Float64Array(n);
  for (let r = 0; r < nRows; r++) {
    const w = weights === null ? 1 : weights[r]!;
    const at = r * n;
    for (let i = 0; i < n; i++) {
      const wi = w * rows[at + i]!;
      rhs[i] = rhs[i]! + wi * b[r]!;
      for (let j = 0; j <= i; j++) normal[i * n + j] = normal[i * n + j]! + wi * rows[at + j]!;
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) normal[j * n + i] = normal[i * n + j]!;
  const solution = solveSymmetric(normal, rhs, n);
  const l = cholesky(normal, n);
  let chi2 = 0;
  for (let r = 0; r < nRows; r++) {
    let model = 0;
    for (let i = 0; i < n; i++) model += rows[r * n + i]! * solution.x[i]!;
    chi2 += (weights === null ? 1 : weights[r]!) * (b[r]! - model) ** 2;
  }
  return { ...solution, covariance: l === null ? null : choleskyInverse(l, n), chi2 };
}
