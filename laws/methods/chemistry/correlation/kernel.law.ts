/** The law of the configuration interaction kernel: plain code's products, for either parity and any threads. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import { operatorByKernel } from "../../../../src/methods/chemistry/correlation/kernel/index.ts"
import type { Parity } from "../../../../src/methods/chemistry/correlation/sigma.ts"
import { plain, prepared } from "../../../../src/methods/chemistry/correlation/sigma.ts"
import { strings } from "../../../../src/methods/chemistry/correlation/strings.ts"
import { unpack } from "../../../../src/methods/chemistry/integrals/packed.ts"
import { apart } from "../molecules.ts"

const hamiltonian = (n: number, electrons: number, seed: number) => {
  const pairs = n * (n + 1) / 2
  const values = Float64Array.from(Key.normal(Key.make(seed), pairs * (pairs + 1) / 2))
  const symmetric = Key.normal(Key.fold(Key.make(seed), 1), n * n)
  const oneBody = Float64Array.from({ length: n * n }, (_, at) => {
    const [p, q] = [Math.floor(at / n), at % n]
    return symmetric[Math.min(p, q) * n + Math.max(p, q)] ?? 0
  })
  return { orbitals: n, electrons, core: 0, oneBody, twoBody: unpack({ kind: "packed", size: n, values }) }
}

const vectorOf = (size: number, parity: Parity, seed: number): Float64Array => {
  const random = Key.normal(Key.make(seed), size * size)
  return Float64Array.from({ length: size * size }, (_, at) => {
    const [a, b] = [Math.floor(at / size), at % size]
    return (random[a * size + b] ?? 0) + parity * (random[b * size + a] ?? 0)
  })
}

describe("the kernel of configuration interaction", () => {
  test("gives the products of plain code", async () => {
    const sizes = fc.constantFrom([4, 2], [5, 1], [5, 3], [6, 3], [7, 2])
    await fc.assert(fc.asyncProperty(
      sizes, fc.constantFrom<Parity>(1, -1), fc.integer({ min: 1, max: 2 }), fc.nat(1000),
      async ([n = 4, particles = 2], parity, threads, seed) => {
        const parts = prepared(hamiltonian(n, 2 * particles, seed), strings(n, particles))
        const vector = vectorOf(parts.size, parity, seed + 1)
        const product = (of: typeof parts) => Effect.runPromise(Effect.scoped(
          Effect.map(operatorByKernel(of, parity, threads), ({ apply }) => apply(vector))))
        const wanted = plain(parts, parity).apply(vector)
        expect(apart(await product(parts), wanted)).toBeLessThan(1e-10)
        const { integrals } = parts
        const spoiled = { ...parts, integrals: integrals.map((value, at) => (at === 0 ? value + 1 : value)) }
        if (parity === 1) expect(apart(await product(spoiled), wanted)).toBeGreaterThan(1e-6)
      }
    ), { numRuns: 8 })
  }, 30_000)
})
