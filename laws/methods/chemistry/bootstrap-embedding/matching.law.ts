/** The laws of matching: its Jacobian, its independence of the start and of the bath's orbitals, and its errors. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { qr } from "../../../../src/algebra/backends/factorisation/orthogonal.ts"
import { decode } from "../../../../src/core/codec.ts"
import * as Key from "../../../../src/core/key.ts"
import { integralsOver } from "../../../../src/methods/chemistry/bootstrap-embedding/fragment-orbitals.ts"
import type { FragmentProblem } from "../../../../src/methods/chemistry/bootstrap-embedding/fragment-problem.ts"
import {
  fragmentField, solveFragment
} from "../../../../src/methods/chemistry/bootstrap-embedding/fragment-solution.ts"
import {
  Configuration, type MatchingState, NotMatched, prepare
} from "../../../../src/methods/chemistry/bootstrap-embedding/index.ts"
import {
  conditions, disagreement, potentialOn
} from "../../../../src/methods/chemistry/bootstrap-embedding/matching.ts"
import { pseudoinverse, quasiNewton } from "../../../../src/methods/chemistry/bootstrap-embedding/quasi-newton.ts"
import { jacobian } from "../../../../src/methods/chemistry/bootstrap-embedding/response.ts"
import { named } from "../../../../src/methods/chemistry/correlation/solver.ts"
import { pack, unpack } from "../../../../src/methods/chemistry/integrals/packed.ts"
import { between } from "../../../../src/methods/chemistry/localisation/matrices.ts"
import { apart, chemistry } from "../molecules.ts"
import { chain, embedded, fieldOf, hydrogens } from "./embedded.ts"

const run = chemistry()
const places = [0, 1, 2.1, 3, 4.1, 5.2, 6.1, 7]

type Potential = typeof potentialOn

/** -mu on every site of the fragment, its edges too: what a matching must not do. */
const everywhere: Potential = (fragment, problem, all, unknowns) => {
  const potential = potentialOn(fragment, problem, all, unknowns)
  for (let i = 0; i < problem.fragment; i++)
    if (!problem.centres.includes(i)) potential[i * (problem.orbitals + 1)]! -= unknowns.at(-1) ?? 0
  return potential
}

/** The largest deviation of the Jacobian's column from central differences of the fragments' mean fields. */
const deviation = async (
  prepared: ReadonlyArray<FragmentProblem>, unknowns: Float64Array, column: number, potential: Potential = potentialOn
): Promise<number> => {
  const all = conditions(prepared)
  const count = all.length + 1
  const found = await run(jacobian(prepared, all, unknowns))
  const at = async (shift: number) => {
    const moved = unknowns.map((value, index) => (index === column ? value + shift : value))
    const fields = await Promise.all(prepared.map((problem, index) =>
      run(fragmentField(problem, potential(index, problem, all, moved)))))
    return disagreement(prepared, all, fields.map(({ density }) => density), 4)
  }
  const [up, down] = [await at(1e-3), await at(-1e-3)]
  return apart(
    up.map((value, row) => (value - down[row]!) / 2e-3), up.map((_, row) => found[row * count + column]!)
  )
}

describe("the Jacobian", () => {
  const problems = run(Effect.flatMap(fieldOf(hydrogens(places)), (field) => prepare(field, {})))

  test("is that of central differences", async () => {
    const { prepared } = await problems
    const count = conditions(prepared).length + 1
    const unknowns = fc.array(fc.double({ min: -0.02, max: 0.02, noNaN: true }), { minLength: count, maxLength: count })
    await fc.assert(fc.asyncProperty(unknowns, fc.nat({ max: count - 1 }), async (given, column) => {
      expect(await deviation(prepared, Float64Array.from(given), column)).toBeLessThan(1e-5)
    }), { numRuns: 5, examples: [[Array.from({ length: count }, () => 0), count - 1]] })
  })

  test("catches a chemical potential on edges", async () => {
    const { prepared } = await problems
    const count = conditions(prepared).length + 1
    expect(await deviation(prepared, new Float64Array(count), count - 1, everywhere)).toBeGreaterThan(1e-2)
  })
})

describe("the quasi-Newton steps", () => {
  const vector = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 })
    .map((values) => Float64Array.from(values))
  /** x + a part of sin x, turned: one zero, at the origin of `centre`. */
  const residual = (x: Float64Array, centre: Float64Array): Float64Array => {
    const [a = 0, b = 0, c = 0] = x.map((value, at) => value - centre[at]!)
    return Float64Array.from([a + 0.3 * Math.sin(b), b - 0.3 * Math.sin(a + c), c + 0.2 * a * a / (1 + a * a)])
  }
  const identity = Float64Array.from([1, 0, 0, 0, 1, 0, 0, 0, 1])

  test("find a zero from anywhere, and never let the error grow for good", () => {
    fc.assert(fc.property(vector, vector, (start, centre) => {
      const errors: Array<number> = []
      const last = Effect.runSync(quasiNewton({
        start, tolerance: 1e-10, steps: 60,
        jacobian: Effect.succeed(identity),
        evaluate: (x) => Effect.succeed({ residual: residual(x, centre) }),
        watch: ({ error }) => Effect.sync(() => { errors.push(error) })
      }))
      expect(last.error).toBeLessThan(1e-10)
      expect(apart(last.unknowns, centre)).toBeLessThan(1e-9)
      expect(Math.max(...errors)).toBeLessThan(10 * (errors[0] ?? 0) + 1e-10)
    }))
  })

  test("leave alone what a singular Jacobian says nothing about", () => {
    const inverse = pseudoinverse(Float64Array.from([2, 0, 0, 0]), 2)
    expect(apart(inverse, [0.5, 0, 0, 0])).toBeLessThan(1e-12)
  })
})

describe("a matching", () => {
  const configuration: Configuration = { matching: "full", tolerance: 1e-7 }

  test("ends at the same densities from wherever it starts, and goes on from where it stopped", async () => {
    const molecule = hydrogens(places)
    const seen: Array<MatchingState> = []
    const stopped = await run(Effect.flip(embedded(molecule, "fci", { ...configuration, iterations: 2 }, {
      watch: (state) => Effect.sync(() => { seen.push(state) })
    })))
    expect(seen.map(({ step }) => step)).toEqual([0, 1, 2])
    if (!(stopped instanceof NotMatched)) throw new Error(`expected NotMatched, got ${stopped._tag}`)
    expect(stopped.message).toContain("after 2 steps")
    const { unknowns } = stopped.state
    const noise = Key.normal(Key.make(1), unknowns.length)
    const [resumed, elsewhere] = await Promise.all([unknowns, Array.from(noise, (value) => 0.01 * value)].map((start) =>
      run(embedded(molecule, "fci", configuration, { start }))))
    expect(resumed?.matching[0]?.error).toBeCloseTo(stopped.state.error, 9)
    expect(elsewhere?.matching[0]?.error).toBeGreaterThan(1e-4)
    expect(Math.abs((resumed?.correlation ?? NaN) - (elsewhere?.correlation ?? NaN))).toBeLessThan(1e-6)
  })

  test("does not see which orbitals span the bath", async () => {
    const { prepared } = await run(Effect.flatMap(fieldOf(hydrogens(places)), (field) => prepare(field, {})))
    const problem = prepared[2]!
    const { orbitals: n, fragment } = problem
    const bath = n - fragment
    await fc.assert(fc.asyncProperty(fc.nat(), async (seed) => {
      const { orthogonal } = qr({ rows: bath, columns: bath, data: Key.normal(Key.make(seed), bath * bath) })
      const turn = Float64Array.from({ length: n * n }, (_, at) => {
        const [row, column] = [Math.floor(at / n), at % n]
        if (row < fragment || column < fragment) return Number(row === column)
        return orthogonal.data[(row - fragment) * bath + column - fragment]!
      })
      const turned = (matrix: Float64Array) => between(turn, matrix, turn, n, n, n)
      const repulsion = pack(await run(integralsOver(unpack(problem.repulsion), turn, n)), n)
      const other: FragmentProblem = {
        ...problem, repulsion, coreHamiltonian: turned(problem.coreHamiltonian), whole: turned(problem.whole),
        outside: turned(problem.outside), density: turned(problem.density)
      }
      const [left, right] = await Promise.all([problem, other].map((each) =>
        run(solveFragment(each).pipe(Effect.provide(named("ccsd"))))))
      for (const part of ["oneBody", "potential", "pairs", "whole"] as const)
        expect(Math.abs((left?.energies[part] ?? NaN) - (right?.energies[part] ?? NaN))).toBeLessThan(1e-8)
    }), { numRuns: 3 })
  })

  test("refuses settings that cannot be", async () => {
    const refused = (given: Configuration, start?: ReadonlyArray<number>) =>
      run(Effect.flip(embedded(hydrogens(chain(4)), "fci", given, start === undefined ? {} : { start })))
        .then(({ message }) => message)
    expect(await refused({ tolerance: 0 })).toContain("tolerance: expected a number above 0")
    expect(await refused({ iterations: 1.5 })).toContain("iterations: expected a whole number")
    expect(await refused({ concurrency: 0 })).toContain("concurrency")
    expect(await refused({ radiusScale: -1 })).toContain("radiusScale")
    expect(await refused({ matching: "full" }, [0, 0])).toContain("expected 3 finite potentials")
    const unknown = Effect.runSync(Effect.flip(decode(Configuration, "embedding")({ fragments: "be9" })))
    expect(unknown.message).toContain("expected be1 | be2 | be3 | be4")
  })
})
