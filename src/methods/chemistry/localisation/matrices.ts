/**
 * What localisation does to matrices over a basis that is not orthonormal: quadratic forms, and the symmetric
 * orthonormalisation of Lowdin, which among all orthonormal sets of a span moves the given columns least.
 */
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import { multiply, transpose } from "../mean-field/dense.ts"

/** X^T A Y for a square A over `size` functions, and X and Y of `left` and `right` columns. */
export const between = (
  x: Float64Array, a: Float64Array, y: Float64Array, size: number, left: number, right: number
): Float64Array => multiply(transpose(x, size, left), multiply(a, y, size, size, right), left, size, right)

/** Some columns of a matrix of `width` columns. */
export const columns = (a: Float64Array, width: number, chosen: ReadonlyArray<number>): Float64Array => {
  const rows = a.length / width
  const kept = new Float64Array(rows * chosen.length)
  for (let row = 0; row < rows; row++)
    for (const [at, column] of chosen.entries()) kept[row * chosen.length + at] = a[row * width + column]!
  return kept
}

/** f(A) of a symmetric matrix, by its eigenvalues. */
export const spectral = (a: Float64Array, size: number, f: (value: number) => number): Float64Array => {
  const { values, vectors } = eigh({ rows: size, columns: size, data: a })
  const scaled = vectors.data.map((value, at) => value * f(values.data[at % size]!))
  return multiply(scaled, transpose(vectors.data, size, size), size, size, size)
}

/** Columns as they came, or what they lack of being independent: the smallest eigenvalue of their overlap. */
export interface Orthonormal {
  readonly columns: Float64Array
  readonly smallest: number
}

/** X (X^T S X)^(-1/2). */
export const symmetric = (x: Float64Array, overlap: Float64Array, size: number, count: number): Orthonormal => {
  const metric = between(x, overlap, x, size, count, count)
  const { values, vectors } = eigh({ rows: count, columns: count, data: metric })
  const scaled = vectors.data.map((value, at) => value / Math.sqrt(values.data[at % count]!))
  const root = multiply(scaled, transpose(vectors.data, count, count), count, count, count)
  return { columns: multiply(x, root, size, count, count), smallest: values.data[0] ?? Infinity }
}
