/**
 * Direct inversion in the iterative subspace (Pulay, Chem. Phys. Lett. 73, 393 (1980); for amplitudes Scuseria, Lee and
 * Schaefer, Chem. Phys. Lett. 130, 236 (1986)): the next guess is the combination of the last ones, coefficients adding
 * up to one, whose errors combine to the shortest vector.
 */
export interface Diis {
  /** Takes a guess and its error, and gives a better guess. */
  readonly next: (guess: Float64Array, error: Float64Array) => Float64Array
}

const dot = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, index) => sum + value * y[index]!, 0)

/** x with A x = b by elimination with partial pivoting; undefined when A is singular to rounding. */
const solve = (
  matrix: ReadonlyArray<ReadonlyArray<number>>, right: ReadonlyArray<number>
): Float64Array | undefined => {
  const n = right.length
  const rows = matrix.map((row, index) => Float64Array.of(...row, right[index] ?? NaN))
  for (let column = 0; column < n; column++) {
    const pivot = rows.reduce((best, row, index) =>
      index >= column && Math.abs(row[column]!) > Math.abs(rows[best]?.[column] ?? 0) ? index : best, column)
    const [held, chosen] = [rows[column], rows[pivot]]
    if (held === undefined || chosen === undefined || !(Math.abs(chosen[column]!) > 1e-14)) return undefined
    rows[pivot] = held
    rows[column] = chosen
    rows.forEach((row, index) => {
      if (index === column) return
      const factor = row[column]! / chosen[column]!
      for (let at = column; at <= n; at++) row[at] = row[at]! - factor * chosen[at]!
    })
  }
  return Float64Array.from(rows, (row, index) => row[n]! / row[index]!)
}

/** Remembers the last `size` guesses. */
export const diis = (size: number): Diis => {
  const held: Array<{ readonly guess: Float64Array; readonly error: Float64Array }> = []
  return {
    next: (guess, error) => {
      held.push({ guess, error })
      if (held.length > size) held.shift()
      const overlaps = held.map(({ error: left }) => held.map(({ error: right }) => dot(left, right)))
      // scaled by the newest error, so that the border of ones is of the size of the rest
      const scale = overlaps.at(-1)?.at(-1) ?? 1
      if (held.length < 2 || !(scale > 0)) return guess
      const bordered = [...overlaps.map((row) => [...row.map((value) => value / scale), 1]), [...held.map(() => 1), 0]]
      const weights = solve(bordered, [...held.map(() => 0), 1])
      if (weights === undefined) return guess
      return guess.map((_, index) =>
        held.reduce((sum, { guess: past }, at) => sum + weights[at]! * past[index]!, 0))
    }
  }
}
