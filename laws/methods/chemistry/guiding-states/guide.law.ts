/**
 * Guiding states as a method: from a mean field and a solver to a state of few orbitals, whose norm is one, whose
 * overlap is at least what occupations promise and never falls as orbitals are added.
 */
import { Effect, Layer } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { decode } from "../../../../src/core/codec.ts"
import * as Solvers from "../../../../src/methods/chemistry/correlation/solver.ts"
import { Solver } from "../../../../src/methods/chemistry/correlation/solver.ts"
import type { Hamiltonian } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import type { Configuration } from "../../../../src/methods/chemistry/guiding-states/index.ts"
import {
  FragmentOverlaps, guide, GuidingState, GuidingStates, overlapWith, watched
} from "../../../../src/methods/chemistry/guiding-states/index.ts"
import { MeanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { make, TheMolecule } from "../../../../src/methods/chemistry/molecule.ts"
import { geometry } from "../molecules.ts"
import { chain, chemistry, ground, hamiltonianOf, systems, total } from "./systems.ts"

const run = chemistry()
const guided = (of: Hamiltonian, configuration?: Configuration) =>
  run(Effect.provide(guide(of, configuration), Solvers.exact()))

describe("a guiding state", () => {
  test("is of length one, has at least the promised weight about it, and never less overlap with more orbitals", () =>
    fc.assert(fc.asyncProperty(systems, async (of) => {
      const state = await Effect.runPromise(ground(of))
      let before = { weight: -1, active: -1 }
      for (let orbitals = 0; orbitals <= of.orbitals; orbitals++) {
        const found = await run(Effect.result(Effect.provide(guide(of, { orbitals, weight: 1 }), Solvers.exact())))
        if (found._tag === "Failure") continue
        const { vector, space, promised } = found.success
        expect(Math.abs(total(vector.map((value) => value ** 2)) - 1)).toBeLessThan(1e-10)
        const overlap = overlapWith(found.success, state)
        // the promise is of the space: its best state, of which the ground state within falls a little short
        expect(promised).toBeLessThanOrEqual(1 + 1e-12)
        expect(overlap).toBeLessThanOrEqual(1 + 1e-10)
        expect(space.active).toBeGreaterThanOrEqual(before.active)
        before = { weight: overlap, active: space.active }
      }
      expect(Math.abs(before.weight - 1)).toBeLessThan(1e-7)
    }), { numRuns: 8 }))

  test("of hydrogen has more overlap the more orbitals it has, with none about the mean field's", async () => {
    const of = await run(hamiltonianOf(chain(6, 1.5), "sto-3g"))
    const state = await Effect.runPromise(ground(of))
    const found: Array<number> = []
    for (const orbitals of [0, 2, 4, 6]) found.push(overlapWith(await guided(of, { orbitals, weight: 1 }), state))
    expect(found).toEqual(found.toSorted((left, right) => left - right))
    expect(Math.abs((found[0] ?? NaN) - (state.vector[0] ?? NaN) ** 2)).toBeLessThan(0.02)
    expect(Math.abs((found.at(-1) ?? NaN) - 1)).toBeLessThan(1e-8)
    // weight within the space is what is promised, and more
    const { promised, space } = await guided(of, { weight: 0.9 })
    expect(promised).toBeGreaterThanOrEqual(0.9)
    expect(space.active).toBeLessThanOrEqual(6)
  })

  test("is a Layer from a mean field and a solver, whichever", async () => {
    const molecule = Layer.effect(TheMolecule, make(geometry(chain(4, 1))))
    const field = Layer.provide(MeanField.layer({ basis: "sto-3g" }), molecule)
    const withSolver = <E, R>(solver: Layer.Layer<Solver, E, R>, configuration?: Configuration) =>
      Effect.provide(Effect.gen(function*() { return yield* GuidingState }),
        GuidingStates.layer(configuration).pipe(Layer.provide(Layer.merge(field, solver))))
    const exact = await run(withSolver(Solvers.exact(), { weight: 0.95 }))
    expect(exact.promised).toBeGreaterThanOrEqual(0.95)
    expect(exact.energy).toBeLessThan(-2.1)
    const cheap = await run(withSolver(Solvers.hartreeFock, { weight: 0.95 }))
    expect(cheap.space).toEqual({ frozen: 2, active: 0 })
    const refused = await run(Effect.flip(withSolver(Solvers.secondOrder())))
    expect(refused).toMatchObject({ _tag: "GuideError", field: "solver" })
  })

  test("takes its configuration from a file, and refuses what is none", () => {
    const read = decode(GuidingStates.configuration, "guide.json")
    expect(Effect.runSync(read({ weight: 0.9, orbitals: 4 }))).toEqual({ weight: 0.9, orbitals: 4 })
    expect(Effect.runSync(Effect.flip(read({ weight: "much" }))).message).toContain("weight")
    expect(GuidingStates.laws.map(({ name }) => name)).toContain("the overlap never falls as orbitals are added")
  })
})

describe("a watched solver", () => {
  test("answers what the solver answers, and writes down the overlap of each that it solved", async () => {
    const [one, two] = [await run(hamiltonianOf(chain(4, 1), "sto-3g")), await run(hamiltonianOf(chain(2, 2), "6-31g"))]
    const both = Effect.gen(function*() {
      const solver = yield* Solver
      const energies = [(yield* solver.solve(one)).energy, (yield* solver.solve(two)).energy]
      return { energies, seen: yield* (yield* FragmentOverlaps).seen }
    })
    const found = await run(Effect.provide(both, Layer.provide(watched, Solvers.coupledCluster())))
    const plain = await run(Effect.provide(Effect.gen(function*() {
      const solver = yield* Solver
      return [(yield* solver.solve(one)).energy, (yield* solver.solve(two)).energy]
    }), Solvers.coupledCluster()))
    expect(found.energies).toEqual(plain)
    expect(found.seen.map(({ orbitals }) => orbitals)).toEqual([4, 4])
    for (const [at, of] of [one, two].entries()) {
      const { vector } = await Effect.runPromise(ground(of))
      expect(Math.abs((found.seen[at]?.overlap ?? NaN) - (vector[0] ?? NaN) ** 2)).toBeLessThan(1e-6)
    }
    // seen in their order: the stretched bond second, with less
    expect(found.seen[1]?.overlap).toBeLessThan((found.seen[0]?.overlap ?? NaN) - 0.1)
  })
})
