/**
 * The superposition of atomic densities, where a mean field starts (Van Lenthe, Zwaans, Van Dam and Guest, J. Comput.
 * Chem. 27, 926 (2006)): each element's free atom with its electrons spread evenly over the functions of a subshell,
 * solved in the same basis set, and put where the atom is. From bare nuclei N2 would end in a wrong state.
 */
import type { BasisSet } from "../basis.ts"
import type { AtomicOrbitals, Contraction } from "../integrals/shells.ts"
import { atomicOrbitals } from "../integrals/shells.ts"
import { solidHarmonic } from "../integrals/harmonics.ts"
import { kinetic } from "../integrals/kinetic.ts"
import { attraction, overlap } from "../integrals/one-electron.ts"
import { shellPairs } from "../integrals/pairs.ts"
import { repulsion } from "../integrals/repulsion.ts"
import type { Molecule } from "../molecule.ts"
import { closedShell, fromPacked } from "./coulomb-exchange.ts"
import { multiply, orthogonalise, rotated, transpose } from "./dense.ts"

/** Electrons of the subshells of each angular momentum, by the rule of Madelung: oxygen is [[2, 2], [4]]. */
export const configuration = (atomicNumber: number): ReadonlyArray<ReadonlyArray<number>> => {
  const subshells = Array.from({ length: 8 }, (_, sum) =>
    Array.from({ length: Math.floor(sum / 2) + 1 }, (_, l) => ({ l, n: sum + 1 - l })).reverse()).flat()
  const filled: Array<Array<number>> = [[], [], [], []]
  let left = atomicNumber
  for (const { l } of subshells) {
    const taken = Math.min(left, 4 * l + 2)
    if (taken > 0) filled[l]?.push(taken)
    left -= taken
  }
  return filled
}

const steps = 60
const close = 1e-6

/** The spherical average of a matrix over the functions of two contractions of equal angular momentum. */
const average = (matrix: Float64Array, size: number, left: Contraction, right: Contraction): number => {
  let sum = 0
  for (let m = 0; m < left.size; m++) sum += matrix[(left.start + m) * size + right.start + m]!
  return sum / left.size
}

/** The density of a free atom over its spherical functions, row-major. */
const freeAtom = (number: number, basis: BasisSet): { readonly density: Float64Array, readonly size: number } => {
  const atom: Molecule = { atomicNumbers: [number], positions: new Float64Array(3), charge: 0, multiplicity: 1 }
  const { count: size, contractions, ...rest } = atomicOrbitals(atom, basis)
  const pairs = shellPairs({ count: size, contractions, ...rest })
  const overlaps = overlap(pairs, size)
  const nucleus = attraction(pairs, size, { charges: [number], positions: [0, 0, 0] })
  const core = kinetic(pairs, size).map((value, at) => value + nucleus[at]!)
  const integrals = repulsion(pairs, size)
  const blocks = configuration(number).map((occupations, l) => {
    const of = contractions.filter(({ angularMomentum }) => angularMomentum === l)
    const reduce = (matrix: Float64Array): Float64Array =>
      Float64Array.from(of.flatMap((left) => of.map((right) => average(matrix, size, left, right))))
    return { of, reduce, occupations, orthogonal: orthogonalise(reduce(overlaps), of.length, 1e-10) }
  }).filter(({ of, occupations }) => of.length > 0 && occupations.length > 0)
  const densityOf = (fock: Float64Array): Float64Array => {
    const density = new Float64Array(size * size)
    for (const { of, reduce, occupations, orthogonal } of blocks) {
      const { coefficients } = rotated(reduce(fock), orthogonal, of.length)
      for (const [i, left] of of.entries())
        for (const [j, right] of of.entries()) {
          let sum = 0
          for (const [n, electrons] of occupations.slice(0, orthogonal.kept).entries())
            sum += electrons / left.size * coefficients[i * orthogonal.kept + n]!
              * coefficients[j * orthogonal.kept + n]!
          for (let m = 0; m < left.size; m++) density[(left.start + m) * size + right.start + m] = sum
        }
    }
    return density
  }
  let density = densityOf(core)
  for (let step = 0; step < steps; step++) {
    const next = densityOf(closedShell(core, fromPacked(integrals, density)))
    const apart = next.reduce((worst, value, at) => Math.max(worst, Math.abs(value - density[at]!)), 0)
    density = density.map((value, at) => 0.4 * value + 0.6 * next[at]!)
    if (apart < close) break
  }
  return { density, size }
}

/** The density of a free atom over Cartesian functions. */
const toCartesian = (density: Float64Array, size: number, number: number, basis: BasisSet) => {
  const atom: Molecule = { atomicNumbers: [number], positions: new Float64Array(3), charge: 0, multiplicity: 1 }
  const spherical = atomicOrbitals(atom, basis).contractions
  const { contractions, count } = atomicOrbitals(atom, basis, true)
  const map = new Float64Array(count * size)
  for (const [at, from] of spherical.entries()) {
    const to = contractions[at]!
    for (let m = 0; m < from.size; m++)
      if (from.angularMomentum < 2) map[(to.start + m) * size + from.start + m] = 1
      else for (const [row, value] of solidHarmonic(from.angularMomentum, m - from.angularMomentum).entries())
        map[(to.start + row) * size + from.start + m] = value
  }
  const half = multiply(map, density, count, size, size)
  return { density: multiply(half, transpose(map, count, size), count, size, count), size: count }
}

/** The superposition of the densities of a molecule's free atoms, over its atomic orbitals; spin-summed. */
export const atomicDensities = (
  molecule: Molecule, basis: BasisSet, { count, cartesian }: AtomicOrbitals
): Float64Array => {
  const atoms = new Map(Array.from(new Set(molecule.atomicNumbers), (number) => {
    const { density, size } = freeAtom(number, basis)
    return [number, cartesian ? toCartesian(density, size, number, basis) : { density, size }]
  }))
  const sum = new Float64Array(count * count)
  let start = 0
  for (const number of molecule.atomicNumbers) {
    const atom = atoms.get(number)
    if (atom === undefined) continue
    for (let i = 0; i < atom.size; i++)
      for (let j = 0; j < atom.size; j++) sum[(start + i) * count + start + j] = atom.density[i * atom.size + j]!
    start += atom.size
  }
  return sum
}
