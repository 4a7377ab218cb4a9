/**
 * The kinetic energy (i| -1/2 nabla^2 |j): a second derivative of a Gaussian is a sum of Gaussians of degree j - 2, j
 * and j + 2, so that the integral is a sum of products of overlaps along the axes (Helgaker, Jorgensen, Olsen, 9.3.40).
 */
import type { ShellPair } from "./pairs.ts"
import { expansionAlong } from "./pairs.ts"
import { place as write } from "./one-electron.ts"

const expansion = new Float64Array(8192)

/** Overlaps s_ij and kinetic energies t_ij along one axis, i to `la`, j to `lb`, row-major. */
const along = (
  la: number, lb: number, a: number, b: number, from: number, to: number
): { readonly s: Float64Array, readonly t: Float64Array } => {
  expansionAlong(la, lb + 2, a, b, b / (a + b) * (to - from), a / (a + b) * (from - to), expansion)
  const norm = Math.sqrt(Math.PI / (a + b))
  const overlapOf = (i: number, j: number): number =>
    (j < 0 ? 0 : norm * expansion[(i * (lb + 3) + j) * (la + lb + 3)]!)
  const s = new Float64Array((la + 1) * (lb + 1))
  const t = new Float64Array((la + 1) * (lb + 1))
  for (let i = 0; i <= la; i++)
    for (let j = 0; j <= lb; j++) {
      s[i * (lb + 1) + j] = overlapOf(i, j)
      t[i * (lb + 1) + j] = -2 * b * b * overlapOf(i, j + 2) + b * (2 * j + 1) * overlapOf(i, j)
        - 0.5 * j * (j - 1) * overlapOf(i, j - 2)
    }
  return { s, t }
}

/** The kinetic energy over atomic orbitals, row-major. */
export const kinetic = (pairs: ReadonlyArray<ShellPair>, size: number): Float64Array => {
  const matrix = new Float64Array(size * size)
  for (const pair of pairs) {
    const { left, right, functions } = pair
    const [ma, mb] = [left.monomials.length, right.monomials.length]
    const [ka, kb] = [left.exponents.length, right.exponents.length]
    const nb = right.orbitals.length
    const sums = new Float64Array(functions)
    for (let p = 0; p < ka; p++)
      for (let q = 0; q < kb; q++) {
        const axis = (c: 0 | 1 | 2) =>
          along(left.degree, right.degree, left.exponents[p]!, right.exponents[q]!, left.centre[c], right.centre[c])
        const [x, y, z] = [axis(0), axis(1), axis(2)]
        for (const [i, from] of left.monomials.entries())
          for (const [j, to] of right.monomials.entries()) {
            const place = (c: number): number => from[c]! * (right.degree + 1) + to[c]!
            const [ix, iy, iz] = [place(0), place(1), place(2)]
            const [sx, sy, sz] = [x.s[ix]!, y.s[iy]!, z.s[iz]!]
            const energy = x.t[ix]! * sy * sz + sx * y.t[iy]! * sz + sx * sy * z.t[iz]!
            for (let f = 0; f < functions; f++) {
              const [a, b] = [Math.floor(f / nb), f % nb]
              sums[f] = sums[f]! + energy * left.radial[a * ka + p]! * right.radial[b * kb + q]!
                * left.angular[a * ma + i]! * right.angular[b * mb + j]!
            }
          }
      }
    for (let f = 0; f < functions; f++) write(matrix, size, pair, f, sums[f]!)
  }
  return matrix
}
