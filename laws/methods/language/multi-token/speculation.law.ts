/** Decoding several tokens a step gives the text of decoding one, whatever is drafted, and keeps nothing void. */
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import type { Settings } from "../../../../src/methods/language/decode.ts"
import { generate } from "../../../../src/methods/language/decode.ts"
import { make } from "../../../../src/methods/language/model.ts"
import type { Transformer } from "../../../../src/methods/language/weights.ts"
import { logitsOf } from "../../../../src/methods/language/score.ts"
import { candidates } from "../../../../src/methods/language/sampling.ts"
import type { Scheme, Shape } from "../../../../src/methods/language/multi-token/configuration.ts"
import { speculative } from "../../../../src/methods/language/multi-token/index.ts"
import type { Drafts, Step } from "../../../../src/methods/language/multi-token/speculation.ts"
import { memory } from "../../../../src/methods/language/multi-token/memory.ts"
import { steps, stepsOf } from "../../../../src/methods/language/multi-token/speculation.ts"
import type { Adapted } from "../../../../src/methods/language/multi-token/verification.ts"
import { programs } from "../../../../src/methods/language/multi-token/verification.ts"
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
  model: Transformer, own: Adapted, scheme: Scheme, prompt: Text, settings: Settings, drafts?: Drafts,
  masks = own.shape.masks
) => Stream.runCollect(steps(model, own, { scheme, masks }, prompt, settings, drafts))
const textOf = (made: ReadonlyArray<Step>): Text => made.flatMap(({ tokens }) => tokens)

const asked = fc.record({
  of: architecture, shape, scheme, seed: fc.nat(1000), length: fc.integer({ min: 1, max: 9 }),
  tokens: fc.integer({ min: 0, max: 12 }), end: fc.subarray([0, 1, 2, 3, 4, 5, 6], { maxLength: 2 }),
  used: fc.integer({ min: 1, max: 3 })
})

describe.each(backends)("speculation on %s", (_, on, cases) => {
  it("writes the greedy text of the model, for any adapter, masks used, end and length (M10)", () =>
    fc.assert(fc.asyncProperty(asked, ({ of, shape, scheme, seed, length, used, ...how }) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      const own = yield* adapted(of, shape, Key.fold(key, seed + 1))
      const prompt = promptOf(of, seed, length)
      const masks = Math.min(used, shape.masks)
      expect(textOf(yield* speculated(model, own, scheme, prompt, how, undefined, masks)))
        .toEqual(yield* plain(model, prompt, how))
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
    const made = yield* programs(model, own, { scheme: "quadratic", masks: 2 })
    const kept = (of: Effect.Success<ReturnType<typeof memory>>, count: number) =>
      Effect.map(of.remembered, (all) => all.flatMap(({ key, value }) => [key, value].flatMap(({ axes, data }) => {
        const [, heads = 0, memory = 0, depth = 0] = axes.values()
        return Array.from({ length: heads }, (_, head) =>
          Array.from(data.subarray(head * memory * depth, (head * memory + count) * depth))).flat()
      })))
    const stepped = yield* memory(made)
    yield* stepped.greedy({ tokens: text.slice(0, 5), from: 0, judged: 1 })
    // the newest token, a right draft and a wrong one, then what truly follows
    yield* stepped.greedy({ tokens: [text[5] ?? 0, wrong, 3], from: 5, judged: 3 })
    yield* stepped.greedy({ tokens: text.slice(6, 9), from: 6, judged: 3 })
    const fresh = yield* memory(made)
    yield* fresh.greedy({ tokens: text.slice(0, 9), from: 0, judged: 1 })
    expect(distance(yield* kept(stepped, 9), yield* kept(fresh, 9))).toBe(0)
    expect(distance(yield* kept(stepped, 10), yield* kept(fresh, 10))).toBeGreaterThan(0)
  })))

  it("keep what they remember when a text outgrows its memory", () => run(Effect.gen(function*() {
    const of = { ...small, context: 160 }
    const model = yield* randomModel(of, key)
    const own = yield* adapted(of, whole, key)
    const settings = { tokens: 100, end: [] }
    const prompt = promptOf(of, 2, 3)
    expect(textOf(yield* speculated(model, own, "linear", prompt, settings)))
      .toEqual(yield* plain(model, prompt, settings))
  })))

  it("draft from the masks after what is accepted, as of a text just read", () => run(Effect.gen(function*() {
    const model = yield* randomModel(long, key)
    let [looked, accepted] = [0, 0]
    for (const [scheme, sampler] of [["quadratic", true], ["quadratic", false], ["linear", true]] as const) {
      const own = yield* adapted(long, { ...whole, sampler }, key)
      const prompt = promptOf(long, 4, 3)
      const made = yield* speculated(model, own, scheme, prompt, { tokens: 24, end: [] })
      for (const [index, step] of made.entries()) {
        if (step.drafts.length === 0) continue
        const before = textOf(made.slice(0, index))
        // the model's own token is of the reading that made the drafts
        const text = [...prompt, ...before.slice(0, -1)]
        const [, fresh] = yield* speculated(model, own, scheme, text, { tokens: 2, end: [] })
        expect(step.drafts).toEqual(fresh?.drafts)
        looked += 1
        accepted += made[index - 1]?.accepted ?? 0
      }
    }
    expect(looked).toBeGreaterThan(20)
    expect(accepted).toBeGreaterThan(0)
  })))

  it("compile as few programs for many texts as for one", () => run(Effect.gen(function*() {
    const model = yield* randomModel(long, key)
    const own = yield* adapted(long, whole, key)
    const made = yield* programs(model, own, { scheme: "quadratic", masks: 2 })
    const piece = { time: 3, judged: 3, groups: 3, masks: 2, text: 64, aside: 6 }
    expect(yield* made.greedy(piece)).toBe(yield* made.greedy({ ...piece }))
    expect(yield* made.greedy({ ...piece, text: 128 })).not.toBe(yield* made.greedy(piece))
  })))

  it("refuse a prompt that cannot be decoded", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const own = yield* adapted(small, whole, key)
    const refused = yield* Effect.flip(speculated(model, own, "linear", [1, 7], { tokens: 3 }))
    // a mask is no token of a prompt
    expect(`${refused._tag} ${refused.message}`).toMatch(/^DecodeError prompt 0: token 1 is 7/)
    const many = yield* Effect.flip(speculative(make({ ...model, name: "random" }), own, { masks: 3 }))
    expect(many.message).toBe("masks: expected a whole number from 1 to the 2 of the adapter, got 3")
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
    const made = yield* programs(model, own, { scheme: "quadratic", masks: 1 })
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
      const all = yield* Effect.scoped(Stream.runCollect(
        stepsOf(model, made, prompt, { ...sampling, tokens: 2, end: [], key: Key.make(seed) })))
      const token = textOf(all)[1] ?? 0
      counts[token] = (counts[token] ?? 0) + 1
      accepted += all[1]?.accepted ?? 0
    }
    expect(accepted).toBeGreaterThan(draws / 100)
    expect(accepted).toBeLessThan(draws * 0.9)
    expect(statistic(counts, expected.map((mass) => mass * draws))).toBeLessThan(critical)
  })), 120_000)

  it("draws drafts from the distributions that it gives along (false alarm 1e-6 a mask)", () => run(
    Effect.gen(function*() {
      const model = yield* randomModel(small, key)
      const own = yield* adapted(small, whole, key)
      const { drawing } = yield* memory(yield* programs(model, own, { scheme: "linear", masks: 2 }))
      const { draw } = yield* drawing({ tokens: [1, 2, 3], from: 0, judged: 1 }, 1.5)
      const draws = 1000
      const counts = new Array<number>(small.vocabulary).fill(0)
      const pairs = new Array<number>(small.vocabulary).fill(0)
      const expected = new Array<number>(small.vocabulary).fill(0)
      let proposed = new Float32Array(0)
      for (let seed = 0; seed < draws; seed++) {
        const { drafts: [one = 0, two = 0], proposals } = yield* draw(4, 0, Key.make(seed))
        counts[one] = (counts[one] ?? 0) + 1
        pairs[two] = (pairs[two] ?? 0) + 1
        // the second draft's distribution depends on the first draft
        proposals.slice(small.vocabulary).forEach((mass, token) => { expected[token] = (expected[token] ?? 0) + mass })
        proposed = proposals.slice(0, small.vocabulary)
      }
      expect(statistic(counts, Array.from(proposed, (mass) => mass * draws))).toBeLessThan(critical)
      expect(statistic(pairs, expected)).toBeLessThan(critical)
      expect(statistic(counts, new Array<number>(small.vocabulary).fill(draws / small.vocabulary)))
        .toBeGreaterThan(critical)
    })), 120_000)

  it("draws the same text from the same key", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const own = yield* adapted(small, whole, key)
    const settings = { temperature: 1, tokens: 8, end: [], key }
    const made = textOf(yield* speculated(model, own, "linear", [1], settings))
    expect(textOf(yield* speculated(model, own, "linear", [1], settings))).toEqual(made)
  })))
})
