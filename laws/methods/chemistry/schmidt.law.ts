/** The laws of the Schmidt decomposition, on random determinants. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { qr } from "../../../src/algebra/backends/factorisation/orthogonal.ts"
import { eigh } from "../../../src/algebra/backends/factorisation/symmetric.ts"
import * as Key from "../../../src/core/key.ts"
import { between } from "../../../src/methods/chemistry/localisation/matrices.ts"
import { multiply, transpose } from "../../../src/methods/chemistry/mean-field/dense.ts"
import type { EmbeddingSpace } from "../../../src/methods/chemistry/schmidt.ts"
import { embeddingSpace } from "../../../src/methods/chemistry/schmidt.ts"

interface Determinant {
  readonly count: number
  readonly occupied: number
  /** Of one spin, over orthonormal sites. */
  readonly density: Float64Array
  readonly fragment: ReadonlyArray<number>
}

/** The density of `occupied` random orthonormal orbitals, and some of the sites in any order. */
const determinant: fc.Arbitrary<Determinant> = fc.record({
  count: fc.integer({ min: 2, max: 9 }), filling: fc.double({ min: 0, max: 1, noNaN: true }), seed: fc.nat(),
  order: fc.shuffledSubarray(Array.from({ length: 9 }, (_, site) => site), { minLength: 1 })
}).map(({ count, filling, order, seed }) => {
  const occupied = Math.max(1, Math.round(filling * count))
  const { orthogonal } = qr({ rows: count, columns: occupied, data: Key.normal(Key.make(seed), count * occupied) })
  const density = multiply(orthogonal.data, transpose(orthogonal.data, count, occupied), count, occupied, count)
  const fragment = order.filter((site) => site < count)
  return { count, occupied, density, fragment: fragment.length === 0 ? [0] : fragment }
})

const identity = (n: number): Float64Array =>
  Float64Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) === 0))

const apart = (left: Float64Array, right: Float64Array): number =>
  left.reduce((worst, value, at) => Math.max(worst, Math.abs(value - (right[at] ?? NaN))), 0)

/** How far the density within a space is from that of a determinant of whole electrons. */
const brokenness = (density: Float64Array, { count: n, orbitals }: EmbeddingSpace): number => {
  const rows = orbitals.length / n
  const inside = between(orbitals, density, orbitals, rows, n, n)
  const electrons = inside.reduce((sum, value, at) => (at % (n + 1) === 0 ? sum + value : sum), 0)
  return Math.max(apart(multiply(inside, inside, n, n, n), inside), Math.abs(electrons - Math.round(electrons)))
}

const block = (density: Float64Array, count: number, sites: ReadonlyArray<number>): Float64Array =>
  eigh({
    rows: sites.length, columns: sites.length,
    data: Float64Array.from(sites.flatMap((i) => sites.map((j) => density[i * count + j]!)))
  }).values.data

describe("the Schmidt decomposition", () => {
  test("gives orthonormal orbitals, the fragment's sites first, and no more bath than fragment or environment", () => {
    fc.assert(fc.property(determinant, ({ count, density, fragment }) => {
      const space = embeddingSpace(density, count, fragment)
      const { count: n, orbitals } = space
      expect(apart(multiply(transpose(orbitals, count, n), orbitals, n, count, n), identity(n))).toBeLessThan(1e-12)
      for (const [at, site] of fragment.entries()) expect(space.orbitals[site * space.count + at]).toBe(1)
      expect(space.bath).toBeLessThanOrEqual(Math.min(fragment.length, count - fragment.length))
    }))
  })

  test("leaves a determinant of whole electrons in fragment and bath", () => {
    fc.assert(fc.property(determinant, ({ count, density, fragment }) => {
      expect(brokenness(density, embeddingSpace(density, count, fragment))).toBeLessThan(1e-7)
    }))
  })

  test("pairs each occupation of the bath with its complement in the fragment", () => {
    fc.assert(fc.property(determinant, ({ count, density, fragment }) => {
      const entangled = (values: Float64Array) => Array.from(values).filter((value) => value > 1e-6 && value < 1 - 1e-6)
      const outside = entangled(embeddingSpace(density, count, fragment).occupations)
      const inside = entangled(block(density, count, fragment))
      expect(outside).toHaveLength(inside.length)
      expect(apart(Float64Array.from(outside), Float64Array.from(inside, (value) => 1 - value).reverse()))
        .toBeLessThan(1e-9)
    }))
  })

  test("needs no bath where the fragment is everything", () => {
    fc.assert(fc.property(determinant, ({ count, density }) => {
      const { bath, count: width } = embeddingSpace(density, count, Array.from({ length: count }, (_, site) => site))
      expect([bath, width]).toEqual([0, count])
    }))
  })

  test("the law catches a bath of neighbouring sites", () => {
    const neighbours = (density: Float64Array, count: number, fragment: ReadonlyArray<number>): EmbeddingSpace => {
      const { bath, occupations } = embeddingSpace(density, count, fragment)
      const others = Array.from({ length: count }, (_, site) => site).filter((site) => !fragment.includes(site))
      const sites = [...fragment, ...others.slice(0, bath)]
      const orbitals = new Float64Array(count * sites.length)
      for (const [at, site] of sites.entries()) orbitals[site * sites.length + at] = 1
      return { count: sites.length, fragment: fragment.length, bath, orbitals, occupations }
    }
    const failed = fc.check(fc.property(determinant, ({ count, density, fragment }) =>
      brokenness(density, neighbours(density, count, fragment)) < 1e-7))
    expect(failed.failed).toBe(true)
  })
})
