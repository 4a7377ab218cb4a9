/**
 * Projection-based embedding: the occupied orbitals are shared out between some atoms and the rest by singular values
 * (SPADE: Claudino and Mayhall, J. Chem. Theory Comput. 15, 1053 (2019)), and those of the core are solved for again in
 * the field of the rest, held orthogonal to them by Huzinaga's operator (J. Chem. Phys. 55, 5543 (1971)). The mean
 * field within the mean field is the mean field: its energy is conserved, whatever the partition.
 */
import { Effect } from "effect"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import { svd } from "../../../algebra/backends/factorisation/singular.ts"
import { atomsOf } from "../localisation/localised.ts"
import { between, columns, spectral } from "../localisation/matrices.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import { fockMatrix } from "../mean-field/coulomb-exchange.ts"
import { multiply, orthogonalise, rotated, trace, transpose } from "../mean-field/dense.ts"
import { MeanFieldError } from "../mean-field/restricted.ts"
import type { CoreOrbitals } from "./embedded-core.ts"

/** Occupied orbitals, rotated among themselves, in order of falling part on the core's atoms. */
export interface Partition {
  /** Atomic orbitals x occupied orbitals. */
  readonly orbitals: Float64Array
  /** The part of each on the core's atoms, from 0 to 1: singular values. */
  readonly parts: Float64Array
  /** How many belong to the core: all before the widest gap between parts. */
  readonly pairs: number
}

/** Shares out the occupied orbitals of a mean field; atoms are counted from 0. */
export const partition = (
  { occupied, orbitalCoefficients, orbitalEnergies, integrals: { overlap, orbitals } }: RestrictedMeanField,
  atoms: ReadonlyArray<number>
): Effect.Effect<Partition, MeanFieldError> => Effect.suspend(() => {
  const size = orbitals.count
  const of = atomsOf(orbitals)
  const places = Array.from(of.keys()).filter((row) => atoms.includes(of[row] ?? -1))
  const full = columns(orbitalCoefficients, orbitalEnergies.length, Array.from({ length: occupied }, (_, i) => i))
  const orthogonal = multiply(spectral(overlap, size, Math.sqrt), full, size, size, occupied)
  if (places.length === 0 || atoms.some((atom) => !of.includes(atom)))
    return Effect.fail(MeanFieldError.of("atoms", `expected atoms of the molecule from 0, got ${atoms.join(" ")}`))
  const rows = Math.max(places.length, occupied)
  const data = new Float64Array(rows * occupied)
  places.forEach((place, row) => {
    data.set(orthogonal.subarray(place * occupied, (place + 1) * occupied), row * occupied)
  })
  // rows of zeros beneath make every right singular vector come out
  const { values, right } = svd({ rows, columns: occupied, data })
  const parts = values.data
  let [pairs, widest] = [occupied, parts[occupied - 1]!]
  for (let at = 1; at < occupied; at++)
    if (parts[at - 1]! - parts[at]! > widest) {
      pairs = at
      widest = parts[at - 1]! - parts[at]!
    }
  return Effect.succeed({ orbitals: multiply(full, right.data, size, occupied, occupied), parts, pairs })
})

/** A core in the field of the rest. */
export interface ProjectedCore extends CoreOrbitals {
  /** The energy of the molecule with this core's determinant, in Ha. */
  readonly energy: number
  /** Orbital energies of the core's orbitals. */
  readonly energies: Float64Array
  /** Eigenvalues of the environment's own orbitals, ascending: their energies with the opposite sign. */
  readonly projected: Float64Array
  /** Occupied orbitals of the environment, atomic orbitals x orbitals. */
  readonly outside: Float64Array
  readonly iterations: number
}

/** C C^T. */
const projector = (of: Float64Array, size: number, count: number): Float64Array =>
  multiply(of, transpose(of, size, count), size, count, size)

/**
 * The core's mean field: (F - F D S - S D F) C = S C e, D the projector on the environment's orbitals, which come out
 * with their energies turned round and are left out; the lowest of the others are full.
 */
export const project = (
  field: RestrictedMeanField, { orbitals: given, pairs }: Partition,
  { tolerance = 1e-9, maximumIterations = 100 } = {}
): Effect.Effect<ProjectedCore, MeanFieldError> => Effect.gen(function*() {
  const { occupied, nuclearRepulsion } = field
  const { overlap, coreHamiltonian: h, repulsion, orbitals: { count: size } } = field.integrals
  const chosen = (from: number, to: number): Float64Array =>
    columns(given, occupied, Array.from({ length: to - from }, (_, at) => from + at))
  const outside = chosen(pairs, occupied)
  const rest = projector(outside, size, occupied - pairs)
  const environment = rest.map((value) => 2 * value)
  const basis = orthogonalise(overlap, size, 1e-8)
  const restOverlap = multiply(rest, overlap, size, size, size)
  const within = multiply(overlap, restOverlap, size, size, size)
  let inside = projector(chosen(0, pairs), size, pairs)
  for (let iteration = 1; iteration <= maximumIterations; iteration++) {
    const density = environment.map((value, at) => value + 2 * inside[at]!)
    const fock = yield* fockMatrix(h, repulsion, density)
    const energy = nuclearRepulsion + (trace(density, h) + trace(density, fock)) / 2
    const folded = multiply(fock, restOverlap, size, size, size)
    const huzinaga = fock.map((value, at) =>
      value - folded[at]! - folded[(at % size) * size + Math.floor(at / size)]!)
    const { energies, coefficients } = rotated(huzinaga, basis, size)
    const kept = energies.length
    const weights = between(coefficients, within, coefficients, size, kept, kept)
    const own = Array.from(energies.keys()).filter((column) => weights[column * (kept + 1)]! < 0.5)
    const found = columns(coefficients, kept, own)
    const full = columns(found, own.length, Array.from({ length: pairs }, (_, at) => at))
    const next = projector(full, size, pairs)
    const change = next.reduce((worst, value, at) => Math.max(worst, Math.abs(value - inside[at]!)), 0)
    inside = next
    if (change < tolerance) return {
      count: own.length, columns: found, electrons: 2 * pairs, environment, energy, outside, iterations: iteration,
      energies: Float64Array.from(own, (column) => energies[column]!),
      projected: energies.filter((_, column) => !own.includes(column))
    }
  }
  return yield* MeanFieldError.of("projection", `the core did not converge in ${maximumIterations} iterations`)
})

/** Energies of the environment's occupied orbitals, ascending, in the mean field of the molecule. */
export const environmentEnergies = (
  { fock, integrals: { orbitals: { count: size } } }: RestrictedMeanField, { outside }: ProjectedCore
): Float64Array => {
  const count = outside.length / size
  return eigh({ rows: count, columns: count, data: between(outside, fock, outside, size, count, count) }).values.data
}
