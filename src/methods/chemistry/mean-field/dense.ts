/** Square matrices on the host, row-major in float64, where a tensor program would be longer than its arithmetic. */
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"

/** The sum of the products of corresponding elements: the trace of A B for symmetric matrices. */
export const trace = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

/** A B for `rows` x `inner` and `inner` x `columns`. */
export const multiply = (
  a: Float64Array, b: Float64Array, rows: number, inner: number, columns: number
): Float64Array => {
  const product = new Float64Array(rows * columns)
  for (let i = 0; i < rows; i++)
    for (let k = 0; k < inner; k++) {
      const value = a[i * inner + k]!
      for (let j = 0; j < columns; j++)
        product[i * columns + j] = product[i * columns + j]! + value * b[k * columns + j]!
    }
  return product
}

export const transpose = (a: Float64Array, rows: number, columns: number): Float64Array => {
  const turned = new Float64Array(a.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) turned[j * rows + i] = a[i * columns + j]!
  return turned
}

export interface Orthogonal {
  /** X with X^T S X = 1, size x kept. */
  readonly basis: Float64Array
  readonly kept: number
  /** The smallest eigenvalue of S over its largest. */
  readonly condition: number
}

/** Canonical orthogonalisation (Lowdin): eigenvectors of S over the roots of its eigenvalues, but for the smallest. */
export const orthogonalise = (overlap: Float64Array, size: number, threshold: number): Orthogonal => {
  const { values, vectors } = eigh({ rows: size, columns: size, data: overlap })
  const largest = values.data[size - 1] ?? 0
  const dropped = values.data.filter((value) => !(value > threshold * largest)).length
  const kept = size - dropped
  const basis = new Float64Array(size * kept)
  for (let i = 0; i < size; i++)
    for (let j = 0; j < kept; j++)
      basis[i * kept + j] = vectors.data[i * size + dropped + j]! / Math.sqrt(values.data[dropped + j]!)
  return { basis, kept, condition: (values.data[0] ?? 0) / largest }
}

/** Eigenvalues and eigenvectors C of F C = S C e, ascending, in the space that X spans. */
export const rotated = (
  fock: Float64Array, { basis, kept }: Orthogonal, size: number
): { readonly energies: Float64Array, readonly coefficients: Float64Array } => {
  const within = multiply(transpose(basis, size, kept), multiply(fock, basis, size, size, kept), kept, size, kept)
  const { values, vectors } = eigh({ rows: kept, columns: kept, data: within })
  return { energies: values.data, coefficients: multiply(basis, vectors.data, size, kept, kept) }
}
