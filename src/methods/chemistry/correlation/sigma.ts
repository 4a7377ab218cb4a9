/**
 * The product of the Hamiltonian with a full configuration interaction vector, determinant by pairs of strings (Olsen,
 * Roos, Jorgensen and Jensen, J. Chem. Phys. 89, 2185 (1988)). Vectors are matrices C(alpha, beta) of states with as
 * many electrons of either spin; an eigenstate is even or odd under their exchange, C(beta, alpha) = parity C(alpha,
 * beta) with parity (-1)^S, so that half of sigma gives the rest. The parity of the vector is conserved.
 */
import type { Hamiltonian } from "./hamiltonian.ts"
import type { Strings } from "./strings.ts"

/** 1: singlets (and quintets); -1: triplets. */
export type Parity = 1 | -1

/** A sparse matrix over strings, row by row. */
export interface Sparse {
  readonly start: Uint32Array
  readonly column: Uint32Array
  readonly value: Float64Array
}

/** h'_pq = h_pq - 1/2 sum_r (pr|rq), which makes the two-body part a plain product of excitations. */
const shifted = ({ orbitals: n, oneBody, twoBody }: Hamiltonian): Float64Array => oneBody.map((h, pq) => {
  const [p, q] = [Math.floor(pq / n), pq % n]
  let sum = h
  for (let r = 0; r < n; r++) sum -= twoBody[((p * n + r) * n + r) * n + q]! / 2
  return sum
})

/** h'_pq E_pq + 1/2 (pq|rs) E_pq E_rs on the strings of one spin. */
const sameSpin = (of: Hamiltonian, { masks, width, to, pair, sign }: Strings): Sparse => {
  const [h, squared] = [shifted(of), of.orbitals ** 2]
  const row = new Float64Array(masks.length)
  const seen = new Uint8Array(masks.length)
  const start = new Uint32Array(masks.length + 1)
  const [columns, values]: [Array<number>, Array<number>] = [[], []]
  for (let from = 0; from < masks.length; from++) {
    const touched: Array<number> = []
    const give = (target: number, value: number) => {
      if (seen[target] === 0) touched.push(target)
      seen[target] = 1
      row[target] = row[target]! + value
    }
    for (let first = from * width; first < (from + 1) * width; first++) {
      const middle = to[first]!
      give(middle, sign[first]! * h[pair[first]!]!)
      const integrals = pair[first]! * squared
      for (let second = middle * width; second < (middle + 1) * width; second++)
        give(to[second]!, sign[first]! * sign[second]! * of.twoBody[integrals + pair[second]!]! / 2)
    }
    for (const target of touched.sort((left, right) => left - right)) {
      columns.push(target)
      values.push(row[target]!)
      row[target] = 0
      seen[target] = 0
    }
    start[from + 1] = columns.length
  }
  return { start, column: Uint32Array.from(columns), value: Float64Array.from(values) }
}

/** The excitations of strings by unordered pair of orbitals, p >= q: E_pq and E_qp share their integral. */
export interface ByPair {
  readonly start: Uint32Array
  readonly from: Uint32Array
  readonly to: Uint32Array
  readonly sign: Int8Array
}

const triangle = (n: number): Uint32Array => Uint32Array.from({ length: n * n }, (_, pq) => {
  const [p, q] = [Math.floor(pq / n), pq % n]
  return p >= q ? p * (p + 1) / 2 + q : q * (q + 1) / 2 + p
})

const byPair = ({ orbitals: n, width, to, pair, sign }: Strings, place: Uint32Array): ByPair => {
  const start = new Uint32Array(n * (n + 1) / 2 + 1)
  for (const pq of pair) start[place[pq]! + 1] = start[place[pq]! + 1]! + 1
  for (let index = 1; index < start.length; index++) start[index] = start[index]! + start[index - 1]!
  const next = start.slice()
  const grouped = { from: new Uint32Array(to.length), to: new Uint32Array(to.length), sign: new Int8Array(to.length) }
  for (let index = 0; index < to.length; index++) {
    const at = next[place[pair[index]!]!]!
    next[place[pair[index]!]!] = at + 1
    grouped.from[at] = Math.floor(index / width)
    grouped.to[at] = to[index]!
    grouped.sign[at] = sign[index]!
  }
  return { start, ...grouped }
}

/** sum over R <= P of (P|R) E_R, half of it where R is P: what the other spin does while one does E_P. */
const opposite = (
  { masks, width, to, pair, sign }: Strings, place: Uint32Array, integrals: Float64Array, held: Sparse, chosen: number
): void => {
  let at = 0
  for (let row = 0; row < masks.length; row++) {
    for (let index = row * width; index < (row + 1) * width; index++) {
      const other = place[pair[index]!]!
      if (other > chosen) continue
      held.column[at] = to[index]!
      held.value[at] = sign[index]! * integrals[other]! * (other === chosen ? 0.5 : 1)
      at++
    }
    held.start[row + 1] = at
  }
}

/** y_r += sign_r F x_r for four rows at once, which read the sparse matrix F once. */
const spread = (
  f: Sparse, size: number, c: Float64Array, sigma: Float64Array, at: number, { from, to, sign }: ByPair
): void => {
  const [c0, c1, c2, c3] = [from[at]! * size, from[at + 1]! * size, from[at + 2]! * size, from[at + 3]! * size]
  const [y0, y1, y2, y3] = [to[at]! * size, to[at + 1]! * size, to[at + 2]! * size, to[at + 3]! * size]
  const [s0, s1, s2, s3] = [sign[at]!, sign[at + 1]!, sign[at + 2]!, sign[at + 3]!]
  const { start, column, value } = f
  for (let row = 0, entry = 0; row < size; row++) {
    let [x0, x1, x2, x3] = [0, 0, 0, 0]
    for (const end = start[row + 1]!; entry < end; entry++) {
      const [weight, place] = [value[entry]!, column[entry]!]
      x0 += weight * c[c0 + place]!
      x1 += weight * c[c1 + place]!
      x2 += weight * c[c2 + place]!
      x3 += weight * c[c3 + place]!
    }
    sigma[y0 + row] = sigma[y0 + row]! + s0 * x0
    sigma[y1 + row] = sigma[y1 + row]! + s1 * x1
    sigma[y2 + row] = sigma[y2 + row]! + s2 * x2
    sigma[y3 + row] = sigma[y3 + row]! + s3 * x3
  }
}

const spreadOne = (
  { start, column, value }: Sparse, size: number, c: Float64Array, sigma: Float64Array,
  from: number, to: number, sign: number
): void => {
  for (let row = 0, entry = 0; row < size; row++) {
    let sum = 0
    for (const end = start[row + 1]!; entry < end; entry++) sum += value[entry]! * c[from + column[entry]!]!
    sigma[to + row] = sigma[to + row]! + sign * sum
  }
}

/** The electronic Hamiltonian (without its constant part) on vectors of a parity. */
export interface Operator {
  readonly dimension: number
  /** The diagonal, over pairs of strings. */
  readonly diagonal: Float64Array
  /** H c; c must have the parity. */
  readonly apply: (c: Float64Array) => Float64Array
}

/** What products are made from. */
export interface Prepared {
  readonly over: Strings
  /** Strings, and unordered pairs of orbitals. */
  readonly size: number
  readonly pairs: number
  /** The number of the unordered pair of p * n + q. */
  readonly place: Uint32Array
  readonly alone: Sparse
  readonly groups: ByPair
  /** (P|R) over unordered pairs. */
  readonly integrals: Float64Array
  readonly diagonal: Float64Array
}

/** Prepares the Hamiltonian for products with vectors over pairs of these strings. */
export const prepared = (of: Hamiltonian, over: Strings): Prepared => {
  const n = of.orbitals
  const place = triangle(n)
  const alone = sameSpin(of, over)
  const pairs = n * (n + 1) / 2
  const integrals = new Float64Array(pairs * pairs)
  for (let pq = 0; pq < n * n; pq++)
    for (let rs = 0; rs < n * n; rs++) integrals[place[pq]! * pairs + place[rs]!] = of.twoBody[pq * n * n + rs]!
  return {
    over, size: over.masks.length, pairs, place, alone, groups: byPair(over, place), integrals,
    diagonal: diagonalOf(of, over, alone)
  }
}

/** S + parity S^T, in the place of S. */
export const symmetrised = (sigma: Float64Array, size: number, parity: Parity): Float64Array => {
  for (let alpha = 0; alpha < size; alpha++)
    for (let beta = 0; beta <= alpha; beta++) {
      const sum = sigma[alpha * size + beta]! + parity * sigma[beta * size + alpha]!
      sigma[alpha * size + beta] = sum
      sigma[beta * size + alpha] = parity * sum
    }
  return sigma
}

/** The Hamiltonian on vectors over pairs of these strings, in plain code. */
export const operator = (of: Hamiltonian, over: Strings, parity: Parity): Operator => plain(prepared(of, over), parity)

/** The operator in plain code. */
export const plain = (
  { over, size, pairs, place, alone, groups, integrals, diagonal }: Prepared, parity: Parity
): Operator => {
  const held: Sparse = {
    start: new Uint32Array(size + 1), column: new Uint32Array(over.to.length), value: new Float64Array(over.to.length)
  }

  const apply = (c: Float64Array): Float64Array => {
    const sigma = new Float64Array(c.length)
    for (let row = 0; row < size; row++)
      for (let entry = alone.start[row]!; entry < alone.start[row + 1]!; entry++) {
        const [weight, source, target] = [alone.value[entry]!, alone.column[entry]! * size, row * size]
        for (let beta = 0; beta < size; beta++)
          sigma[target + beta] = sigma[target + beta]! + weight * c[source + beta]!
      }
    for (let chosen = 0; chosen < pairs; chosen++) {
      opposite(over, place, integrals.subarray(chosen * pairs, (chosen + 1) * pairs), held, chosen)
      const end = groups.start[chosen + 1]!
      let at = groups.start[chosen]!
      for (; at + 4 <= end; at += 4) spread(held, size, c, sigma, at, groups)
      for (; at < end; at++)
        spreadOne(held, size, c, sigma, groups.from[at]! * size, groups.to[at]! * size, groups.sign[at]!)
    }
    return symmetrised(sigma, size, parity)
  }

  return { dimension: size * size, diagonal, apply }
}

const diagonalOf = ({ orbitals: n, twoBody }: Hamiltonian, { masks }: Strings, alone: Sparse): Float64Array => {
  const size = masks.length
  const own = new Float64Array(size)
  for (let row = 0; row < size; row++)
    for (let entry = alone.start[row]!; entry < alone.start[row + 1]!; entry++)
      if (alone.column[entry] === row) own[row] = alone.value[entry]!
  // what each orbital feels of a string of the other spin
  const felt = new Float64Array(size * n)
  masks.forEach((mask, string) => {
    for (let p = 0; p < n; p++)
      for (let q = 0; q < n; q++)
        if ((mask & (1 << q)) !== 0)
          felt[string * n + p] = felt[string * n + p]! + twoBody[(p * n + p) * n * n + q * n + q]!
  })
  const diagonal = new Float64Array(size * size)
  for (let alpha = 0; alpha < size; alpha++)
    for (let beta = 0; beta <= alpha; beta++) {
      let sum = own[alpha]! + own[beta]!
      for (let p = 0; p < n; p++) if ((masks[alpha]! & (1 << p)) !== 0) sum += felt[beta * n + p]!
      // one number for both, or rounding would break the parity of a vector that is divided by it
      diagonal[alpha * size + beta] = diagonal[beta * size + alpha] = sum
    }
  return diagonal
}
