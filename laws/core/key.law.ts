/** The laws of random keys: published bits, independence of keys, and numbers of the stated distribution. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Key from "../../src/core/key.ts"

describe("a random key", () => {
  // known answers of Random123 1.14 (kat_vectors, threefry2x32, 20 rounds)
  it.each([
    [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], [0x1cb996fc, 0xbb002be7]],
    [[0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], [0xc4923a9c, 0x483df7a0]]
  ] as const)("gives the published words of Threefry-2x32-20 for key %j and counter %j", (key, counter, words) => {
    expect(Key.block(key, counter)).toEqual(words)
  })

  it("is one-to-one in its counter, as a block cipher is", () => {
    fc.assert(fc.property(fc.nat(), fc.uniqueArray(fc.nat(), { minLength: 2, maxLength: 50 }), (seed, counters) => {
      const seen = new Set(counters.map((counter) => Key.block(Key.make(seed), [counter, 0]).join()))
      expect(seen.size).toBe(counters.length)
    }))
  })

  it("catches a generator that takes its counter's words in the wrong order", () => {
    const swapped = (key: Key.Key, [low, high]: Key.Key) => Key.block(key, [high, low])
    expect(swapped([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).not.toEqual([0xc4923a9c, 0x483df7a0])
  })

  it("differs from every key that is folded or split from it", () => {
    fc.assert(fc.property(fc.nat(), fc.integer({ min: 2, max: 20 }), (seed, count) => {
      const key = Key.make(seed)
      expect(new Set([key, ...Key.split(key, count)].map(String)).size).toBe(count + 1)
    }))
  })

  it("draws a prefix of a longer draw", () => {
    fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 40 }), (seed, count) => {
      const key = Key.make(seed)
      expect(Array.from(Key.normal(key, count + 7).slice(0, count))).toEqual(Array.from(Key.normal(key, count)))
    }))
  })

  it("gives integers below their bound, uniform numbers in [0, 1), and permutations that miss nothing", () => {
    fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 300 }), (seed, bound) => {
      const key = Key.make(seed)
      expect(Math.max(...Key.integers(key, 50, bound))).toBeLessThan(bound)
      const uniform = Array.from(Key.uniform(key, 50))
      expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true)
      expect(Array.from(Key.permutation(key, bound)).sort((a, b) => a - b)).toEqual(
        Array.from({ length: bound }, (_, i) => i)
      )
    }))
  })

  // 20 000 draws: a mean beyond 5 standard errors has a false-alarm rate below 1e-6
  it("has the moments of its distributions", () => {
    const count = 20_000
    const mean = (of: ArrayLike<number>) => Array.from(of).reduce((sum, value) => sum + value, 0) / count
    const normal = Key.normal(Key.make(1), count)
    expect(Math.abs(mean(normal))).toBeLessThan(5 / Math.sqrt(count))
    expect(Math.abs(mean(normal.map((value) => value * value)) - 1)).toBeLessThan(5 * Math.sqrt(2 / count))
    expect(Math.abs(mean(Key.uniform(Key.make(2), count)) - 0.5)).toBeLessThan(5 / Math.sqrt(12 * count))
  })
})
