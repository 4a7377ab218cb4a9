/** What the laws of guiding states are held on: PySCF's numbers, random Hamiltonians, and systems put side by side. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { FileSystem } from "effect"
import { Effect, Layer, ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { afterAll } from "vitest"
import type { Backend } from "../../../../src/algebra/backend.ts"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import type { State } from "../../../../src/methods/chemistry/correlation/fci.ts"
import { fci } from "../../../../src/methods/chemistry/correlation/fci.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { jordanWigner } from "../../../../src/methods/chemistry/guiding-states/jordan-wigner.ts"
import { meanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { molecularHamiltonian } from "../../../../src/methods/chemistry/molecular-hamiltonian.ts"
import { make } from "../../../../src/methods/chemistry/molecule.ts"
import { random as randomHamiltonian } from "../correlation/hamiltonians.ts"
import { geometry } from "../molecules.ts"
import pyscf from "./reference/pyscf.json" with { type: "json" }

export { apart } from "../correlation/hamiltonians.ts"

export const reference = pyscf

/** Runs chemistry for the file of laws that asks for it. */
export const chemistry = () => {
  const runtime = ManagedRuntime.make(Layer.merge(NodeServices.layer, Cpu.layerWith({ threads: 1 })))
  afterAll(() => runtime.dispose())
  return <A, E>(effect: Effect.Effect<A, E, Backend | FileSystem.FileSystem>): Promise<A> => runtime.runPromise(effect)
}

/** The mean field of atoms between semicolons, in angstrom. */
export const fieldOf = (atoms: string, basis: string) =>
  Effect.flatMap(make(geometry(atoms)), (molecule) => meanField(molecule, { basis }))

/** The Hamiltonian of atoms between semicolons over the orbitals of their mean field. */
export const hamiltonianOf = (atoms: string, basis: string) =>
  Effect.flatMap(fieldOf(atoms, basis), (field) => molecularHamiltonian(field))

/** A molecule of the reference. */
export const molecule = (name: string) => {
  const found = reference.molecules.find((each) => each.name === name)
  if (found === undefined) throw new RangeError(`no molecule ${name} in the reference`)
  return found
}

/** Hydrogen atoms along z. */
export const chain = (count: number, spacing: number): string =>
  Array.from({ length: count }, (_, at) => `H 0 0 ${at * spacing}`).join("; ")

/** The ground state. */
export const ground = (of: Hamiltonian): Effect.Effect<State, unknown> =>
  Effect.flatMap(fci(of, { tolerance: 1e-10, iterations: 1000 }), ([state]) =>
    (state === undefined ? Effect.fail("no state") : Effect.succeed(state)))

/** A random Hamiltonian whose electrons are correlated. */
export const random = (seed: number, orbitals: number, electrons: number): Hamiltonian =>
  randomHamiltonian({ spacing: 1, coupling: 0.2, repulsion: 0.05 }, seed, orbitals, electrons)

export const seeds = fc.integer({ min: 0, max: 2 ** 30 })

/** Random Hamiltonians that are diagonalised at once. */
export const systems = fc.tuple(seeds, fc.integer({ min: 3, max: 5 }), fc.constantFrom(2, 4))
  .map(([seed, orbitals, electrons]) => random(seed, orbitals, electrons))

/** A Hamiltonian over qubits. */
export const qubitsOf = (of: Hamiltonian) => Effect.runSync(jordanWigner(of))

/** The largest difference of two lists. */
export const worst = (left: ArrayLike<number>, right: ArrayLike<number>): number =>
  left.length !== right.length
    ? Infinity
    : Array.from(left).reduce((far, value, at) => {
      const off = Math.abs(value - (right[at] ?? NaN))
      return off <= far ? far : Number.isNaN(off) ? Infinity : off
    }, 0)

export const total = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0)
