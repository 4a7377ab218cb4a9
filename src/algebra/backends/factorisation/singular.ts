/**
 * The thin singular value decomposition by one-sided Jacobi rotations (Hestenes 1958; Demmel and Veselic 1992): columns
 * are rotated in pairs until all are orthogonal; their norms are the singular values. Small singular values come out as
 * accurate as large ones.
 */
import type { Matrix } from "./matrix.ts"
import { transpose, zeros } from "./matrix.ts"

const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!
  return sum
}

const rotate = (x: Float64Array, y: Float64Array, cosine: number, sine: number): void => {
  for (let i = 0; i < x.length; i++) {
    const a = x[i]!
    const b = y[i]!
    x[i] = cosine * a - sine * b
    y[i] = sine * a + cosine * b
  }
}

/** Makes the columns orthogonal, and rotates `right` with them. */
const orthogonalise = (columns: ReadonlyArray<Float64Array>, right: ReadonlyArray<Float64Array>): void => {
  for (let sweep = 0, rotated = true; rotated && sweep < 60; sweep++) {
    rotated = false
    for (let p = 0; p < columns.length; p++)
      for (let q = p + 1; q < columns.length; q++) {
        const x = columns[p]!
        const y = columns[q]!
        const alpha = dot(x, x)
        const beta = dot(y, y)
        const gamma = dot(x, y)
        if (!(Math.abs(gamma) > 2 ** -52 * Math.sqrt(alpha) * Math.sqrt(beta))) continue
        rotated = true
        const zeta = (beta - alpha) / (2 * gamma)
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta))
        const cosine = 1 / Math.hypot(1, tangent)
        rotate(x, y, cosine, cosine * tangent)
        rotate(right[p]!, right[q]!, cosine, cosine * tangent)
      }
  }
}

/** Unit vectors orthogonal to those before, in the places of vectors that vanished. */
const complete = (vectors: ReadonlyArray<Float64Array>, vanished: ReadonlyArray<boolean>): void => {
  const known = vectors.filter((_, index) => !vanished[index])
  for (const [index, vector] of vectors.entries()) {
    if (!vanished[index]) continue
    for (let axis = 0; axis < vector.length; axis++) {
      vector.fill(0)
      vector[axis] = 1
      for (let pass = 0; pass < 2; pass++)
        for (const other of known) {
          const along = dot(vector, other)
          for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! - along * other[i]!
        }
      const norm = Math.sqrt(dot(vector, vector))
      // some axis keeps at least 1/sqrt(n) of its length beside fewer than n orthonormal vectors
      if (norm ** 2 * vector.length < 0.5) continue
      for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! / norm
      known.push(vector)
      break
    }
  }
}

interface Singular {
  readonly left: Matrix
  readonly values: Matrix
  readonly right: Matrix
}

const tall = ({ rows, columns: rank, data }: Matrix): Singular => {
  let largest = 0
  for (const value of data) largest = Math.max(largest, Math.abs(value))
  const scale = largest === 0 ? 1 : largest
  const columns = Array.from({ length: rank }, (_, column) =>
    Float64Array.from({ length: rows }, (_, row) => data[row * rank + column]! / scale))
  const rotation = Array.from({ length: rank }, (_, column) =>
    Float64Array.from({ length: rank }, (_, row) => (row === column ? 1 : 0)))
  orthogonalise(columns, rotation)
  const norms = columns.map((column) => Math.sqrt(dot(column, column)))
  const order = Array.from(norms.keys()).sort((i, j) => norms[j]! - norms[i]!)
  const vanished = order.map((from) => norms[from]! < 2 ** -1000)
  const units = order.map((from, index) =>
    vanished[index] ? columns[from]! : columns[from]!.map((x) => x / norms[from]!))
  complete(units, vanished)
  const left = zeros(rows, rank)
  const values = zeros(rank, 1)
  const right = zeros(rank, rank)
  for (const [index, from] of order.entries()) {
    values.data[index] = norms[from]! * scale
    for (let row = 0; row < rows; row++) left.data[row * rank + index] = units[index]![row]!
    for (let row = 0; row < rank; row++) right.data[row * rank + index] = rotation[from]![row]!
  }
  return { left, values, right }
}

/** A = U diag(s) V^T: orthonormal columns in `left` and `right`, descending `values` as a column. */
export const svd = (matrix: Matrix): Singular => {
  if (matrix.rows >= matrix.columns) return tall(matrix)
  const { left, values, right } = tall(transpose(matrix))
  return { left: right, values, right: left }
}
