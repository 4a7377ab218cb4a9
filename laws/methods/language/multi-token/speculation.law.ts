/** Decoding several tokens a step gives the text of decoding one, whatever is drafted, and keeps nothing void. */
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import type { Settings } from "../../../../src/methods/language/decode.ts"
import { generate } from "../../../../src/methods/language/decode.ts"
import type { Transformer } from "../../../../src/methods/language/model.ts"
import { logitsOf } from "../../../../src/methods/language/score.ts"
import { candidates } from "../../../../src/methods/language/sampling.ts"
import type { Scheme, Shape } from "../../../../src/methods/language/multi-token/configuration.ts"
import type { Drafts, Step } from "../../../../src/methods/language/multi-token/speculation.ts"
import { steps } from "../../../../src/methods/language/multi-token/speculation.ts"
import type { Adapted } from "../../../../src/methods/language/multi-token/verification.ts"
import { verifier } from "../../../../src/methods/language/multi-token/verification.ts"
import { architecture, small } from "../architectures.ts"
import { backends, distance, randomModel, run } from "../models.ts"
import { adapted, key, shape, whole } from "./fixture.ts"

type Text = ReadonlyArray<number>

const long: Architecture = { ...small, context: 64 }
const promptOf = (of: Architecture, seed: number, length: number): Text =>
  Array.from(Key.integers(Key.fold(key, seed), length, of.vocabulary))
const scheme = fc.constantFrom<Scheme>("linear", "quadratic")

const plain = (model: Transformer, prompt: Text, settings: Settings) =>
  Stream.runCollect(generate(model, prompt, settings))
const speculated = (
  model: Transformer, own: Adapted, by: Scheme, prompt: Text, settings: Settings, drafts?: Drafts
) => Stream.runCollect(steps(model, own, by, prompt, settings, drafts))
const textOf = (made: ReadonlyArray<Step>): Text => made.flatMap(({ tokens }) => tokens)

const asked = fc.record({
  of: architecture, shape, scheme, seed: fc.nat(1000), length: fc.integer({ min: 1, max: 9 }),
  tokens: fc.integer({ min: 0, max: 12 }), end: fc.subarray([0, 1, 2, 3, 4, 5, 6], { maxLength: 2 })
})

describe.each(backends)("speculation on %s", (_, on, cases) => {
  it("writes the greedy text of the model, for any adapter, end and length (M10)", () =>
    fc.assert(fc.asyncProperty(asked, ({ of, shape, scheme, seed, length, tokens, end }) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      const own = yield* adapted(of, shape, Key.fold(key, seed + 1))
      const prompt = promptOf(of, seed, length)
      const settings = { tokens, end }
      expect(textOf(yield* speculated(model, own, scheme, prompt, settings)))
        .toEqual(yield* plain(model, prompt, settings))
    }))), cases))
})

/** Drafts that are the model's own text at the places where `right` says so, and other tokens elsewhere. */
const drafting = (text: Text, from: number, masks: number, right: (place: number) => boolean): Drafts =>
  (_, position) => Effect.succeed(Array.from({ length: masks }, (_, index) => {
    const place = position - from + 1 + index
    const token = text[place] ?? 0
    return right(place) ? token : (token + 1) % small.vocabulary
  }))

/** A long greedy text, and the steps that it takes with such drafts. */
const drafted = (
  shape: Shape, by: Scheme, tokens: number, right: (place: number) => boolean
) => run(Effect.gen(function*() {
  const model = yield* randomModel(long, key)
  const own = yield* adapted(long, shape, key)
  const prompt = promptOf(long, 4, 3)
  const text = yield* plain(model, prompt, { tokens: 40, end: [] })
  const made = yield* speculated(
    model, own, by, prompt, { tokens, end: [] }, drafting(text, prompt.length, shape.masks, right))
  expect(textOf(made)).toEqual(text.slice(0, tokens))
  return made
}))

const sizes = fc.record({ masks: fc.integer({ min: 1, max: 4 }), tokens: fc.integer({ min: 1, max: 24 }), scheme })

describe("steps", () => {
  it("emit the text whichever drafts are right, in at most a step a token, at least one in k + 1 (M10, M11, M14)", () =>
    fc.assert(fc.asyncProperty(sizes, fc.nat(1000), async ({ masks, tokens, scheme }, seed) => {
      const luck = Key.uniform(Key.fold(key, seed), 64)
      const made = await drafted({ ...whole, masks }, scheme, tokens, (place) => (luck[place] ?? 0) < 0.7)
      expect(made.length).toBeLessThanOrEqual(tokens)
      expect(made.length).toBeGreaterThanOrEqual(Math.ceil(tokens / (masks + 1)))
      made.forEach(({ drafts, accepted }, index) => {
        expect(accepted).toBeLessThanOrEqual(drafts.length)
        const before = made[index - 1]
        const wasted = before === undefined || (scheme === "linear" && before.accepted < before.drafts.length)
        expect(drafts.length).toBe(wasted ? 0 : masks)
      })
    }), { numRuns: 15 }))

  it("of an oracle take the first token alone and then k + 1 at a time; of drafts always wrong, one each (M11)", () =>
    fc.assert(fc.asyncProperty(sizes, async ({ masks, tokens, scheme }) => {
      const best = await drafted({ ...whole, masks }, scheme, tokens, () => true)
      expect(best.length).toBe(1 + Math.ceil((tokens - 1) / (masks + 1)))
      expect((await drafted({ ...whole, masks }, scheme, tokens, () => false)).length).toBe(tokens)
    }), { numRuns: 8 }))

  it("leave in memory what a fresh reading of the verified text does (M13)", () => run(Effect.gen(function*() {
    const model = yield* randomModel(long, key)
    const own = yield* adapted(long, whole, key)
    const text = promptOf(long, 6, 12)
    const wrong = ((text[6] ?? 0) + 1) % long.vocabulary
    const kept = (of: Effect.Success<ReturnType<typeof verifier>>, count: number) =>
      Effect.map(of.remembered, (all) => all.flatMap(({ key, value }) => [key, value].flatMap(({ axes, data }) => {
        const [, heads = 0, memory = 0, depth = 0] = axes.values()
        return Array.from({ length: heads }, (_, head) =>
          Array.from(data.subarray(head * memory * depth, (head * memory + count) * depth))).flat()
      })))
    const stepped = yield* verifier(model, own, 32, 3)
    yield* stepped.read({ tokens: text.slice(0, 5), from: 0, judged: 1, masked: [4] }, "likeliest")
    // the newest token, a right draft and a wrong one, then what truly follows
    yield* stepped.read({ tokens: [text[5] ?? 0, wrong, 3], from: 5, judged: 3, masked: [0, 1, 2] }, "likeliest")
    yield* stepped.read({ tokens: text.slice(6, 9), from: 6, judged: 3, masked: [0, 1, 2] }, "likeliest")
    const fresh = yield* verifier(model, own, 32, 3)
    yield* fresh.read({ tokens: text.slice(0, 9), from: 0, judged: 1, masked: [8] }, "likeliest")
    expect(distance(yield* kept(stepped, 9), yield* kept(fresh, 9))).toBe(0)
    expect(distance(yield* kept(stepped, 10), yield* kept(fresh, 10))).toBeGreaterThan(0)
  })))

  it("refuse a prompt that cannot be decoded", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const own = yield* adapted(small, whole, key)
    const refused = yield* Effect.flip(speculated(model, own, "linear", [1, 7], { tokens: 3 }))
    // a mask is no token of a prompt
    expect(`${refused._tag} ${refused.message}`).toMatch(/^DecodeError prompt 0: token 1 is 7/)
  })))
})

/** Of seven outcomes; six degrees of freedom exceed this in one of a million samples. */
const critical = 38.26

const statistic = (counts: ReadonlyArray<number>, expected: ReadonlyArray<number>): number =>
  counts.reduce((sum, count, index) => sum + (count - (expected[index] ?? 0)) ** 2 / (expected[index] ?? 0), 0)

describe("speculation with a temperature", () => {
  it("draws second tokens with the model's probabilities (false alarm 1e-6)", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const own = yield* adapted(small, { ...whole, masks: 1 }, key)
    const prompt = [1, 2]
    const sampling = { temperature: 1.5 }
    const probabilities = (text: Text) => Effect.map(logitsOf(model, [text]), ([all = new Float32Array()]) => {
      const { tokens, probabilities } = candidates(all.slice(-small.vocabulary), sampling)
      return Array.from({ length: small.vocabulary }, (_, token) => probabilities[tokens.indexOf(token)] ?? 0)
    })
    const first = yield* probabilities(prompt)
    const second = yield* Effect.forEach(first, (_, token) => probabilities([...prompt, token]))
    const expected = first.map((_, token) =>
      first.reduce((sum, mass, before) => sum + mass * (second[before]?.[token] ?? 0), 0))
    const counts = new Array<number>(small.vocabulary).fill(0)
    const draws = 1000
    let accepted = 0
    for (let seed = 0; seed < draws; seed++) {
      const made = yield* Effect.scoped(speculated(model, own, "quadratic", prompt,
        { ...sampling, tokens: 2, end: [], key: Key.make(seed) }))
      const token = textOf(made)[1] ?? 0
      counts[token] = (counts[token] ?? 0) + 1
      accepted += made[1]?.accepted ?? 0
    }
    expect(accepted).toBeGreaterThan(draws / 100)
    expect(accepted).toBeLessThan(draws * 0.9)
    expect(statistic(counts, expected.map((mass) => mass * draws))).toBeLessThan(critical)
  })), 120_000)

  it("draws the same text from the same key", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const own = yield* adapted(small, whole, key)
    const settings = { temperature: 1, tokens: 8, end: [], key }
    const made = textOf(yield* speculated(model, own, "linear", [1], settings))
    expect(textOf(yield* speculated(model, own, "linear", [1], settings))).toEqual(made)
  })))
})
