/**
 * What correlation methods conserve: energies under rotations of the orbitals, their sum over systems that do not
 * interact, the exact answer for two electrons, and the variational bound. Hamiltonians are drawn at random around a
 * molecule-like diagonal, so that none of it rests on a particular molecule.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Backend } from "../../../../src/algebra/backend.ts"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import { ccsd } from "../../../../src/methods/chemistry/correlation/ccsd.ts"
import { fci } from "../../../../src/methods/chemistry/correlation/fci.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import {
  make, referenceEnergy, rotate, semicanonical
} from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { mp2 } from "../../../../src/methods/chemistry/correlation/mp2.ts"
import { runner } from "../../../backends.ts"
import { caseOf } from "./cases.ts"
import { apart, random as randomHamiltonian } from "./hamiltonians.ts"
import { rotation } from "./rotation.ts"

const cpu = runner({ name: "cpu", layer: Cpu.layer })

/** Well separated levels: coupled cluster has no solution to find where repulsion is not small beside them. */
const random = (seed: number, orbitals: number, electrons: number): Hamiltonian =>
  randomHamiltonian({ spacing: 1.5, coupling: 0.05, repulsion: 0.01 }, seed, orbitals, electrons)

type Energy = (of: Hamiltonian) => Effect.Effect<number, unknown, Backend>

const methods: { readonly [Name in "mp2" | "ccsd" | "fci"]: Energy } = {
  mp2: (of: Hamiltonian) => Effect.map(mp2(of), (correlation) => referenceEnergy(of) + correlation),
  ccsd: (of: Hamiltonian) => Effect.map(ccsd(of, { tolerance: 1e-11 }), ({ correlation }) =>
    referenceEnergy(of) + correlation),
  fci: (of: Hamiltonian) => Effect.map(fci(of, { tolerance: 1e-9 }), ([state]) => state?.energy ?? NaN)
}

const seeds = fc.integer({ min: 0, max: 2 ** 30 })
const systems = fc.tuple(seeds, fc.integer({ min: 3, max: 5 }), fc.constantFrom(2, 4))
  .map(([seed, orbitals, electrons]) => random(seed, orbitals, electrons))
// the seed is fixed, since whether the equations of coupled cluster converge is no law
const settings = { numRuns: 8, seed: 2024 }
const apartBy = (left: number, right: number): number => Math.abs(left - right)

describe("correlation methods", () => {
  test("leave energies unchanged when occupied and virtual orbitals are rotated among themselves", () =>
    fc.assert(fc.asyncProperty(systems, seeds, async (of, seed) => {
      const turned = rotate(of, rotation(seed, of.orbitals, [of.electrons / 2]))
      for (const method of [methods.mp2, methods.ccsd, methods.fci])
        expect(apartBy(await cpu.effect(method(of)), await cpu.effect(method(turned)))).toBeLessThan(1e-9)
    }), settings))

  test("that are exact leave energies unchanged under any rotation of the orbitals; others do not", async () => {
    await fc.assert(fc.asyncProperty(systems, seeds, async (of, seed) => {
      const turned = rotate(of, rotation(seed, of.orbitals, []))
      expect(apartBy(await cpu.effect(methods.fci(of)), await cpu.effect(methods.fci(turned)))).toBeLessThan(1e-9)
    }), settings)
    const of = random(1, 4, 4)
    const turned = rotate(of, rotation(2, 4, []))
    expect(apartBy(await cpu.effect(methods.mp2(of)), await cpu.effect(methods.mp2(turned)))).toBeGreaterThan(1e-6)
  })

  test("give systems that do not interact the sum of their energies", () =>
    fc.assert(fc.asyncProperty(systems, systems, async (left, right) => {
      const both = apart(left, right)
      const sum = async (method: typeof methods.mp2) =>
        (await cpu.effect(method(left))) + (await cpu.effect(method(right)))
      for (const method of [methods.mp2, methods.ccsd])
        expect(apartBy(await cpu.effect(method(both)), await sum(method))).toBeLessThan(1e-9)
      // the exact state of both may lie lower still, with an electron of one moved to the other
      expect(await cpu.effect(methods.fci(both))).toBeLessThanOrEqual((await sum(methods.fci)) + 1e-9)
    }), { ...settings, numRuns: 4 }))

  test("that are exact give molecules far apart the sum of their energies, neutral parts being lowest", async () => {
    for (const [one, other] of [["h2-6-31g", "h2-6-31g"], ["h2-6-31g", "h4-sto-3g"]] as const) {
      const [left, right] = [caseOf(one).hamiltonian, caseOf(other).hamiltonian]
      const sum = (await cpu.effect(methods.fci(left))) + (await cpu.effect(methods.fci(right)))
      expect(apartBy(await cpu.effect(methods.fci(apart(left, right))), sum)).toBeLessThan(1e-9)
    }
  })

  test("by coupled cluster are exact for two electrons, in any orbitals, and by MP2 are not", async () => {
    await fc.assert(fc.asyncProperty(seeds, fc.integer({ min: 2, max: 5 }), async (seed, orbitals) => {
      const of = random(seed, orbitals, 2)
      expect(apartBy(await cpu.effect(methods.ccsd(of)), await cpu.effect(methods.fci(of)))).toBeLessThan(1e-9)
    }), settings)
    const of = random(3, 4, 2)
    expect(apartBy(await cpu.effect(methods.mp2(of)), await cpu.effect(methods.fci(of)))).toBeGreaterThan(1e-6)
  })

  test("never find the exact energy above that of the determinant", () =>
    fc.assert(fc.asyncProperty(systems, async (of) => {
      expect(await cpu.effect(methods.fci(of))).toBeLessThanOrEqual(referenceEnergy(of) + 1e-10)
    }), settings))
})

describe("a Hamiltonian", () => {
  const good = random(5, 3, 2)
  const refused = (of: Hamiltonian) => Effect.runSync(Effect.flip(make(of)))

  test("is refused with its field when its numbers make none", () => {
    const bent = Float64Array.from(good.twoBody)
    bent[1] = NaN
    const leaning = Float64Array.from(good.oneBody)
    leaning[1] = 7
    const faults: ReadonlyArray<readonly [string, Partial<Hamiltonian>]> = [
      ["electrons", { electrons: 3 }], ["electrons", { electrons: 8 }], ["electrons", { electrons: 0 }],
      ["orbitals", { orbitals: 0 }], ["core", { core: NaN }], ["oneBody", { oneBody: leaning }],
      ["twoBody", { twoBody: bent }], ["twoBody", { twoBody: new Float64Array(3) }]
    ]
    for (const [field, change] of faults) expect(refused({ ...good, ...change }).field).toBe(field)
    expect(Effect.runSync(make(good))).toBe(good)
  })

  test("that would not fit is refused before anything is computed", async () => {
    const memory = 10
    const asked: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }, Backend>> =
      [mp2(good, { memory }), ccsd(good, { memory }), fci(good, { memory })]
    for (const method of asked) expect((await cpu.effect(Effect.flip(method)))._tag).toBe("TooLarge")
  })

  test("whose amplitudes did not converge can be gone on from", async () => {
    const of = random(6, 5, 4)
    const whole = await cpu.effect(ccsd(of))
    const stopped = await cpu.effect(Effect.flip(ccsd(of, { iterations: 3 })))
    if (stopped._tag !== "NotConverged") throw stopped
    const resumed = await cpu.effect(ccsd(of, { start: stopped.amplitudes }))
    expect(resumed.iterations).toBeLessThan(whole.iterations)
    expect(apartBy(resumed.correlation, whole.correlation)).toBeLessThan(1e-9)
  })

  test("in semicanonical orbitals has the same determinant and a diagonal Fock matrix in each space", () => {
    const { hamiltonian } = semicanonical(good)
    expect(apartBy(referenceEnergy(hamiltonian), referenceEnergy(good))).toBeLessThan(1e-12)
  })
})
