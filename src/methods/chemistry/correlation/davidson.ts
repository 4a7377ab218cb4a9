/**
 * The lowest eigenpairs of a large symmetric matrix that is known by its products (Davidson, J. Comput. Phys. 17, 87
 * (1975); several roots at once after Liu, 1978): residuals, divided by the distance of the diagonal from the
 * eigenvalue, widen a subspace in which the matrix is diagonalised. Ritz values never lie below the true ones.
 */
import { Data, Effect } from "effect"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import type { Tracker } from "../../../core/progress.ts"

/** Residuals were still too long when the iterations ended; the vectors can be gone on from. */
export class RootsNotFound extends Data.TaggedError("RootsNotFound")<{
  readonly residual: number
  readonly vectors: ReadonlyArray<Float64Array>
  readonly message: string
}> {}

export interface Problem {
  readonly apply: (vector: Float64Array) => Float64Array
  readonly diagonal: Float64Array
  /** Vectors to start from, at least as many as roots. */
  readonly start: ReadonlyArray<Float64Array>
  readonly roots: number
  /** Length of a residual, in Ha; the eigenvalue's error is about its square. */
  readonly tolerance: number
  readonly iterations: number
}

export interface Eigenpair {
  readonly value: number
  readonly vector: Float64Array
}

export const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0
  for (let index = 0; index < x.length; index++) sum += x[index]! * y[index]!
  return sum
}

const addTo = (y: Float64Array, factor: number, x: Float64Array): void => {
  for (let index = 0; index < y.length; index++) y[index] = y[index]! + factor * x[index]!
}

/** The vector made orthogonal to the others and of length one; undefined when nothing of it is left. */
const orthonormal = (vector: Float64Array, to: ReadonlyArray<Float64Array>): Float64Array | undefined => {
  const found = vector.slice()
  const before = Math.sqrt(dot(found, found))
  for (let pass = 0; pass < 2; pass++) for (const other of to) addTo(found, -dot(other, found), other)
  const length = Math.sqrt(dot(found, found))
  return length > 1e-10 * before && length > 0 ? found.map((value) => value / length) : undefined
}

const combined = (vectors: ReadonlyArray<Float64Array>, weights: ReadonlyArray<number>): Float64Array => {
  const sum = new Float64Array(vectors[0]?.length ?? 0)
  vectors.forEach((vector, index) => addTo(sum, weights[index] ?? 0, vector))
  return sum
}

/** Most vectors of the subspace, and how many stay when it is full. */
const largest = (roots: number): number => 6 * roots + 8
const kept = (roots: number): number => 2 * roots + 2

/** Vectors that a run holds at once, for an estimate of memory. */
export const held = (roots: number): number => 2 * (largest(roots) + kept(roots)) + 3 * roots

/** The lowest eigenpairs, ascending. */
export const davidson = ({ apply, diagonal, start, roots, tolerance, iterations }: Problem, tracker: Tracker) =>
  Effect.gen(function* () {
    let basis: Array<Float64Array> = []
    let images: Array<Float64Array> = []
    /** Products of the vectors with the images up to their own, as far as they have been taken. */
    let products: Array<ReadonlyArray<number>> = []
    const widen = (vectors: ReadonlyArray<Float64Array>): number => {
      const before = basis.length
      for (const vector of vectors) {
        const fresh = orthonormal(vector, basis)
        if (fresh === undefined) continue
        basis.push(fresh)
        images.push(apply(fresh))
      }
      return basis.length - before
    }
    widen(start)
    let worst = Infinity
    for (let iteration = 1; ; iteration++) {
      const size = basis.length
      const projected = new Float64Array(size * size)
      for (const left of basis.slice(products.length))
        products.push(images.slice(0, products.length + 1).map((right) => dot(left, right)))
      products.forEach((those, row) => those.forEach((product, column) => {
        projected[row * size + column] = projected[column * size + row] = product
      }))
      const { values, vectors } = eigh({ rows: size, columns: size, data: projected })
      const weights = (root: number) => Array.from({ length: size }, (_, row) => vectors.data[row * size + root] ?? 0)
      const found = Array.from({ length: Math.min(roots, size) }, (_, root) => {
        const value = values.data[root] ?? NaN
        const vector = combined(basis, weights(root))
        const image = combined(images, weights(root))
        const residual = image.map((hc, index) => hc - value * vector[index]!)
        return { value, vector, image, residual, length: Math.sqrt(dot(residual, residual)) }
      })
      worst = Math.max(...found.map(({ length }) => length))
      yield* tracker.advance(1, { figures: { residual: worst, energy: found[0]?.value ?? NaN } })
      const done = () => found.map(({ value, vector }): Eigenpair => ({ value, vector }))
      if (worst <= tolerance && found.length === roots) return done()
      if (!(iteration < iterations) || Number.isNaN(worst)) return yield* new RootsNotFound({
        residual: worst, vectors: found.map(({ vector }) => vector),
        message: `davidson: a residual of ${worst.toExponential(1)} Ha is left after ${iteration} iterations, `
          + `more than ${tolerance}; go on from the vectors of this error`
      })
      const corrections = found.filter(({ length }) => length > tolerance).map(({ value, residual }) =>
        residual.map((r, index) => {
          const distance = value - diagonal[index]!
          return r / (Math.abs(distance) < 1e-4 ? Math.sign(distance || 1) * 1e-4 : distance)
        }))
      if (basis.length + corrections.length > largest(roots)) {
        // the lowest Ritz vectors are kept, more than are asked for: what was learnt of the next states is not lost
        const lowest = Array.from({ length: kept(roots) }, (_, root) => weights(root))
        const [vectors, their] = [basis, images]
        basis = lowest.map((each) => combined(vectors, each))
        images = lowest.map((each) => combined(their, each))
        products = []
      }
      if (widen(corrections) === 0) {
        // the subspace holds all that there is
        if (found.length === roots && worst <= Math.sqrt(tolerance)) return done()
        return yield* new RootsNotFound({
          residual: worst, vectors: found.map(({ vector }) => vector),
          message: `davidson: no ${roots} roots in the space of the start vectors; ${found.length} found`
        })
      }
      yield* Effect.yieldNow
    }
  })
