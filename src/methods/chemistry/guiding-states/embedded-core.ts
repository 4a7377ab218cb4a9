/**
 * A few electrons of a molecule in the field of the others, which stay in the determinant of the mean field: the
 * Hamiltonian over some orbitals, orthogonal to the environment's, with the environment as a field and in the constant
 * (2408.01940, quantum cores). Its mean field is that of the molecule: the total energy is conserved.
 */
import { Effect } from "effect"
import type { ShapeError } from "../../../algebra/axis.ts"
import type { Backend, BackendError } from "../../../algebra/backend.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { between, spectral } from "../localisation/matrices.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import { fockMatrix } from "../mean-field/coulomb-exchange.ts"
import { multiply, trace, transpose } from "../mean-field/dense.ts"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import { transform } from "../molecular-hamiltonian.ts"
import { embeddingSpace } from "../schmidt.ts"

/** Orbitals of a core, and the electrons around it. */
export interface CoreOrbitals {
  readonly count: number
  /** Atomic orbitals x orbitals, orthonormal columns; those of the core's determinant first. */
  readonly columns: Float64Array
  /** Electrons of the core. */
  readonly electrons: number
  /** The spin-summed density of the environment, over atomic orbitals. */
  readonly environment: Float64Array
}

/** The Hamiltonian of a core; energies are those of the whole molecule. */
export const coreHamiltonian = (
  { integrals: { coreHamiltonian: h, repulsion, nuclearRepulsion, orbitals: { count: size } } }: RestrictedMeanField,
  { count, columns, electrons, environment }: CoreOrbitals
): Effect.Effect<Hamiltonian, BackendError | ShapeError, Backend> => Effect.gen(function*() {
  const field = yield* fockMatrix(h, repulsion, environment)
  return {
    orbitals: count,
    electrons,
    core: nuclearRepulsion + (trace(environment, h) + trace(environment, field)) / 2,
    oneBody: between(columns, field, columns, size, count, count),
    twoBody: yield* transform(repulsion, columns, count)
  }
})

/**
 * The core that some atoms and the bath of their Lowdin orbitals make, by the Schmidt decomposition of the mean field's
 * determinant; over the orbitals that determinant has within it, full ones first.
 */
export const schmidtCore = (
  field: RestrictedMeanField, sites: ReadonlyArray<number>
): Effect.Effect<Hamiltonian, BackendError | ShapeError, Backend> => Effect.gen(function*() {
  const { density, integrals: { overlap, orbitals: { count: size } } } = field
  const [root, back] = [Math.sqrt, (value: number) => 1 / Math.sqrt(value)].map((f) => spectral(overlap, size, f))
  if (root === undefined || back === undefined) throw new RangeError("two roots were asked for")
  // the density of one spin over Lowdin orbitals
  const within = between(root, density.map((value) => value / 2), root, size, size, size)
  const { count, orbitals } = embeddingSpace(within, size, sites)
  const held = between(orbitals, within, orbitals, size, count, count)
  const { values, vectors } = eigh({ rows: count, columns: count, data: held.map((value) => -value) })
  const electrons = 2 * Math.round(values.data.reduce((sum, value) => sum - value, 0))
  const columns = multiply(back, multiply(orbitals, vectors.data, size, count, count), size, size, count)
  const pairs = electrons / 2
  const full = Float64Array.from({ length: size * pairs }, (_, at) =>
    columns[Math.floor(at / pairs) * count + at % pairs]!)
  const inside = multiply(full, transpose(full, size, pairs), size, pairs, size)
  const environment = density.map((value, at) => value - 2 * inside[at]!)
  return yield* coreHamiltonian(field, { count, columns, electrons, environment })
})
