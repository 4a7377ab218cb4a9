/**
 * Direct inversion in the iterative subspace (Pulay, J. Comput. Chem. 3, 556 (1982)): of the vectors that an iteration
 * has been through, the combination with weights of sum 1 whose error is smallest.
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

/**
 * Weights of the trials, newest last; older trials are dropped while the equations are singular. Errors are scaled to
 * unit norm, so that trials far from and close to the solution are weighed in one system.
 */
export const weights = (trials: ReadonlyArray<Trial>): ReadonlyArray<number> => {
  const norms = trials.map(({ error }) => Math.sqrt(dot(error, error)))
  const least = Math.min(...norms)
  if (!(least > 0)) return trials.map((_, at) => (at === norms.lastIndexOf(least) ? 1 : 0))
  const shares = norms.map((norm) => least / norm)
  const overlaps = trials.map(({ error: left }, i) =>
    trials.map(({ error: right }, j) => dot(left, right) / (norms[i]! * norms[j]!)))
  const solution = solveSquare(
    [...overlaps.map((row, at) => [...row, shares[at]!]), [...shares, 0]], [...trials.map(() => 0), 1]
  )
  if (solution !== undefined) return shares.map((share, at) => share * solution[at]!)
  return trials.length === 1 ? [1] : [0, ...weights(trials.slice(1))]
}

/** The extrapolated vector. */
export const extrapolate = (trials: ReadonlyArray<Trial>): Float64Array => {
  const found = weights(trials)
  const sum = new Float64Array(trials[0]?.vector.length ?? 0)
  for (const [at, { vector }] of trials.entries())
    for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + found[at]! * vector[i]!
  return sum
}
