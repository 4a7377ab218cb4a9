/** The laws of the repulsion kernels: they give what plain code gives, for every division among threads. */
import { Effect } from "effect"
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import { tracked } from "../../../../src/core/progress.ts"
import { basisNamed, type BasisSet } from "../../../../src/methods/chemistry/basis.ts"
import { repulsionByKernels } from "../../../../src/methods/chemistry/integrals/kernel/index.ts"
import { shellPairs } from "../../../../src/methods/chemistry/integrals/pairs.ts"
import { repulsion, screened } from "../../../../src/methods/chemistry/integrals/repulsion.ts"
import { atomicOrbitals } from "../../../../src/methods/chemistry/integrals/shells.ts"
import { make } from "../../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf } from "../molecules.ts"

const run = chemistry()
const bases = new Map<string, BasisSet>()

beforeAll(async () => {
  for (const name of ["sto-3g", "6-31g*", "cc-pvdz", "cc-pvtz"]) bases.set(name, await run(basisNamed(name)))
})

const both = async (molecule: Parameters<typeof atomicOrbitals>[0], name: string, threads = 1, cartesian = false) => {
  const orbitals = atomicOrbitals(molecule, bases.get(name) ?? { name, elements: new Map() }, cartesian)
  const pairs = shellPairs(orbitals)
  const kernels = await run(Effect.scoped(tracked({ name: "integrals", unit: "pairs" }, (tracker) =>
    repulsionByKernels(screened(pairs), orbitals.count, threads, tracker))))
  return { plain: repulsion(pairs, orbitals.count).values, kernels: kernels.values }
}

describe("repulsion kernels", () => {
  test("give the integrals of plain code, s to d, spherical and Cartesian", async () => {
    await fc.assert(fc.asyncProperty(
      distortedWater, fc.constantFrom("sto-3g", "6-31g*", "cc-pvdz"), fc.boolean(),
      async (molecule, name, cartesian) => {
        const { plain, kernels } = await both(molecule, name, 1, cartesian)
        expect(apart(plain, kernels)).toBeLessThan(1e-13)
        expect(apart(plain, kernels.map((value, at) => kernels[at + 1] ?? value))).toBeGreaterThan(1e-3)
      }
    ), { numRuns: 5 })
  })

  test("leave f functions to plain code", async () => {
    const { plain, kernels } = await both(await run(make(geometryOf("He"))), "cc-pvtz")
    expect(apart(plain, kernels)).toBeLessThan(1e-13)
    const geometry = { symbols: ["Li", "H"], coordinates: [0, 0, 0, 0, 0.3, 1.6] }
    const hydride = await both(await run(make(geometry)), "cc-pvtz")
    expect(apart(hydride.plain, hydride.kernels)).toBeLessThan(1e-13)
  })

  test("give the same over any number of threads, to the bit", async () => {
    const molecule = await run(make(geometryOf("HCN")))
    const [one, two, three] = await Promise.all([1, 2, 3].map((threads) => both(molecule, "6-31g*", threads)))
    expect(apart(one?.kernels ?? [], two?.kernels ?? [NaN])).toBe(0)
    expect(apart(one?.kernels ?? [], three?.kernels ?? [NaN])).toBe(0)
  })

  test("serve charge clouds that do not meet, where the argument of the Boys function is large", async () => {
    const far = fc.double({ min: 5, max: 60, noNaN: true })
    await fc.assert(fc.asyncProperty(far, async (distance) => {
      const molecule = await run(make({ symbols: ["F", "H"], coordinates: [0, 0.1, 0, 0.2, 0, distance] }))
      const { plain, kernels } = await both(molecule, "cc-pvdz")
      expect(apart(plain, kernels)).toBeLessThan(1e-13)
    }), { numRuns: 5 })
  })
})
