/** Drawing a token: frequencies are probabilities, a nucleus is the smallest set that is large enough. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Key from "../../../src/core/key.ts"
import type { Sampling } from "../../../src/methods/language/sampling.ts"
import { candidates, draw, refusal } from "../../../src/methods/language/sampling.ts"

const logits = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 12 })
  .map((steps) => Float32Array.from(steps, (step) => step / 10))
const softmax = (of: Float32Array, temperature: number): ReadonlyArray<number> => {
  const weights = Array.from(of, (logit) => Math.exp(logit / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return weights.map((weight) => weight / total)
}
const sum = (of: ReadonlyArray<number>): number => of.reduce((total, value) => total + value, 0)

/** Pearson's statistic of draws against probabilities. */
const chiSquare = (drawn: Sampling, against: ReadonlyArray<number>, of: Float32Array, count: number): number => {
  const seen = against.map(() => 0)
  const choice = candidates(of, drawn)
  for (const uniform of Key.uniform(Key.make(31), count)) {
    const token = draw(choice, uniform)
    seen[token] = (seen[token] ?? 0) + 1
  }
  return sum(against.map((probability, token) => {
    const expected = count * probability
    return ((seen[token] ?? 0) - expected) ** 2 / expected
  }))
}

/** The statistic that chance exceeds with probability 1e-6, for this many categories (Wilson & Hilferty, 1931). */
const critical = (categories: number): number => {
  const freedom = categories - 1
  return freedom * (1 - 2 / (9 * freedom) + 4.753 * Math.sqrt(2 / (9 * freedom))) ** 3
}

describe("sampling", () => {
  const some = Float32Array.of(1.2, -0.3, 0.4, 2, -1.5, 0, 0.9)

  it("draws tokens as often as they are probable (chi-square, false alarm 1e-6, fixed seed)", () => {
    for (const temperature of [0.5, 1, 2])
      expect(chiSquare({ temperature }, softmax(some, temperature), some, 20_000)).toBeLessThan(critical(some.length))
  })

  it("would be caught if it ignored the temperature", () => {
    expect(chiSquare({ temperature: 1 }, softmax(some, 1.2), some, 20_000)).toBeGreaterThan(critical(some.length))
  })

  it("gives every token its softmax where nothing is cut", () =>
    fc.assert(fc.property(logits, fc.constantFrom(0.3, 1, 3), (of, temperature) => {
      const { tokens, probabilities } = candidates(of, { temperature })
      const expected = softmax(of, temperature)
      tokens.forEach((token, index) => expect(probabilities[index]).toBeCloseTo(expected[token] ?? NaN, 9))
      expect(tokens.toSorted((left, right) => left - right)).toEqual(Array.from(of.keys()))
    })))

  it("keeps the smallest set of likeliest tokens that reaches top-p, and their proportions", () =>
    fc.assert(fc.property(logits, fc.double({ min: 0.01, max: 0.99, noNaN: true }), (of, topP) => {
      const all = softmax(of, 1)
      const { tokens, probabilities } = candidates(of, { temperature: 1, topP })
      const kept = tokens.map((token) => all[token] ?? NaN)
      expect(sum(kept)).toBeGreaterThan(topP - 1e-9)
      expect(sum(kept.slice(0, -1))).toBeLessThan(topP + 1e-9)
      const left = all.filter((_, token) => !tokens.includes(token))
      expect(Math.min(...kept)).toBeGreaterThanOrEqual(Math.max(0, ...left) - 1e-12)
      probabilities.forEach((probability, index) =>
        expect(probability).toBeCloseTo((kept[index] ?? NaN) / sum(kept), 9))
    })))

  it("keeps k likeliest tokens, and at temperature 0 the first likeliest alone", () =>
    fc.assert(fc.property(logits, fc.integer({ min: 1, max: 12 }), fc.nat(999), (of, topK, thousandths) => {
      expect(candidates(of, { temperature: 1, topK }).tokens.length).toBe(Math.min(topK, of.length))
      expect(draw(candidates(of, { temperature: 0 }), thousandths / 1000)).toBe(of.indexOf(Math.max(...of)))
    })))

  it("refuses settings that mean nothing, and names them", () => {
    expect(refusal({ temperature: -1 })).toMatch(/temperature/)
    expect(refusal({ temperature: NaN })).toMatch(/temperature/)
    expect(refusal({ temperature: 1, topK: 0 })).toMatch(/topK/)
    expect(refusal({ temperature: 1, topP: 0 })).toMatch(/topP/)
    expect(refusal({ temperature: 1, topP: 1.5 })).toMatch(/topP/)
    expect(refusal({ temperature: 0.7, topK: 5, topP: 0.9 })).toBeUndefined()
  })
})
