/**
 * Rotary frequencies: a geometric series from one, which scaling only ever slows down, and never out of order.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Rotary } from "../../../src/methods/language/architecture.ts"
import { rotaryFrequencies } from "../../../src/methods/language/architecture.ts"

const plain = fc.record({
  kind: fc.constant("rotary" as const),
  theta: fc.constantFrom(100, 10_000, 500_000),
  fraction: fc.constantFrom(0.25, 0.5, 1)
})
const depth = fc.integer({ min: 1, max: 16 }).map((quarter) => 8 * quarter)
const llama3 = fc.record({
  kind: fc.constant("llama3" as const),
  factor: fc.double({ min: 1, max: 64, noNaN: true }),
  lowFrequencyFactor: fc.double({ min: 0.5, max: 2, noNaN: true }),
  highFrequencyFactor: fc.double({ min: 2.5, max: 32, noNaN: true }),
  originalContext: fc.constantFrom(16, 2048, 8192)
})

const slower = (position: Rotary, scaled: ReadonlyArray<number>, size: number, factor: number): boolean =>
  rotaryFrequencies(position, size).every((frequency, pair) => {
    const other = scaled[pair] ?? NaN
    return other <= frequency * (1 + 1e-12) && other >= frequency / factor * (1 - 1e-12)
  })
const falls = (frequencies: ReadonlyArray<number>): boolean =>
  frequencies.every((frequency, pair) => pair === 0 || frequency <= (frequencies[pair - 1] ?? NaN))

describe("rotary frequencies", () => {
  test("are the geometric series of the rotated part of a head", () => {
    fc.assert(fc.property(plain, depth, (position, size) => {
      const rotated = size * position.fraction
      const frequencies = rotaryFrequencies(position, size)
      expect(frequencies).toHaveLength(rotated / 2)
      frequencies.forEach((frequency, pair) =>
        expect(Math.log(frequency)).toBeCloseTo(-2 * pair / rotated * Math.log(position.theta), 9))
    }))
  })

  test("of a deepened head are those of its source", () => {
    fc.assert(fc.property(plain, depth, fc.integer({ min: 2, max: 4 }), (position, size, times) => {
      expect(rotaryFrequencies({ ...position, sourceDepth: size }, times * size))
        .toEqual(rotaryFrequencies(position, size))
    }))
  })

  test("scaled as for Llama 3 are slowed down by at most the factor, and stay in order", () => {
    fc.assert(fc.property(plain, depth, llama3, (position, size, scaling) => {
      const scaled = rotaryFrequencies({ ...position, scaling }, size)
      expect(slower(position, scaled, size, scaling.factor)).toBe(true)
      expect(falls(scaled)).toBe(true)
    }))
  })

  test("scaled linearly are all slowed down by the factor; a ramp the wrong way round is caught", () => {
    fc.assert(fc.property(plain, depth, fc.double({ min: 1, max: 8, noNaN: true }), (position, size, factor) => {
      const scaled = rotaryFrequencies({ ...position, scaling: { kind: "linear", factor } }, size)
      expect(scaled).toEqual(rotaryFrequencies(position, size).map((frequency) => frequency / factor))
    }))
    const position: Rotary = { kind: "rotary", theta: 10_000, fraction: 1 }
    const wrong = rotaryFrequencies(position, 16).map((frequency, pair) => pair < 4 ? frequency / 64 : frequency)
    expect(slower(position, wrong, 16, 64) && falls(wrong)).toBe(false)
  })
})
