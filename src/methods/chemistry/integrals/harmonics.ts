/**
 * What an angular momentum means as polynomials: Cartesian monomials, and real solid harmonics as their combinations
 * (Helgaker, Jorgensen, Olsen, 6.4.47). Order and norm are those of libcint (Sun, J. Comput. Chem. 36, 1664 (2015)): s,
 * then p as x, y, z, then m from -l to l; monomials in falling powers of x, then y. Spherical functions have unit norm
 * on the sphere; Cartesian ones of degree two and more are bare monomials.
 */

/** Powers of x, y and z. */
export type Monomial = readonly [number, number, number]

/** A polynomial as its coefficients on `monomials(l)`. */
export type Polynomial = ReadonlyArray<number>

/** The monomials of degree l. */
export const monomials = (l: number): ReadonlyArray<Monomial> =>
  Array.from({ length: l + 1 }, (_, down): ReadonlyArray<Monomial> =>
    Array.from({ length: down + 1 }, (_, z): Monomial => [l - down, down - z, z])).flat()

const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))
const binomial = (n: number, k: number): number =>
  k < 0 || k > n ? 0 : factorial(n) / (factorial(k) * factorial(n - k))

/** The real solid harmonic of l and m, of unit norm on the unit sphere. */
export const solidHarmonic = (l: number, m: number): Polynomial => {
  const size = Math.abs(m)
  const half = m < 0 ? 0.5 : 0
  const racah = Math.sqrt((m === 0 ? 1 : 2) * factorial(l + size) * factorial(l - size)) / (2 ** size * factorial(l))
  const norm = racah * Math.sqrt((2 * l + 1) / (4 * Math.PI))
  const found = new Map<string, number>()
  for (let t = 0; 2 * t <= l - size; t++)
    for (let u = 0; u <= t; u++)
      for (let v = half; v <= size / 2; v++) {
        const coefficient = (-1) ** (t + v - half) * 0.25 ** t * binomial(l, t) * binomial(l - t, size + t)
          * binomial(t, u) * binomial(size, 2 * v)
        const powers = `${2 * t + size - 2 * (u + v)},${2 * (u + v)},${l - 2 * t - size}`
        found.set(powers, (found.get(powers) ?? 0) + norm * coefficient)
      }
  return monomials(l).map((powers) => found.get(powers.join()) ?? 0)
}

const monomialNorm = (l: number): number => (l < 2 ? Math.sqrt((2 * l + 1) / (4 * Math.PI)) : 1)

/** The functions of a shell of angular momentum l, in order. */
export const angularFunctions = (l: number, cartesian: boolean): ReadonlyArray<Polynomial> => {
  const basis = monomials(l)
  return cartesian || l < 2
    ? basis.map((_, row) => basis.map((_, column) => (row === column ? monomialNorm(l) : 0)))
    : Array.from({ length: 2 * l + 1 }, (_, at) => solidHarmonic(l, at - l))
}
