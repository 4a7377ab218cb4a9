/** The laws of density fitting: PySCF's energies, an error that is small and of one sign, and what refuses it. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { basisNamed } from "../../../../src/methods/chemistry/basis.ts"
import { integralsOf } from "../../../../src/methods/chemistry/integrals/integrals.ts"
import { pack, unpack } from "../../../../src/methods/chemistry/integrals/packed.ts"
import { meanField } from "../../../../src/methods/chemistry/mean-field.ts"
import { coulombExchange, fromPacked } from "../../../../src/methods/chemistry/mean-field/coulomb-exchange.ts"
import { transform } from "../../../../src/methods/chemistry/molecular-hamiltonian.ts"
import { make } from "../../../../src/methods/chemistry/molecule.ts"
import { apart, chemistry, distortedWater, geometryOf } from "../molecules.ts"
import pyscf from "../reference/gradients.json" with { type: "json" }

const run = chemistry()
const fitting = "def2-universal-jkfit"

describe("density fitting", () => {
  test.each(pyscf.cases)("gives $molecule in $basis PySCF's energy", async ({ molecule, basis, ...wanted }) => {
    const field = await run(meanField(await run(make(geometryOf(molecule))), { basis, fitting }))
    expect(Math.abs(field.energy - wanted.fitted)).toBeLessThan(1e-8)
    const { repulsion } = field.integrals
    expect(repulsion.kind === "factored" ? repulsion.rank : 0).toBe(wanted.fittingFunctions)
  })

  test("never overestimates the repulsion of a density by itself, and is close to it", async () => {
    const set = await run(basisNamed(fitting))
    const basis = await run(basisNamed("6-31g"))
    const weight = fc.double({ min: -1, max: 1, noNaN: true })
    await fc.assert(fc.asyncProperty(
      distortedWater, fc.array(weight, { minLength: 91, maxLength: 91 }), async (molecule, weights) => {
        const [exact, fitted] = await Promise.all([
          run(integralsOf(molecule, basis)), run(integralsOf(molecule, basis, { fitting: set }))
        ])
        const density = new Float64Array(169)
        for (let i = 0, ij = 0; i < 13; i++)
          for (let j = 0; j <= i; j++, ij++) density[i * 13 + j] = density[j * 13 + i] = weights[ij] ?? 0
        const self = async (repulsion: typeof exact.repulsion) => {
          const { coulomb } = await run(coulombExchange(repulsion, density))
          return coulomb.reduce((sum, value, at) => sum + value * density[at]!, 0)
        }
        const [whole, part] = [await self(exact.repulsion), await self(fitted.repulsion)]
        expect(part).toBeLessThan(whole + 1e-9)
        expect(whole - part).toBeLessThan(1e-2 * whole + 1e-9)
      }
    ), { numRuns: 4 })
  })

  test("means one thing by its products, its fields and its transformed integrals", async () => {
    const [set, basis] = [await run(basisNamed(fitting)), await run(basisNamed("sto-3g"))]
    const molecule = await run(make(geometryOf("LiH")))
    const { repulsion } = await run(integralsOf(molecule, basis, { fitting: set }))
    const size = repulsion.size
    const full = unpack(repulsion)
    const density = Float64Array.from({ length: size * size }, (_, at) =>
      Math.cos(1 + Math.floor(at / size)) * Math.cos(1 + at % size) - (at % (size + 1) === 0 ? 0.4 : 0))
    const [found, wanted] = [await run(coulombExchange(repulsion, density)), fromPacked(pack(full, size), density)]
    expect(apart(found.coulomb, wanted.coulomb)).toBeLessThan(1e-11)
    expect(apart(found.exchange, wanted.exchange)).toBeLessThan(1e-11)
    const identity = Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0))
    expect(apart(await run(transform(repulsion, identity, size)), full)).toBeLessThan(1e-12)
    const exact = await run(integralsOf(molecule, basis))
    expect(apart(unpack(exact.repulsion), full)).toBeGreaterThan(1e-9)
  })

  test("is refused where it would not fit, with its own estimate", async () => {
    const molecule = await run(make(geometryOf("C2H4")))
    const [set, basis] = [await run(basisNamed(fitting)), await run(basisNamed("cc-pvdz"))]
    const error = await run(Effect.flip(integralsOf(molecule, basis, { fitting: set, memory: 1e6 })))
    expect(error).toMatchObject({ _tag: "MemoryEstimate", allowed: 1e6 })
    expect(error.message).toContain("fitted integrals over 48 orbitals")
  })
})
