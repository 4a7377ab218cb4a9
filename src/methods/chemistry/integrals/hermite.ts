/**
 * Hermite Gaussians: the indices (t, u, v) in order of their degree, and the Coulomb integrals R_tuv between two of
 * them by the recursion of McMurchie and Davidson (J. Comput. Phys. 26, 218 (1978), eq. 4.6 to 4.8).
 */
import { boys, highestOrder } from "./boys.ts"

/** How many indices (t, u, v) there are of degree up to `order`. */
export const hermiteCount = (order: number): number => (order + 1) * (order + 2) * (order + 3) / 6

const total = hermiteCount(highestOrder)

/** The exponents t, u, v of index h at 3h, 3h + 1, 3h + 2; ordered by degree. */
export const hermiteExponents = new Int32Array(3 * total)
const side = highestOrder + 1
const places = new Int32Array(side ** 3).fill(-1)

let filled = 0
for (let degree = 0; degree <= highestOrder; degree++)
  for (let t = degree; t >= 0; t--)
    for (let u = degree - t; u >= 0; u--) {
      hermiteExponents.set([t, u, degree - t - u], 3 * filled)
      places[(t * side + u) * side + degree - t - u] = filled++
    }

/** The index of (t, u, v). */
export const hermiteIndex = (t: number, u: number, v: number): number => places[(t * side + u) * side + v]!

// R_{tuv} = X_axis R_{first} + factor R_{second}, where `axis` is one that the index is raised along
const axis = new Int32Array(total)
const first = new Int32Array(total)
const second = new Int32Array(total)
const factor = new Float64Array(total)
for (let h = 1; h < total; h++) {
  const exponents = Array.from(hermiteExponents.subarray(3 * h, 3 * h + 3))
  const along = exponents.findIndex((exponent) => exponent > 0)
  const lowered = (by: number): number => {
    const [t = 0, u = 0, v = 0] = exponents.map((exponent, at) => (at === along ? exponent - by : exponent))
    return hermiteIndex(t, u, v)
  }
  axis[h] = along
  first[h] = lowered(1)
  factor[h] = exponents[along]! - 1
  second[h] = exponents[along]! > 1 ? lowered(2) : 0
}

/** R_h as a step of the recursion: X_axis R_first + factor R_second, both of one order more. */
export const recursion = (h: number) =>
  ({ axis: axis[h]!, first: first[h]!, second: second[h]!, factor: factor[h]! })

const combinations = new Map<number, Int32Array>()

/** The index of the sum of bra index b (degree up to `bra`) and ket index k (up to `ket`), at b times kets plus k. */
export const hermiteSums = (bra: number, ket: number): Int32Array => {
  const known = combinations.get(bra * side + ket)
  if (known !== undefined) return known
  const kets = hermiteCount(ket)
  const sums = new Int32Array(hermiteCount(bra) * kets)
  const e = hermiteExponents
  for (let at = 0; at < sums.length; at++) {
    const b = 3 * Math.floor(at / kets)
    const k = 3 * (at % kets)
    sums[at] = hermiteIndex(e[b]! + e[k]!, e[b + 1]! + e[k + 1]!, e[b + 2]! + e[k + 2]!)
  }
  combinations.set(bra * side + ket, sums)
  return sums
}

const orders = new Float64Array(highestOrder + 1)
const centre = new Float64Array(3)
let even = new Float64Array(total)
let odd = new Float64Array(total)

/**
 * `scale` times R_tuv(alpha, (x, y, z)) for every degree up to `order`, in the order of `hermiteExponents`. The array
 * belongs to this file and holds until the next call.
 */
export const hermiteCoulomb = (
  order: number, alpha: number, x: number, y: number, z: number, scale: number
): Float64Array => {
  boys(order, alpha * (x * x + y * y + z * z), orders)
  centre[0] = x
  centre[1] = y
  centre[2] = z
  let power = scale
  for (let n = 0; n <= order; n++) {
    orders[n] = orders[n]! * power
    power *= -2 * alpha
  }
  let now = even
  let before = odd
  now[0] = orders[order]!
  for (let n = order - 1; n >= 0; n--) {
    const swap = now
    now = before
    before = swap
    now[0] = orders[n]!
    const count = hermiteCount(order - n)
    for (let h = 1; h < count; h++)
      now[h] = centre[axis[h]!]! * before[first[h]!]! + factor[h]! * before[second[h]!]!
  }
  even = now
  odd = before
  return now
}
