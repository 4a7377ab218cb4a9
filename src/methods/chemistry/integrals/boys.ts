/**
 * The Boys function F_m(x), the integral of t^2m exp(-x t^2) over t from 0 to 1, from which every Coulomb integral over
 * Gaussians is made (Helgaker, Jorgensen, Olsen, Molecular Electronic-Structure Theory, 9.8). A table with a Taylor
 * step gives the highest order and downward recursion the rest; beyond the table the tail exp(-x) is below rounding.
 * Laws: laws/methods/chemistry/integrals/boys.law.ts.
 */

/** The highest order that `boys` gives: four g functions and a derivative. */
export const highestOrder = 17

const terms = 7
const perUnit = 16
const end = 36
const columns = highestOrder + terms

/** F_m(x) by its series of positive terms, exp(-x) times the sum of (2x)^i / ((2m+1)(2m+3)...(2m+2i+1)). */
export const boysSeries = (m: number, x: number): number => {
  let term = 1 / (2 * m + 1)
  let sum = term
  for (let i = 1; term > sum * 1e-17; i++) {
    term *= 2 * x / (2 * m + 2 * i + 1)
    sum += term
  }
  return Math.exp(-x) * sum
}

const tabulate = (): Float64Array => {
  const table = new Float64Array((end * perUnit + 1) * columns)
  for (let row = 0; row <= end * perUnit; row++) {
    const x = row / perUnit
    const decay = Math.exp(-x)
    let value = boysSeries(columns - 1, x)
    for (let m = columns - 1; m >= 0; m--) {
      table[row * columns + m] = value
      value = (2 * x * value + decay) / (2 * m - 1)
    }
  }
  return table
}

const table = tabulate()

/** Writes F_0(x) to F_m(x) into `out`, for x from 0 and m up to `highestOrder`, to about 1e-15. */
export const boys = (m: number, x: number, out: Float64Array): void => {
  if (x >= end) {
    const decay = Math.exp(-x)
    const half = 0.5 / x
    let value = Math.sqrt(Math.PI * half * 0.5)
    out[0] = value
    for (let order = 0; order < m; order++) {
      value = ((2 * order + 1) * value - decay) * half
      out[order + 1] = value
    }
    return
  }
  const row = (x * perUnit + 0.5) | 0
  const d = row / perUnit - x
  const at = row * columns + m
  let value = table[at]! + d * (table[at + 1]! + d / 2 * (table[at + 2]! + d / 3 * (table[at + 3]! + d / 4 * (
    table[at + 4]! + d / 5 * (table[at + 5]! + d / 6 * table[at + 6]!)))))
  out[m] = value
  if (m === 0) return
  const decay = Math.exp(-x)
  for (let order = m - 1; order >= 0; order--) {
    value = (2 * x * value + decay) / (2 * order + 1)
    out[order] = value
  }
}
