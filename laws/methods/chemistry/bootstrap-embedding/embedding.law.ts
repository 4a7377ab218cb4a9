/**
 * The laws of bootstrap embedding: quemb's energies, the mean field by fragments, the solver's own answer where one
 * fragment is all, electrons, symmetry, and separate molecules.
 */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Configuration } from "../../../../src/methods/chemistry/bootstrap-embedding/index.ts"
import {
  BootstrapEmbedding, conservation, embed, prepare
} from "../../../../src/methods/chemistry/bootstrap-embedding/index.ts"
import {
  fragmentField, meanFieldEnergy, solveFragment
} from "../../../../src/methods/chemistry/bootstrap-embedding/fragment-solution.ts"
import { correlationEnergy } from "../../../../src/methods/chemistry/correlation-energy.ts"
import type { MethodName } from "../../../../src/methods/chemistry/correlation/solver.ts"
import { named } from "../../../../src/methods/chemistry/correlation/solver.ts"
import { EnergyMethod } from "../../../../src/methods/chemistry/energy-method.ts"
import { trace } from "../../../../src/methods/chemistry/mean-field/dense.ts"
import { apart, chemistry, distortedWater, reordered } from "../molecules.ts"
import { chain, embedded, fieldOf, hydrogens, moleculeNamed, reference } from "./embedded.ts"

const run = chemistry()

/** How far correlation energies may be from quemb's, in Ha: what a matching leaves at 1e-8. */
const parity = 1e-7

/** Hydrogens in pairs on a line, near equilibrium: their mean field is a minimum. */
const pairs = (count: number): fc.Arbitrary<ReadonlyArray<number>> =>
  fc.array(fc.double({ min: -0.08, max: 0.08, noNaN: true }), { minLength: count, maxLength: count })
    .map((moved) => moved.map((shift, at) => 0.95 * at + 0.1 * (at % 2) + shift))

const few = { numRuns: 3 }

describe("energies are quemb's", () => {
  for (const wanted of reference.cases) {
    const { correlation, meanField, molecule, solver, count, orbitals, byFragments, ...configuration } = wanted
    const { basis, energy, fragments, frozenCore, localisation, matching } = configuration
    const title = [molecule, basis, fragments, matching, solver, energy === "cumulant" ? "" : energy,
      frozenCore === true ? "frozen core" : "", localisation].filter((part) => part !== "").join(", ")
    test(title, async () => {
      const found = await run(embedded(moleculeNamed(molecule), solver, { ...configuration, tolerance: 1e-8 }))
      expect(Math.abs(found.meanField - meanField)).toBeLessThan(1e-9)
      expect(Math.abs(found.meanFieldByFragments - byFragments)).toBeLessThan(1e-8)
      expect(found.fragments.map(({ bath, sites }) => bath + sites).sort()).toEqual([...orbitals].sort())
      expect(found.fragments).toHaveLength(count)
      expect(Math.abs(found.correlation - correlation)).toBeLessThan(parity)
    })
  }
})

describe("the mean field", () => {
  const cases: ReadonlyArray<readonly [molecule: string, basis: string, configuration: Configuration]> = [
    ["propane", "sto-3g", { fragments: "be1", frozenCore: true }],
    ["propene", "sto-3g", { fragments: "be1" }],
    ["propane", "6-31g", { fragments: "be1", localisation: "iao", frozenCore: true }],
    ["H6 chain", "6-31g", { localisation: "iao" }]
  ]

  test("by fragments is that of the molecule, and stands still in each of them", async () => {
    for (const [name, basis, configuration] of cases) {
      const field = await run(fieldOf(moleculeNamed(name), basis))
      const { prepared, valence } = await run(prepare(field, configuration))
      const energies = await Promise.all(prepared.map(async (problem) => {
        const { density, iterations } = await run(fragmentField(problem))
        expect(apart(density, problem.density), name).toBeLessThan(1e-6)
        expect(iterations).toBeLessThan(4)
        return run(meanFieldEnergy(problem, problem.density))
      }))
      expect(Math.abs(valence.core + energies.reduce((sum, energy) => sum + energy, 0) - field.energy), name)
        .toBeLessThan(1e-9)
    }
  })

  test("as solver gives no correlation and nothing to match", async () => {
    await fc.assert(fc.asyncProperty(pairs(6), async (places) => {
      const found = await run(embedded(hydrogens(places), "hf", { matching: "full", tolerance: 1e-6 }))
      expect(found.matching).toHaveLength(1)
      expect(Math.abs(found.correlation)).toBeLessThan(1e-9)
      expect(conservation.verdicts(found, true).every(({ holds }) => holds)).toBe(true)
    }), few)
  })
})

describe("one fragment that is the molecule", () => {
  test("gives the solver's answer, by the cumulant and by whole density matrices", async () => {
    const kind = fc.constantFrom("lowdin", "iao")
    await fc.assert(fc.asyncProperty(distortedWater, kind, async (molecule, localisation) => {
      const field = await run(fieldOf(molecule))
      for (const solver of ["ccsd", "fci"] as const) {
        const { correlation } = await run(correlationEnergy(field, solver))
        for (const energy of ["cumulant", "density-matrices"] as const) {
          const found = await run(embed(field, { energy, localisation }).pipe(Effect.provide(named(solver))))
          expect(found.fragments[0]?.bath).toBe(0)
          expect(Math.abs(found.correlation - correlation), `${solver}, ${energy}`).toBeLessThan(1e-8)
        }
      }
    }), { numRuns: 2 })
  })

  test("and fragments with a bath for all the rest do too", async () => {
    await fc.assert(fc.asyncProperty(pairs(6), async (places) => {
      const field = await run(fieldOf(hydrogens(places)))
      const { correlation } = await run(correlationEnergy(field, "ccsd"))
      const bonds = chain(5).map((at) => [at + 1, at + 2] as const)
      const found = await run(embed(field, { bonds, matching: "one-shot" }).pipe(Effect.provide(named("ccsd"))))
      expect(found.fragments.length).toBeGreaterThan(1)
      expect(Math.abs(found.correlation - correlation)).toBeLessThan(1e-8)
    }), few)
  })

  test("the law catches the potential of the electrons outside in place of all", async () => {
    const field = await run(fieldOf(hydrogens(chain(6))))
    const { correlation } = await run(correlationEnergy(field, "ccsd"))
    const { prepared } = await run(prepare(field, {}))
    const sums = await Promise.all(prepared.map(async (problem) => {
      const { density, energies } = await run(solveFragment(problem).pipe(Effect.provide(named("ccsd"))))
      const change = density.map((value, at) => value - problem.density[at]!)
      const potential = problem.centres.reduce((sum, i) => sum + trace(
        problem.outside.subarray(i * problem.orbitals, (i + 1) * problem.orbitals),
        change.subarray(i * problem.orbitals, (i + 1) * problem.orbitals)
      ), 0)
      const rest = energies.oneBody + energies.pairs
      return { right: rest + energies.potential, wrong: rest + potential }
    }))
    expect(Math.abs(sums.reduce((sum, { right }) => sum + right, 0) - correlation)).toBeLessThan(1e-8)
    const wrong = sums.reduce((sum, each) => sum + each.wrong, 0)
    expect(Math.abs(wrong - correlation)).toBeGreaterThan(1e-3)
  })
})

describe("an embedding", () => {
  test("has the electrons of the molecule at convergence, in the density over atomic orbitals too", async () => {
    const matched = fc.constantFrom("chemical-potential", "full")
    await fc.assert(fc.asyncProperty(pairs(6), matched, async (places, matching) => {
      const molecule = hydrogens(places)
      const field = await run(fieldOf(molecule))
      const solved = embed(field, { fragments: "be1", matching }).pipe(Effect.provide(named("fci")))
      const found = await run(solved)
      expect(Math.abs(found.population - 6)).toBeLessThan(1e-5)
      expect(Math.abs(trace(found.density, field.integrals.overlap) - 6)).toBeLessThan(1e-5)
      const unmatched = await run(embed(field, { fragments: "be1", matching: "one-shot" })
        .pipe(Effect.provide(named("fci"))))
      expect(Math.abs(unmatched.population - 6)).toBeGreaterThan(1e-4)
    }), few)
  })

  test("of a symmetric molecule is symmetric", async () => {
    const { fragments } = await run(embedded(hydrogens(chain(8)), "fci", { matching: "full" }))
    const energies = fragments.map(({ correlation }) => correlation)
    expect(apart(energies, [...energies].reverse())).toBeLessThan(1e-8)
    expect(energies[0]).not.toBeCloseTo(energies[1] ?? 0, 3)
  })

  test("is additive over molecules that are far apart", async () => {
    const four = chain(4)
    const solver: MethodName = "fci"
    const configuration: Configuration = { fragments: "be1", tolerance: 1e-9 }
    const one = await run(embedded(hydrogens(four), solver, configuration))
    const two = await run(embedded(hydrogens([...four, ...four.map((z) => z + 200)]), solver, configuration))
    expect(Math.abs(two.total - 2 * one.total)).toBeLessThan(1e-7)
  })

  test("does not depend on the order of atoms", async () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 })
    const configuration: Configuration = { matching: "one-shot", radiusScale: 2 }
    await fc.assert(fc.asyncProperty(pairs(8), order, async (places, atoms) => {
      const molecule = hydrogens(places)
      const left = await run(embedded(molecule, "fci", configuration))
      const right = await run(embedded(reordered(molecule, atoms), "fci", configuration))
      expect(left.fragments.length).toBeGreaterThan(2)
      expect(Math.abs(left.correlation - right.correlation)).toBeLessThan(1e-7)
    }), few)
  })

  test("is an energy method made from a solver", async () => {
    const layer = BootstrapEmbedding.layer({ fragments: "be1" })
    const method = EnergyMethod.pipe(Effect.provide(layer), Effect.provide(named("fci")))
    const molecule = moleculeNamed("H4 chain")
    const found = await run(Effect.flatMap(method, ({ energy }) => energy(molecule)))
    const wanted = reference.cases.find((each) => each.molecule === "H4 chain" && each.fragments === "be1"
      && each.matching === "chemical-potential" && each.solver === "fci")
    expect(Math.abs(found.correlation - (wanted?.correlation ?? NaN))).toBeLessThan(parity)
    const second = EnergyMethod.pipe(Effect.provide(layer), Effect.provide(named("mp2")))
    const error = await run(Effect.flip(Effect.flatMap(second, ({ energy }) => energy(molecule))))
    expect(error).toMatchObject({ _tag: "EnergyError", method: "be1 mp2" })
    expect(error.message).toContain("mp2 has no density matrices")
  })
})
