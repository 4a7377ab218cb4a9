/**
 * Eigenvalues and eigenvectors of a symmetric matrix: Householder reduction to tridiagonal form, then implicit QL
 * steps with Wilkinson's shift (Golub and Van Loan, Matrix Computations, 8.3). Eigenvectors are rows while they are
 * worked on, so that a rotation walks two contiguous rows.
 */
import type { Matrix } from "./matrix.ts"
import { zeros } from "./matrix.ts"

interface Tridiagonal {
  readonly diagonal: Float64Array
  /** Entry i couples i and i + 1. */
  readonly beside: Float64Array
  /** Q^T, where A = Q T Q^T. */
  readonly basis: Float64Array
}

const tridiagonalise = ({ rows: n, data }: Matrix): Tridiagonal => {
  const a = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = data[i * n + j]!
  const beside = new Float64Array(n)
  const scales = new Float64Array(n)
  const w = new Float64Array(n)
  for (let k = 0; k + 2 < n; k++) {
    // the reflector I - scale v v^T turns row k beyond its diagonal into (alpha, 0, ...); v takes that row's place
    const v = a.subarray(k * n, (k + 1) * n)
    let largest = 0
    for (let j = k + 1; j < n; j++) largest = Math.max(largest, Math.abs(v[j]!))
    let norm = 0
    for (let j = k + 1; j < n; j++) norm += (v[j]! / largest) ** 2
    norm = largest === 0 ? 0 : largest * Math.sqrt(norm)
    let tail = 0
    for (let j = k + 2; j < n; j++) tail = Math.max(tail, Math.abs(v[j]!))
    if (tail === 0) {
      beside[k] = v[k + 1]!
      continue
    }
    const alpha = v[k + 1]! > 0 ? -norm : norm
    beside[k] = alpha
    const first = v[k + 1]! - alpha
    v[k + 1] = 1
    for (let j = k + 2; j < n; j++) v[j] = v[j]! / first
    const scale = -first / alpha
    scales[k] = scale
    let dot = 0
    for (let i = k + 1; i < n; i++) {
      let sum = 0
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!
      w[i] = scale * sum
      dot += w[i]! * v[i]!
    }
    for (let i = k + 1; i < n; i++) w[i] = w[i]! - 0.5 * scale * dot * v[i]!
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j < n; j++) a[i * n + j] = a[i * n + j]! - v[i]! * w[j]! - w[i]! * v[j]!
  }
  if (n > 1) beside[n - 2] = a[(n - 2) * n + n - 1]!
  const diagonal = new Float64Array(n)
  for (let i = 0; i < n; i++) diagonal[i] = a[i * n + i]!
  const basis = new Float64Array(n * n)
  for (let i = 0; i < n; i++) basis[i * n + i] = 1
  for (let k = n - 3; k >= 0; k--) {
    const v = a.subarray(k * n, (k + 1) * n)
    const scale = scales[k]!
    if (scale === 0) continue
    for (let row = k + 1; row < n; row++) {
      let dot = 0
      for (let j = k + 1; j < n; j++) dot += basis[row * n + j]! * v[j]!
      for (let j = k + 1; j < n; j++) basis[row * n + j] = basis[row * n + j]! - scale * dot * v[j]!
    }
  }
  return { diagonal, beside, basis }
}

/** Rotates the tridiagonal matrix to a diagonal one, and the basis with it; false when it does not converge. */
const diagonalise = ({ diagonal: d, beside: e, basis }: Tridiagonal): boolean => {
  const n = d.length
  const norm = d.reduce((most, value, i) => Math.max(most, Math.abs(value) + Math.abs(e[i]!)), 0)
  for (let l = 0; l < n; l++)
    for (let step = 0; ; step++) {
      let m = l
      // among eigenvalues that are 0 to rounding the coupling need not fall below them, but below that of the matrix
      const least = step < 20 ? 0 : norm
      while (m < n - 1 && !(Math.abs(e[m]!) <= 2 ** -53 * Math.max(least, Math.abs(d[m]!) + Math.abs(d[m + 1]!)))) m++
      if (m === l) break
      if (step === 80) return false
      const half = (d[l + 1]! - d[l]!) / (2 * e[l]!)
      const root = Math.hypot(half, 1)
      let g = d[m]! - d[l]! + e[l]! / (half + (half < 0 ? -root : root))
      let sine = 1
      let cosine = 1
      let shift = 0
      let i = m - 1
      for (; i >= l; i--) {
        const f = sine * e[i]!
        const b = cosine * e[i]!
        const r = Math.hypot(f, g)
        e[i + 1] = r
        if (r === 0) {
          d[i + 1] = d[i + 1]! - shift
          e[m] = 0
          break
        }
        sine = f / r
        cosine = g / r
        g = d[i + 1]! - shift
        const t = (d[i]! - g) * sine + 2 * cosine * b
        shift = sine * t
        d[i + 1] = g + shift
        g = cosine * t - b
        const lower = i * n
        const upper = lower + n
        for (let k = 0; k < n; k++) {
          const x = basis[lower + k]!
          const y = basis[upper + k]!
          basis[upper + k] = sine * x + cosine * y
          basis[lower + k] = cosine * x - sine * y
        }
      }
      if (i >= l) continue
      d[l] = d[l]! - shift
      e[l] = g
      e[m] = 0
    }
  return true
}

/** Ascending eigenvalues as a column, and orthonormal eigenvectors, one a column; the lower triangle is read. */
export const eigh = (matrix: Matrix): { readonly values: Matrix; readonly vectors: Matrix } => {
  const n = matrix.rows
  const values = zeros(n, 1)
  const vectors = zeros(n, n)
  const form = tridiagonalise(matrix)
  if (!diagonalise(form)) {
    values.data.fill(NaN)
    vectors.data.fill(NaN)
    return { values, vectors }
  }
  const order = Array.from(form.diagonal.keys()).sort((i, j) => form.diagonal[i]! - form.diagonal[j]!)
  for (const [column, from] of order.entries()) {
    values.data[column] = form.diagonal[from]!
    for (let row = 0; row < n; row++) vectors.data[row * n + column] = form.basis[from * n + row]!
  }
  return { values, vectors }
}
