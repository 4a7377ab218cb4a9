/**
 * Cores in the field of the rest of a molecule: the mean field within the mean field is the mean field, the core is
 * orthogonal to the rest, whose orbitals come out with their energies turned round. Numbers are PySCF's and, for the
 * fragments of chains, those of their Schmidt spaces.
 */
import { Effect } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { referenceEnergy } from "../../../../src/methods/chemistry/correlation/hamiltonian.ts"
import { coreHamiltonian, schmidtCore } from "../../../../src/methods/chemistry/guiding-states/embedded-core.ts"
import { overlaps } from "../../../../src/methods/chemistry/guiding-states/overlaps.ts"
import { piCore } from "../../../../src/methods/chemistry/guiding-states/pi-orbitals.ts"
import {
  environmentEnergies, partition, project
} from "../../../../src/methods/chemistry/guiding-states/projection-embedding.ts"
import { between } from "../../../../src/methods/chemistry/localisation/matrices.ts"
import type { RestrictedMeanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { meanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { distortedWater } from "../molecules.ts"
import { chain, chemistry, fieldOf, ground, reference, worst } from "./systems.ts"

const run = chemistry()
const cores = (field: RestrictedMeanField, atoms: ReadonlyArray<number>) =>
  run(Effect.flatMap(partition(field, atoms), (shared) => project(field, shared)))

describe("a core projected out of a molecule", () => {
  test("has the molecule's energy, is orthogonal to the rest, and turns the rest's energies round", () =>
    fc.assert(fc.asyncProperty(
      distortedWater, fc.constantFrom([0], [1], [0, 1], [1, 2]), fc.constantFrom("sto-3g", "6-31g"),
      async (molecule, atoms, basis) => {
        const field = await run(meanField(molecule, { basis }))
        const { overlap, orbitals: { count: size } } = field.integrals
        const core = await cores(field, atoms)
        expect(Math.abs(core.energy - field.energy)).toBeLessThan(1e-8)
        const rest = core.outside.length / size
        const common = between(core.columns, overlap, core.outside, size, core.count, rest)
        expect(worst(common, new Float64Array(common.length))).toBeLessThan(1e-7)
        expect(core.count + rest).toBe(size)
        const turned = environmentEnergies(field, core).map((energy) => -energy).reverse()
        expect(worst(core.projected, turned)).toBeLessThan(1e-6)
        const hamiltonian = await run(coreHamiltonian(field, core))
        expect(Math.abs(referenceEnergy(hamiltonian) - field.energy)).toBeLessThan(1e-8)
        // without the rest's own energy in the constant the sum is another
        if (rest > 0) expect(Math.abs(referenceEnergy({ ...hamiltonian, core: field.nuclearRepulsion }) - field.energy))
          .toBeGreaterThan(1e-2)
      }
    ), { numRuns: 8 }))

  test("of a chain of hydrogen has PySCF's parts, energy, occupations and overlap", async () => {
    const expected = reference.projection
    const field = await run(fieldOf(chain(8, 1), "sto-3g"))
    expect(Math.abs(field.energy - expected.meanField)).toBeLessThan(1e-8)
    const shared = await run(partition(field, [0, 1, 2, 3]))
    expect(worst(shared.parts, expected.singularValues)).toBeLessThan(1e-6)
    const core = await run(project(field, shared))
    expect(core.count).toBe(expected.orbitals)
    const found = await Effect.runPromise(overlaps(await run(coreHamiltonian(field, core)), { tolerance: 1e-10 }))
    expect(Math.abs(found.state.energy - expected.exact)).toBeLessThan(1e-8)
    expect(Math.abs(found.meanField.overlap - expected.overlap)).toBeLessThan(1e-6)
    expect(worst(found.natural.occupations, expected.occupations)).toBeLessThan(1e-6)
  })

  test("of atoms that the molecule does not have is refused", async () => {
    const field = await run(fieldOf(chain(2, 1), "sto-3g"))
    for (const atoms of [[], [2], [-1]])
      expect((await run(Effect.flip(partition(field, atoms)))).field).toBe("atoms")
  })
})

describe("a core of sites and their Schmidt bath", () => {
  test.each(reference.fragments.filter(({ chain: length }) => length === 6))(
    "has the overlap that PySCF finds: $chain atoms, $spacing angstrom apart, reach $reach", async (expected) => {
      const field = await run(fieldOf(chain(expected.chain, expected.spacing), "sto-3g"))
      const width = 2 * expected.reach - 1
      for (const [at, overlap] of expected.overlaps.entries()) {
        const of = await run(schmidtCore(field, Array.from({ length: width }, (_, site) => at + site)))
        expect(Math.abs(referenceEnergy(of) - field.energy)).toBeLessThan(1e-7)
        expect(of.orbitals).toBe(expected.orbitals[at])
        const { vector } = await Effect.runPromise(ground(of))
        expect(Math.abs((vector[0] ?? NaN) ** 2 - overlap)).toBeLessThan(2e-6)
      }
    }
  )
})

describe("the pi electrons of a flat molecule", () => {
  const ethene = "C 0.6695 0 0; C -0.6695 0 0; "
    + "H 1.2321 0.9289 0; H 1.2321 -0.9289 0; H -1.2321 0.9289 0; H -1.2321 -0.9289 0"

  test("of ethene are two in two orbitals, with the molecule's energy", async () => {
    const field = await run(fieldOf(ethene, "sto-3g"))
    const core = await run(piCore(field))
    expect([core.count, core.electrons]).toEqual([2, 2])
    const of = await run(coreHamiltonian(field, core))
    expect(Math.abs(referenceEnergy(of) - field.energy)).toBeLessThan(1e-8)
    const { energy } = await Effect.runPromise(ground(of))
    expect(energy).toBeLessThan(field.energy - 1e-3)
  })

  test("are refused of a molecule that stands out of the plane, or has none", async () => {
    const upright = await run(fieldOf("O 0 0 0.1173; H 0 0.7572 -0.4692; H 0 -0.7572 -0.4692", "sto-3g"))
    expect((await run(Effect.flip(piCore(upright)))).field).toBe("pi orbitals")
    const hydrogen = await run(fieldOf("H 0 0 0; H 0.74 0 0", "sto-3g"))
    expect((await run(Effect.flip(piCore(hydrogen)))).field).toBe("pi orbitals")
  })
})
