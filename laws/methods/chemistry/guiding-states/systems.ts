/** What the laws of guiding states are held on: PySCF's numbers, random Hamiltonians, and systems put side by side. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { FileSystem } from "effect"
import { Effect, Layer, ManagedRuntime } from "effect"
import * as fc from "fast-check"
import { afterAll } from "vitest"
import type { Backend } from "../../../../src/algebra/backend.ts"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import * as Key from "../../../../src/core/key.ts"
import type { State } from "../../../../src/methods/chemistry/correlation/fci.ts"
import { fci } from "../../../../src/methods/chemistry/correlation/fci.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { jordanWigner } from "../../../../src/methods/chemistry/guiding-states/jordan-wigner.ts"
import { meanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { molecularHamiltonian } from "../../../../src/methods/chemistry/molecular-hamiltonian.ts"
import { make } from "../../../../src/methods/chemistry/molecule.ts"
import { geometry } from "../molecules.ts"
import pyscf from "./reference/pyscf.json" with { type: "json" }

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

/** A random Hamiltonian: levels, one-body coupling, and repulsion as a sum of squares, as Coulomb's is positive. */
export const random = (seed: number, orbitals: number, electrons: number): Hamiltonian => {
  const n = orbitals
  const symmetric = (key: Key.Key): Float64Array => {
    const drawn = Key.normal(key, n * n)
    return drawn.map((value, pq) => (value + (drawn[(pq % n) * n + Math.floor(pq / n)] ?? 0)) / 2)
  }
  const [first, ...factors] = Key.split(Key.make(seed), 4)
  const oneBody = symmetric(first ?? Key.make(0)).map((value, pq) =>
    0.2 * value + (pq % (n + 1) === 0 ? pq / (n + 1) - 3 : 0))
  const twoBody = new Float64Array(n ** 4)
  for (const key of factors) {
    const factor = symmetric(key)
    for (let pqrs = 0; pqrs < n ** 4; pqrs++)
      twoBody[pqrs] = (twoBody[pqrs] ?? 0)
        + 0.05 * (factor[Math.floor(pqrs / n ** 2)] ?? 0) * (factor[pqrs % n ** 2] ?? 0)
  }
  return { orbitals, electrons, core: 0.5, oneBody, twoBody }
}

export const seeds = fc.integer({ min: 0, max: 2 ** 30 })

/** Random Hamiltonians that are diagonalised at once. */
export const systems = fc.tuple(seeds, fc.integer({ min: 3, max: 5 }), fc.constantFrom(2, 4))
  .map(([seed, orbitals, electrons]) => random(seed, orbitals, electrons))

/** Two systems that do not interact, occupied orbitals of both first. */
export const apart = (left: Hamiltonian, right: Hamiltonian): Hamiltonian => {
  const place = (system: 0 | 1, p: number): number => {
    const [a, b] = [left.electrons / 2, right.electrons / 2]
    if (system === 0) return p < a ? p : p + b
    return p < b ? a + p : left.orbitals + p
  }
  const n = left.orbitals + right.orbitals
  const oneBody = new Float64Array(n ** 2)
  const twoBody = new Float64Array(n ** 4)
  for (const [system, of] of [[0, left], [1, right]] as const) {
    const m = of.orbitals
    const at = (p: number): number => place(system, p)
    of.oneBody.forEach((value, pq) => { oneBody[at(Math.floor(pq / m)) * n + at(pq % m)] = value })
    of.twoBody.forEach((value, pqrs) => {
      const [p, q] = [Math.floor(pqrs / m ** 3), Math.floor(pqrs / m ** 2) % m]
      const [r, s] = [Math.floor(pqrs / m) % m, pqrs % m]
      twoBody[((at(p) * n + at(q)) * n + at(r)) * n + at(s)] = value
    })
  }
  return { orbitals: n, electrons: left.electrons + right.electrons, core: left.core + right.core, oneBody, twoBody }
}

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
