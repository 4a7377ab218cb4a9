/**
 * Direct inversion in the iterative subspace (Pulay, Chem. Phys. Lett. 73, 393 (1980); J. Comput. Chem. 3, 556 (1982);
 * for amplitudes Scuseria, Lee and Schaefer, Chem. Phys. Lett. 130, 236 (1986)): of the vectors that an iteration has
 * been through, the combination with weights of sum 1 whose error is smallest. Fock matrices and amplitudes alike.
 */

export interface Trial {
  readonly vector: Float64Array
  readonly error: Float64Array
}

const dot = (x: Float64Array, y: Float64Array): number => {
  let sum = 0
  for (let at = 0; at < x.length; at++) sum += x[at]! * y[at]!
  return sum
}

/** The solution of a square system by elimination with pivots; undefined where it is singular. */
export const solveSquare = (
  matrix: ReadonlyArray<ReadonlyArray<number>>, right: ReadonlyArray<number>
): ReadonlyArray<number> | undefined => {
  const rows = matrix.map((row, at) => [...row, right[at] ?? 0])
  const n = rows.length
  for (let column = 0; column < n; column++) {
    let pivot = column
    for (let row = column; row < n; row++)
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = row
    const best = rows[pivot]!
    rows[pivot] = rows[column]!
    rows[column] = best
    if (!(Math.abs(best[column]!) > 1e-14)) return undefined
    for (const [row, values] of rows.entries()) {
      if (row === column) continue
      const factor = values[column]! / best[column]!
      for (let at = column; at <= n; at++) values[at] = values[at]! - factor * best[at]!
    }
  }
  return rows.map((row, at) => row[n]! / row[at]!)
}

/** The weights from the products of all errors, newest last; older trials are dropped while they are dependent. */
const weighed = (products: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => {
  const norms = products.map((row, at) => Math.sqrt(row[at] ?? 0))
  const least = Math.min(...norms)
  if (!(least > 0)) return norms.map((_, at) => (at === norms.lastIndexOf(least) ? 1 : 0))
  // errors are scaled to unit norm, so that trials far from and close to the solution are weighed in one system
  const shares = norms.map((norm) => least / norm)
  const overlaps = products.map((row, i) => row.map((product, j) => product / (norms[i]! * norms[j]!)))
  const solution = solveSquare(
    [...overlaps.map((row, at) => [...row, shares[at]!]), [...shares, 0]], [...norms.map(() => 0), 1]
  )
  if (solution !== undefined) return shares.map((share, at) => share * solution[at]!)
  return norms.length === 1 ? [1] : [0, ...weighed(products.slice(1).map((row) => row.slice(1)))]
}

/** Weights of the trials, newest last; older trials are dropped while the equations are singular. */
export const weights = (trials: ReadonlyArray<Trial>): ReadonlyArray<number> =>
  weighed(trials.map(({ error: left }) => trials.map(({ error: right }) => dot(left, right))))

const combined = (trials: ReadonlyArray<Trial>, found: ReadonlyArray<number>): Float64Array => {
  const sum = new Float64Array(trials[0]?.vector.length ?? 0)
  for (const [at, { vector }] of trials.entries()) {
    const weight = found[at]!
    if (weight === 0) continue
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + weight * vector[i]!
  }
  return sum
}

/** The extrapolated vector. */
export const extrapolate = (trials: ReadonlyArray<Trial>): Float64Array => combined(trials, weights(trials))

/** What has been tried, and what it suggests. */
export interface Diis {
  /** Takes a vector and its error, and gives a better vector. */
  readonly next: (vector: Float64Array, error: Float64Array) => Float64Array
}

/** Remembers the last `size` trials, and the products of their errors. */
export const diis = (size: number): Diis => {
  let held: ReadonlyArray<Trial> = []
  let products: ReadonlyArray<ReadonlyArray<number>> = []
  return {
    next: (vector, error) => {
      const drop = held.length >= size ? 1 : 0
      held = [...held.slice(drop), { vector, error }]
      const last = held.map((trial) => dot(trial.error, error))
      products = [...products.slice(drop).map((row, at) => [...row.slice(drop), last[at]!]), last]
      return combined(held, weighed(products))
    }
  }
}
