/** The laws of localised orbitals: orthonormal, complete, seated on atoms, and around the occupied space exactly. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { ValenceElectrons } from "../../../src/methods/chemistry/localisation/core.ts"
import { valenceElectrons } from "../../../src/methods/chemistry/localisation/core.ts"
import { intrinsic, minimalOrbitals } from "../../../src/methods/chemistry/localisation/intrinsic.ts"
import type { LocalisedOrbitals } from "../../../src/methods/chemistry/localisation/localised.ts"
import { loewdin } from "../../../src/methods/chemistry/localisation/loewdin.ts"
import { between, columns } from "../../../src/methods/chemistry/localisation/matrices.ts"
import type { RestrictedMeanField } from "../../../src/methods/chemistry/mean-field.ts"
import { meanField } from "../../../src/methods/chemistry/mean-field.ts"
import { trace } from "../../../src/methods/chemistry/mean-field/dense.ts"
import { make } from "../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf } from "./molecules.ts"

const run = chemistry()
const kinds = { lowdin: loewdin, iao: intrinsic } as const
const kind = fc.constantFrom("lowdin" as const, "iao" as const)

const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) === 0))

/** How many electron pairs of the occupied orbitals lie outside the span of some sites. */
const lost = (
  field: RestrictedMeanField, electrons: ValenceElectrons, { count, coefficients }: LocalisedOrbitals,
  within: (site: number) => boolean
): number => {
  const chosen = Array.from({ length: count }, (_, site) => site).filter(within)
  const { overlap, orbitals } = field.integrals
  const along = between(
    columns(coefficients, count, chosen), overlap, electrons.occupiedOrbitals, orbitals.count, chosen.length,
    electrons.occupied
  )
  return electrons.occupied - trace(along, along)
}

const prepared = (field: RestrictedMeanField, freeze: boolean, name: keyof typeof kinds) => Effect.gen(function*() {
  const electrons = yield* valenceElectrons(field, freeze)
  return { electrons, sites: yield* kinds[name](field, electrons) }
})

describe("localised orbitals", () => {
  test("are orthonormal, as many as orbitals are not frozen, and hold every occupied orbital", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, kind, fc.boolean(), async (molecule, name, freeze) => {
      const field = await run(meanField(molecule, { basis: "6-31g" }))
      const { electrons, sites } = await run(prepared(field, freeze, name))
      const { overlap, orbitals } = field.integrals
      const { coefficients, count } = sites
      expect(count).toBe(orbitals.count - electrons.frozen)
      expect(apart(between(coefficients, overlap, coefficients, orbitals.count, count, count), identity(count)))
        .toBeLessThan(1e-9)
      expect(lost(field, electrons, sites, () => true)).toBeLessThan(1e-9)
      expect(sites.atoms).toEqual([...sites.atoms].sort((a, b) => a - b))
      const counts = [0, 1, 2].map((atom) => sites.atoms.filter((each) => each === atom).length)
      expect(counts).toEqual([freeze ? 8 : 9, 2, 2])
    }), { numRuns: 6 })
  })

  test("of the minimal set hold every occupied orbital by themselves", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, fc.boolean(), async (molecule, freeze) => {
      const field = await run(meanField(molecule, { basis: "6-31g" }))
      const { electrons, sites } = await run(prepared(field, freeze, "iao"))
      expect(sites.valence.filter(Boolean)).toHaveLength(freeze ? 6 : 7)
      expect(lost(field, electrons, sites, (site) => sites.valence[site] === true)).toBeLessThan(1e-9)
    }), { numRuns: 4 })
  })

  test("the law catches minimal functions that were not polarised", async () => {
    const field = await run(Effect.flatMap(make(geometryOf("H2O")), (made) => meanField(made, { basis: "6-31g" })))
    const { electrons, sites } = await run(prepared(field, false, "lowdin"))
    const { inside } = minimalOrbitals(field.integrals.orbitals, field.molecule.atomicNumbers)
    expect(inside).toHaveLength(7)
    expect(lost(field, electrons, sites, (site) => inside.includes(site))).toBeGreaterThan(0.1)
  })

  test("leave the mean field's energy to frozen and other electrons together", async () => {
    await fc.assert(fc.asyncProperty(distortedWater, fc.boolean(), async (molecule, freeze) => {
      const field = await run(meanField(molecule, { basis: "sto-3g" }))
      const { core, coreHamiltonian, occupied, occupiedOrbitals, potential } =
        await run(valenceElectrons(field, freeze))
      const size = field.integrals.orbitals.count
      const energy = (operator: Float64Array): number => {
        const block = between(occupiedOrbitals, operator, occupiedOrbitals, size, occupied, occupied)
        return 2 * trace(block, identity(occupied))
      }
      expect(Math.abs(core + energy(coreHamiltonian) + energy(potential) / 2 - field.energy)).toBeLessThan(1e-9)
    }), { numRuns: 4 })
  })

  test("are refused where the basis depends linearly on itself", async () => {
    const close = Effect.flatMap(make({ symbols: ["H", "H"], coordinates: [0, 0, 0, 0, 0, 0.04] }), (made) =>
      meanField(made, { basis: "6-31g", dependence: 1e-2 }))
    const error = await run(Effect.flip(Effect.flatMap(close, (field) => prepared(field, false, "lowdin"))))
    expect(error.message).toContain("depend linearly on the others")
  })
})
