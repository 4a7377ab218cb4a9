/**
 * A basis set placed on a molecule: shells of contracted Gaussians. A shell here is every function that shares a centre
 * and a list of exponents (an SP shell, a general contraction), so that what depends on exponents alone is computed
 * once for all of them. Atomic orbitals are numbered by atom, then angular momentum, contraction and m, as in PySCF.
 */
import type { BasisSet, ElementShell } from "../basis.ts"
import type { Molecule } from "../molecule.ts"
import type { Monomial } from "./harmonics.ts"
import { angularFunctions, monomials } from "./harmonics.ts"

/** Functions that share a centre and exponents; function f is the product of row f of `radial` and of `angular`. */
export interface Shell {
  readonly atom: number
  readonly centre: readonly [number, number, number]
  readonly exponents: Float64Array
  /** The highest angular momentum. */
  readonly degree: number
  readonly monomials: ReadonlyArray<Monomial>
  /** The atomic orbital that each function is. */
  readonly orbitals: Int32Array
  /** Contraction coefficients with norms, functions x exponents. */
  readonly radial: Float64Array
  /** Coefficients of the monomials, functions x monomials. */
  readonly angular: Float64Array
}

/** One radial function: an angular momentum, and where its orbitals begin. */
export interface Contraction {
  readonly atom: number
  readonly angularMomentum: number
  readonly start: number
  readonly size: number
}

/** All shells of a molecule, and how many atomic orbitals they make. */
export interface AtomicOrbitals {
  readonly count: number
  readonly cartesian: boolean
  readonly shells: ReadonlyArray<Shell>
  readonly contractions: ReadonlyArray<Contraction>
}

/** The integral of r^n exp(-a r^2) over r from 0, for even n. */
const radialMoment = (n: number, a: number): number => {
  let value = 0.5 * Math.sqrt(Math.PI / a)
  for (let k = 1; k < n; k += 2) value *= k / (2 * a)
  return value
}

/** Contraction coefficients that multiply bare primitives r^l exp(-a r^2) to a radial function of unit norm. */
export const normalise = (
  l: number, exponents: ReadonlyArray<number>, coefficients: ReadonlyArray<number>
): ReadonlyArray<number> => {
  const scaled = coefficients.map((c, at) => c / Math.sqrt(radialMoment(2 * l + 2, 2 * exponents[at]!)))
  let norm = 0
  for (const [i, left] of scaled.entries())
    for (const [j, right] of scaled.entries())
      norm += left * right * radialMoment(2 * l + 2, exponents[i]! + exponents[j]!)
  return scaled.map((c) => c / Math.sqrt(norm))
}

interface Radial {
  readonly shell: number
  readonly l: number
  readonly coefficients: ReadonlyArray<number>
}

const radials = (shells: ReadonlyArray<ElementShell>): ReadonlyArray<Radial> =>
  shells.flatMap(({ angularMomenta, exponents, coefficients }, shell) => coefficients.map((row, at): Radial => {
    const l = angularMomenta.length === 1 ? angularMomenta[0]! : angularMomenta[at]!
    return { shell, l, coefficients: normalise(l, exponents, row) }
  })).sort((left, right) => left.l - right.l)

/** The atomic orbitals of a molecule in a basis set that has its elements; real spherical harmonics unless told. */
export const atomicOrbitals = (molecule: Molecule, basis: BasisSet, cartesian = false): AtomicOrbitals => {
  const shells: Array<Shell> = []
  const contractions: Array<Contraction> = []
  let count = 0
  for (const [atom, number] of molecule.atomicNumbers.entries()) {
    const given = basis.elements.get(number) ?? []
    const placed = radials(given).map((radial) => {
      const polynomials = angularFunctions(radial.l, cartesian)
      const start = count
      count += polynomials.length
      contractions.push({ atom, angularMomentum: radial.l, start, size: polynomials.length })
      return { ...radial, polynomials, start }
    })
    for (const [at, { exponents, angularMomenta }] of given.entries()) {
      const degrees = Array.from(new Set(angularMomenta)).sort()
      const powers = degrees.flatMap(monomials)
      const here = placed.filter(({ shell }) => shell === at)
      const functions = here.flatMap(({ l, polynomials, start, coefficients }) => {
        const before = powers.filter(([x, y, z]) => x + y + z < l).length
        return polynomials.map((polynomial, m) => ({
          orbital: start + m,
          radial: coefficients,
          angular: powers.map((_, column) => polynomial[column - before] ?? 0)
        }))
      })
      shells.push({
        atom,
        centre: [molecule.positions[3 * atom]!, molecule.positions[3 * atom + 1]!, molecule.positions[3 * atom + 2]!],
        exponents: Float64Array.from(exponents),
        degree: Math.max(...degrees),
        monomials: powers,
        orbitals: Int32Array.from(functions, ({ orbital }) => orbital),
        radial: Float64Array.from(functions.flatMap(({ radial }) => radial)),
        angular: Float64Array.from(functions.flatMap(({ angular }) => angular))
      })
    }
  }
  return { count, cartesian, shells, contractions }
}

/** The function that is 1 everywhere, as a shell: a pair with it is one shell by itself. */
export const unity: Shell = {
  atom: -1, centre: [0, 0, 0], exponents: Float64Array.of(0), degree: 0, monomials: monomials(0),
  orbitals: Int32Array.of(0), radial: Float64Array.of(1), angular: Float64Array.of(1)
}
