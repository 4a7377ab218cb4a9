/**
 * The repulsion of two electrons, (ij|kl), after McMurchie and Davidson (1978): for each pair of primitive pairs the
 * Hermite Coulomb integrals are contracted with the expansion of the side that has fewer functions, and the sum over
 * that side's primitives with the expansion of the other. Quartets of shells with a negligible Schwarz bound are left
 * out. Laws: laws/methods/chemistry/integrals/integrals.law.ts.
 */
import { hermiteCoulomb, hermiteSums } from "./hermite.ts"
import { placesOf } from "./kernel/layout.ts"
import { schwarzThreshold } from "./kernel/quartets.ts"
import type { Packed } from "./packed.ts"
import { packedBytes } from "./packed.ts"
import type { ShellPair } from "./pairs.ts"


/** Primitive quartets that are bounded by this add nothing in double precision. */
const negligible = 1e-17

let scratch = new Float64Array(1)
let hermite = new Float64Array(1)

/**
 * The block of two pairs of shells: functions of `inner` x functions of `outer`, row-major, into `out`. It is fastest
 * where `inner` has fewer functions.
 */
export const quartet = (inner: ShellPair, outer: ShellPair, out: Float64Array): void => {
  const [ni, no] = [inner.functions, outer.functions]
  const [hi, ho] = [inner.hermites, outer.hermites]
  const order = inner.degree + outer.degree
  const sums = hermiteSums(inner.degree, outer.degree)
  const [ei, eo] = [inner.expansion, outer.signed]
  if (scratch.length < ni * ho) scratch = new Float64Array(ni * ho)
  if (hermite.length < hi * ho) hermite = new Float64Array(hi * ho)
  out.fill(0, 0, ni * no)
  const block = hi * ho
  for (let q = 0; q < outer.primitives; q++) {
    const eq = outer.exponents[q]!
    const [x, y, z] = [outer.centres[3 * q]!, outer.centres[3 * q + 1]!, outer.centres[3 * q + 2]!]
    scratch.fill(0, 0, ni * ho)
    let touched = false
    for (let p = 0; p < inner.primitives; p++) {
      const ep = inner.exponents[p]!
      const both = ep + eq
      const scale = 2 * Math.PI ** 2.5 / (ep * eq * Math.sqrt(both))
      if (scale * inner.magnitudes[p]! * outer.magnitudes[q]! < negligible) continue
      touched = true
      const r = hermiteCoulomb(
        order, ep * eq / both, inner.centres[3 * p]! - x, inner.centres[3 * p + 1]! - y, inner.centres[3 * p + 2]! - z,
        scale
      )
      const from = p * ni * hi
      if (block === 1) {
        for (let f = 0; f < ni; f++) scratch[f] = scratch[f]! + ei[from + f]! * r[0]!
        continue
      }
      for (let at = 0; at < block; at++) hermite[at] = r[sums[at]!]!
      for (let f = 0; f < ni; f++) {
        const to = f * ho
        for (let h = 0; h < hi; h++) {
          const e = ei[from + f * hi + h]!
          if (e === 0) continue
          const row = h * ho
          for (let k = 0; k < ho; k++) scratch[to + k] = scratch[to + k]! + e * hermite[row + k]!
        }
      }
    }
    if (!touched) continue
    const start = q * no * ho
    for (let f = 0; f < ni; f++)
      for (let g = 0; g < no; g++) {
        let sum = 0
        const row = start + g * ho
        for (let k = 0; k < ho; k++) sum += scratch[f * ho + k]! * eo[row + k]!
        out[f * no + g] = out[f * no + g]! + sum
      }
  }
}

/** For each pair of shells the largest (ij|ij)^1/2: no integral exceeds the product of two of them. */
export const schwarzBounds = (pairs: ReadonlyArray<ShellPair>): Float64Array => Float64Array.from(pairs, (pair) => {
  const block = new Float64Array(pair.functions ** 2)
  quartet(pair, pair, block)
  let largest = 0
  for (let f = 0; f < pair.functions; f++) largest = Math.max(largest, Math.abs(block[f * (pair.functions + 1)]!))
  return Math.sqrt(largest)
})

/** Room for packed integrals over `size` orbitals. */
export const room = (size: number): Packed =>
  ({ kind: "packed", size, values: new Float64Array(packedBytes(size) / 8) })

/** What repulsion integrals are made from: pairs of shells in falling order of their bounds. */
export interface Screened {
  readonly pairs: ReadonlyArray<ShellPair>
  readonly bounds: Float64Array
  readonly orbitals: ReadonlyArray<Int32Array>
}

/** Pairs of shells in falling order of their bounds. */
export const screened = (pairs: ReadonlyArray<ShellPair>): Screened => {
  const bounds = schwarzBounds(pairs)
  const sorted = pairs.map((pair, at) => ({ pair, bound: bounds[at]! })).sort((a, b) => b.bound - a.bound)
  return {
    pairs: sorted.map(({ pair }) => pair),
    bounds: Float64Array.from(sorted, ({ bound }) => bound),
    orbitals: sorted.map(({ pair }) => placesOf(pair))
  }
}

/** Fills in the integrals of two pairs; whether their bound, and so that of the pairs before, let them count. */
export const fillQuartet = (
  { pairs, bounds, orbitals }: Screened, at: number, other: number, { values }: Packed
): boolean => {
  if (bounds[at]! * bounds[other]! < schwarzThreshold) return false
  const [bra, ket] = [pairs[at]!, pairs[other]!]
  const [places, others] = [orbitals[at]!, orbitals[other]!]
  const braFirst = bra.functions <= ket.functions
  const [inner, outer] = braFirst ? [bra, ket] : [ket, bra]
  const [rows, columns] = braFirst ? [places, others] : [others, places]
  if (block.length < rows.length * columns.length) block = new Float64Array(rows.length * columns.length)
  quartet(inner, outer, block)
  for (let f = 0; f < rows.length; f++) {
    const ij = rows[f]!
    for (let g = 0; g < columns.length; g++) {
      const kl = columns[g]!
      values[ij >= kl ? ij * (ij + 1) / 2 + kl : kl * (kl + 1) / 2 + ij] = block[f * columns.length + g]!
    }
  }
  return true
}

/** Fills in every integral of pair number `at` with the pairs up to it. */
export const fillRow = (screened: Screened, at: number, integrals: Packed): void => {
  for (let other = 0; other <= at; other++) if (!fillQuartet(screened, at, other, integrals)) break
}

let block = new Float64Array(1)

/** All repulsion integrals over `size` orbitals. */
export const repulsion = (pairs: ReadonlyArray<ShellPair>, size: number): Packed => {
  const integrals = room(size)
  const sorted = screened(pairs)
  for (let at = 0; at < pairs.length; at++) fillRow(sorted, at, integrals)
  return integrals
}
