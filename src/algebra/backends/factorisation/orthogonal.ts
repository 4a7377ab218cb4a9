/**
 * The thin QR decomposition by Householder reflections (Golub and Van Loan, Matrix Computations, 5.2), with the signs
 * chosen so that the diagonal of R is not negative.
 */
import type { Matrix } from "./matrix.ts"
import { zeros } from "./matrix.ts"

/** A = Q R: `orthogonal` has orthonormal columns, `upper` is upper triangular (or trapezoidal, for a wide A). */
export const qr = ({ rows, columns, data }: Matrix): { readonly orthogonal: Matrix; readonly upper: Matrix } => {
  const rank = Math.min(rows, columns)
  const a = data.slice()
  const reflectors: Array<Float64Array> = []
  /** Applies I - v v^T, where v v^T has eigenvalue 2 or v is zero, to the rows from `from` of `target`. */
  const reflect = (v: Float64Array, target: Float64Array, width: number, from: number): void => {
    for (let column = 0; column < width; column++) {
      let dot = 0
      for (let row = from; row < rows; row++) dot += v[row]! * target[row * width + column]!
      for (let row = from; row < rows; row++) {
        const at = row * width + column
        target[at] = target[at]! - dot * v[row]!
      }
    }
  }
  for (let k = 0; k < rank; k++) {
    const v = new Float64Array(rows)
    let largest = 0
    for (let row = k; row < rows; row++) largest = Math.max(largest, Math.abs(a[row * columns + k]!))
    let square = 0
    for (let row = k; row < rows; row++) {
      v[row] = largest === 0 ? 0 : a[row * columns + k]! / largest
      square += v[row]! ** 2
    }
    const norm = Math.sqrt(square)
    const first = Math.abs(v[k]!)
    v[k] = v[k]! + (v[k]! < 0 ? -norm : norm)
    const length = Math.sqrt(norm * (norm + first))
    if (length > 0) for (let row = k; row < rows; row++) v[row] = v[row]! / length
    reflect(v, a, columns, k)
    reflectors.push(v)
  }
  const orthogonal = zeros(rows, rank)
  for (let k = 0; k < rank; k++) orthogonal.data[k * rank + k] = 1
  for (let k = rank - 1; k >= 0; k--) reflect(reflectors[k]!, orthogonal.data, rank, k)
  const upper = zeros(rank, columns)
  for (let k = 0; k < rank; k++) {
    const sign = a[k * columns + k]! < 0 ? -1 : 1
    for (let column = k; column < columns; column++) upper.data[k * columns + column] = sign * a[k * columns + column]!
    for (let row = 0; row < rows; row++) orthogonal.data[row * rank + k] = sign * orthogonal.data[row * rank + k]!
  }
  return { orthogonal, upper }
}
