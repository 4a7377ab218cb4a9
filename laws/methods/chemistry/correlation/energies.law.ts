/**
 * Energies are PySCF's: mean field, MP2, CCSD, (T) and exact, for every molecule of reference/, within 1e-8 Ha (exact
 * ones 1e-9). A wrong sign in one intermediate is seen.
 */
import { Effect } from "effect"
import { describe, expect, test } from "vitest"
import { negate } from "../../../../src/algebra/tensor.ts"
import { ccsd } from "../../../../src/methods/chemistry/correlation/ccsd.ts"
import { intermediates } from "../../../../src/methods/chemistry/correlation/ccsd-equations.ts"
import { fci } from "../../../../src/methods/chemistry/correlation/fci.ts"
import { make, referenceEnergy } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { mp2 } from "../../../../src/methods/chemistry/correlation/mp2.ts"
import { triples } from "../../../../src/methods/chemistry/correlation/triples.ts"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import { backends, runner } from "../../../backends.ts"
import { caseOf, cases } from "./cases.ts"

const cpu = runner({ name: "cpu", layer: Cpu.layer })

/** Determinants of a problem that takes about a second at most. */
const short = 20_000
const exactly = cases.filter(({ hamiltonian: { orbitals, electrons }, expected }) => {
  let strings = 1
  for (let index = 1; index <= electrons / 2; index++) strings *= (orbitals - electrons / 2 + index) / index
  return expected.fci !== undefined && strings ** 2 <= short
})

describe("energies of molecules", () => {
  test.each(cases)("of $name are PySCF's, by MP2, CCSD and (T)", async ({ hamiltonian, expected }) => {
    const found = await cpu.effect(Effect.gen(function* () {
      const of = yield* make(hamiltonian)
      const cluster = yield* ccsd(of)
      return { second: yield* mp2(of), cluster, triples: yield* triples(of, cluster.amplitudes) }
    }))
    const reference = referenceEnergy(hamiltonian)
    expect(Math.abs(reference - expected.hartreeFock)).toBeLessThan(1e-9)
    expect(Math.abs(reference + found.second - expected.mp2)).toBeLessThan(1e-8)
    expect(Math.abs(reference + found.cluster.correlation - expected.ccsd)).toBeLessThan(1e-8)
    expect(Math.abs(found.triples - expected.triples)).toBeLessThan(1e-8)
  })

  test.each(exactly)("of $name are PySCF's, exactly, for several states", async ({ hamiltonian, expected }) => {
    const energies = expected.fci ?? []
    const states = await Effect.runPromise(fci(hamiltonian, { roots: energies.length }))
    expect(states).toHaveLength(energies.length)
    states.forEach(({ energy }, root) => expect(Math.abs(energy - (energies[root] ?? NaN))).toBeLessThan(1e-9))
  })

  const { hamiltonian, expected } = caseOf("lih-sto-3g")
  const clusterEnergy = (equations: typeof intermediates) =>
    Effect.map(ccsd(hamiltonian, { equations }), ({ correlation }) =>
      expected.hartreeFock + correlation - expected.ccsd)

  test("are the same on every backend", async () => {
    for (const backend of backends.filter(({ float = "f64" }) => float === "f64"))
      expect(Math.abs(await Effect.runPromise(Effect.provide(clusterEnergy(intermediates), backend.layer))))
        .toBeLessThan(1e-8)
  })

  test("by CCSD with a wrong sign in any one intermediate are caught", async () => {
    const wrong: ReadonlyArray<Partial<typeof intermediates>> = [
      { occupiedMean: (terms) => negate(intermediates.occupiedMean(terms)) },
      { virtualMean: (terms) => negate(intermediates.virtualMean(terms)) },
      { mixedMean: (terms) => negate(intermediates.mixedMean(terms)) },
      { occupiedDressed: (terms) => negate(intermediates.occupiedDressed(terms)) },
      { virtualDressed: (terms) => negate(intermediates.virtualDressed(terms)) },
      { holes: (terms) => negate(intermediates.holes(terms)) },
      { particles: (terms) => negate(intermediates.particles(terms)) },
      { ring: (terms) => negate(intermediates.ring(terms)) },
      { crossedRing: (terms) => negate(intermediates.crossedRing(terms)) }
    ]
    for (const change of wrong) {
      // a wrong equation may have no solution at all
      const off = await cpu.effect(Effect.catchTag(
        clusterEnergy({ ...intermediates, ...change }), "NotConverged", () => Effect.succeed(Infinity)))
      expect(Math.abs(off), Object.keys(change).join()).toBeGreaterThan(1e-8)
    }
  })
})
