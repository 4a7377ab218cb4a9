/**
 * Density matrices give the energy, have the right traces and symmetry and could come from electrons; natural orbitals
 * and overlaps follow from them. Those of exact states are PySCF's.
 */
import { Effect, Layer } from "effect"
import { describe, expect, test } from "vitest"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import {
  energyOf, natural, ofReference, ofState, spinSquare
} from "../../../../src/methods/chemistry/correlation/density-matrices.ts"
import type { State } from "../../../../src/methods/chemistry/correlation/fci.ts"
import { fci } from "../../../../src/methods/chemistry/correlation/fci.ts"
import { referenceEnergy, rotate } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { closedShell, overlap } from "../../../../src/methods/chemistry/correlation/overlap.ts"
import * as Solvers from "../../../../src/methods/chemistry/correlation/solver.ts"
import { runner } from "../../../backends.ts"
import type { Case } from "./cases.ts"
import { caseOf } from "./cases.ts"
import { rotation } from "./rotation.ts"

const some = ["h2-6-31g", "h4-sto-3g", "lih-sto-3g", "water-sto-3g", "nitrogen-stretched-sto-3g"].map(caseOf)
const cpu = runner({ name: "cpu", layer: Cpu.layer })

const stateOf = async ({ hamiltonian }: Case): Promise<State> => {
  const [state] = await Effect.runPromise(fci(hamiltonian, { iterations: 1000 }))
  if (state === undefined) throw new RangeError("no state")
  return state
}
const worst = (left: ArrayLike<number>, right: ArrayLike<number>): number =>
  Array.from(left).reduce((far, value, index) => Math.max(far, Math.abs(value - (right[index] ?? NaN))), 0)

describe("density matrices of exact states", () => {
  test.each(some)("of $name are PySCF's, with their energy, traces, symmetry, bounds and spin", async (molecule) => {
    const { hamiltonian, expected } = molecule
    const { orbitals: n, electrons } = hamiltonian
    const state = await stateOf(molecule)
    const matrices = ofState(state)
    expect(worst(matrices.one, expected.fciDensity ?? [])).toBeLessThan(1e-5)
    expect(Math.abs(energyOf(hamiltonian, matrices) - state.energy)).toBeLessThan(1e-10)
    let [trace, pairs] = [0, 0]
    for (let p = 0; p < n; p++) {
      trace += matrices.one[p * (n + 1)] ?? NaN
      for (let q = 0; q < n; q++) pairs += matrices.two[(p * n + p) * n * n + q * n + q] ?? NaN
    }
    expect(Math.abs(trace - electrons)).toBeLessThan(1e-10)
    expect(Math.abs(pairs - electrons * (electrons - 1))).toBeLessThan(1e-9)
    for (let pq = 0; pq < n * n; pq++)
      for (let rs = 0; rs < n * n; rs++)
      {
        const [left, right] = [matrices.two[pq * n * n + rs] ?? NaN, matrices.two[rs * n * n + pq] ?? NaN]
        expect(Math.abs(left - right)).toBeLessThan(1e-9)
      }
    const { occupations } = natural(matrices.one, n)
    expect(worst(occupations, expected.naturalOccupations ?? [])).toBeLessThan(1e-6)
    for (const occupation of occupations) {
      expect(occupation).toBeGreaterThan(-1e-10)
      expect(occupation).toBeLessThan(2 + 1e-10)
    }
    expect(Math.abs(spinSquare(matrices))).toBeLessThan(1e-8)
  })

  test("without the exchange of equal electrons are caught by their energy", async () => {
    const [molecule] = some
    if (molecule === undefined) throw new RangeError("no molecule")
    const { hamiltonian } = molecule
    const n = hamiltonian.orbitals
    const { one, two } = ofReference(hamiltonian)
    const wrong = two.map((_, pqrs) => (one[Math.floor(pqrs / n ** 2)] ?? 0) * (one[pqrs % n ** 2] ?? 0))
    expect(Math.abs(energyOf(hamiltonian, { one, two: wrong }) - referenceEnergy(hamiltonian))).toBeGreaterThan(1e-3)
  })
})

describe("the overlap of determinants with an exact state", () => {
  test.each(some)("of $name is PySCF's, and does not depend on the orbitals of the state", async (molecule) => {
    const state = await stateOf(molecule)
    const found = overlap(state, [{ weight: 1, ...closedShell(state.strings) }]) ** 2
    expect(Math.abs(found - (molecule.expected.referenceWeight ?? NaN))).toBeLessThan(1e-6)
    const n = molecule.hamiltonian.orbitals
    const turn = rotation(4, n, [])
    const turned = await stateOf({ ...molecule, hamiltonian: rotate(molecule.hamiltonian, turn) })
    // the old orbitals over the new ones
    const back = turn.map((_, pq) => turn[(pq % n) * n + Math.floor(pq / n)] ?? NaN)
    const again = overlap(turned, [{ weight: 1, ...closedShell(turned.strings) }], back) ** 2
    expect(Math.abs(found - again)).toBeLessThan(1e-7)
  })
})

describe("solvers", () => {
  const { hamiltonian, expected } = caseOf("water-sto-3g")
  const layers: ReadonlyArray<readonly [string, Layer.Layer<Solvers.Solver, unknown>, number]> = [
    ["hf", Solvers.hartreeFock, expected.hartreeFock],
    ["mp2", Layer.provide(Solvers.secondOrder(), Cpu.layer), expected.mp2],
    ["ccsd", Layer.provide(Solvers.coupledCluster(), Cpu.layer), expected.ccsd],
    ["ccsd(t)", Layer.provide(Solvers.coupledClusterTriples(), Cpu.layer), expected.ccsd + expected.triples],
    ["fci", Solvers.exact(), expected.fci?.[0] ?? NaN]
  ]
  test.each(layers)("%s gives its energy, and density matrices that give it too", async (name, layer, energy) => {
    const solved = await cpu.effect(Effect.provide(Effect.gen(function* () {
      const solver = yield* Solvers.Solver
      expect(solver.name).toBe(name)
      return yield* solver.solve(hamiltonian)
    }), layer))
    expect(Math.abs(solved.energy - energy)).toBeLessThan(1e-8)
    expect(Math.abs(solved.energy - solved.correlation - expected.hartreeFock)).toBeLessThan(1e-9)
    if (solved.densityMatrices !== undefined)
      expect(Math.abs(energyOf(hamiltonian, solved.densityMatrices) - solved.energy)).toBeLessThan(1e-8)
  })
})
