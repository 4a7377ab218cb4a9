/**
 * Products of two shells as sums of Hermite Gaussians: a_i b_j = sum over primitives and (t, u, v) of E times a Hermite
 * Gaussian of exponent p at P (McMurchie and Davidson 1978, eq. 2.17 to 2.22). E is made once for a pair, with
 * contraction and spherical transformation in it, and every integral is a contraction with it.
 */
import { hermiteCount, hermiteExponents } from "./hermite.ts"
import type { AtomicOrbitals, Shell } from "./shells.ts"

/** Two shells and the Hermite expansion of their product. */
export interface ShellPair {
  readonly left: Shell
  readonly right: Shell
  /** The degree of the product. */
  readonly degree: number
  /** Products of functions: left functions x right functions. */
  readonly functions: number
  readonly hermites: number
  /** Pairs of primitives that are kept. */
  readonly primitives: number
  readonly exponents: Float64Array
  /** Centres P, three for each pair of primitives. */
  readonly centres: Float64Array
  /** E, primitives x functions x hermites. */
  readonly expansion: Float64Array
  /** E with the sign (-1)^(t + u + v), as the ket of a Coulomb integral needs it. */
  readonly signed: Float64Array
  /** The largest |E| of each pair of primitives, each over the scale (2 p)^(-degree/2) of its Hermite Gaussian. */
  readonly magnitudes: Float64Array
}

/**
 * E_t^ij along one axis for i to `la` and j to `lb`, at (i (lb + 1) + j) (la + lb + 1) + t, for exponents a and b at
 * distances P - A and P - B.
 */
export const expansionAlong = (
  la: number, lb: number, a: number, b: number, pa: number, pb: number, e: Float64Array
): void => {
  const width = la + lb + 1
  const half = 0.5 / (a + b)
  const at = (i: number, j: number): number => (i * (lb + 1) + j) * width
  e.fill(0, 0, (la + 1) * (lb + 1) * width)
  e[0] = Math.exp(-a * b / (a + b) * (pb - pa) ** 2)
  const raise = (from: number, to: number, distance: number, degree: number): void => {
    for (let t = 0; t <= degree + 1; t++)
      e[to + t] = (t > 0 ? half * e[from + t - 1]! : 0) + distance * e[from + t]!
        + (t < degree ? (t + 1) * e[from + t + 1]! : 0)
  }
  for (let i = 0; i < la; i++) raise(at(i, 0), at(i + 1, 0), pa, i)
  for (let i = 0; i <= la; i++) for (let j = 0; j < lb; j++) raise(at(i, j), at(i, j + 1), pb, i + j)
}

/** t + u + v. */
const hermiteDegree = (h: number): number =>
  hermiteExponents[3 * h]! + hermiteExponents[3 * h + 1]! + hermiteExponents[3 * h + 2]!

/** Pairs of primitives whose every coefficient is below this contribute less than rounding. */
const negligible = 1e-15

const axes = [0, 1, 2].map(() => new Float64Array(4096))

/** The pair of two shells. */
export const shellPair = (left: Shell, right: Shell): ShellPair => {
  const la = left.degree
  const lb = right.degree
  const degree = la + lb
  const hermites = hermiteCount(degree)
  const [na, nb] = [left.orbitals.length, right.orbitals.length]
  const [ma, mb] = [left.monomials.length, right.monomials.length]
  const [ka, kb] = [left.exponents.length, right.exponents.length]
  const block = na * nb * hermites
  const expansion = new Float64Array(ka * kb * block)
  const signed = new Float64Array(ka * kb * block)
  const exponents = new Float64Array(ka * kb)
  const centres = new Float64Array(3 * ka * kb)
  const magnitudes = new Float64Array(ka * kb)
  const monomial = new Float64Array(ma * mb * hermites)
  const width = degree + 1
  let kept = 0
  for (let p = 0; p < ka; p++)
    for (let q = 0; q < kb; q++) {
      const [a, b] = [left.exponents[p]!, right.exponents[q]!]
      for (let x = 0; x < 3; x++) {
        const [at, bt] = [left.centre[x]!, right.centre[x]!]
        const centre = (a * at + b * bt) / (a + b)
        centres[3 * kept + x] = centre
        expansionAlong(la, lb, a, b, b / (a + b) * (bt - at), a / (a + b) * (at - bt), axes[x]!)
      }
      const [ex, ey, ez] = [axes[0]!, axes[1]!, axes[2]!]
      for (const [i, from] of left.monomials.entries())
        for (const [j, to] of right.monomials.entries()) {
          const start = (c: number): number => (from[c]! * (lb + 1) + to[c]!) * width
          const [x, y, z] = [start(0), start(1), start(2)]
          for (let h = 0; h < hermites; h++)
            monomial[(i * mb + j) * hermites + h] = ex[x + hermiteExponents[3 * h]!]!
              * ey[y + hermiteExponents[3 * h + 1]!]! * ez[z + hermiteExponents[3 * h + 2]!]!
        }
      const start = kept * block
      expansion.fill(0, start, start + block)
      let largest = 0
      for (let f = 0; f < na; f++)
        for (let g = 0; g < nb; g++) {
          const radial = left.radial[f * ka + p]! * right.radial[g * kb + q]!
          const to = start + (f * nb + g) * hermites
          for (let i = 0; i < ma; i++)
            for (let j = 0; j < mb; j++) {
              const weight = radial * left.angular[f * ma + i]! * right.angular[g * mb + j]!
              if (weight === 0) continue
              const from = (i * mb + j) * hermites
              for (let h = 0; h < hermites; h++)
                expansion[to + h] = expansion[to + h]! + weight * monomial[from + h]!
            }
          for (let h = 0; h < hermites; h++)
            largest = Math.max(largest, Math.abs(expansion[to + h]!) * (2 * (a + b)) ** (hermiteDegree(h) / 2))
        }
      if (largest < negligible) continue
      for (let at = 0; at < block; at++) {
        const odd = hermiteDegree(at % hermites) % 2 === 1
        signed[start + at] = odd ? -expansion[start + at]! : expansion[start + at]!
      }
      exponents[kept] = a + b
      magnitudes[kept] = largest
      kept++
    }
  return {
    left, right, degree, functions: na * nb, hermites, primitives: kept,
    exponents, centres, expansion, signed, magnitudes
  }
}

/** Every pair of shells once, the left one not before the right. */
export const shellPairs = ({ shells }: AtomicOrbitals): ReadonlyArray<ShellPair> =>
  shells.flatMap((left, at) => shells.slice(0, at + 1).map((right) => shellPair(left, right)))
