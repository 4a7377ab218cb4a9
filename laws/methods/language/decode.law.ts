/** Decoding with remembered keys and values: the tokens of the full forward pass, row by row, from a seed. */
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Key from "../../../src/core/key.ts"
import type { Architecture } from "../../../src/methods/language/architecture.ts"
import type { Settings } from "../../../src/methods/language/decode.ts"
import { decoder, generate, generateAll } from "../../../src/methods/language/decode.ts"
import type { Transformer } from "../../../src/methods/language/model.ts"
import { countOf } from "../../../src/methods/language/parameters.ts"
import { logitsOf } from "../../../src/methods/language/score.ts"
import { put } from "../../../src/methods/language/weights.ts"
import { architecture, small } from "./architectures.ts"
import { backends, distance, randomModel, run } from "./models.ts"

const key = Key.make(404)
type Texts = ReadonlyArray<ReadonlyArray<number>>

const promptsOf = (of: Architecture, seed: number, lengths: ReadonlyArray<number>): Texts =>
  lengths.map((length, row) => Array.from(Key.integers(Key.fold(Key.fold(key, seed), row), length, of.vocabulary)))
const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 })
const shared = { tokens: 5, end: [] } satisfies Settings

/** The logits after a text, computed anew. */
const afterwards = (model: Transformer, text: ReadonlyArray<number>) =>
  Effect.map(logitsOf(model, [text]), ([all = new Float32Array()]) => all.slice(-model.architecture.vocabulary))

/** The largest difference of logits between pieces of rows read one after another and the same rows read anew. */
const deviation = (model: Transformer, prompts: Texts, late: number) => Effect.gen(function*() {
  const { vocabulary } = model.architecture
  const read = yield* decoder(model, prompts.length, 16)
  yield* read(prompts.map((piece) => ({ piece, from: 0 })), "logits")
  const next = prompts.map((prompt, row) => ({ piece: [row], from: prompt.length + late }))
  const { logits = new Float32Array() } = yield* read(next, "logits")
  const differences = yield* Effect.forEach(prompts, (prompt, row) => Effect.map(
    afterwards(model, [...prompt, row]),
    (expected) => distance(logits.subarray(row * vocabulary, (row + 1) * vocabulary), expected)))
  return Math.max(...differences)
})

const textsOf = (model: Transformer, prompts: Texts, settings: Settings) =>
  Effect.map(Stream.runCollect(generateAll(model, prompts, settings)), (continued) =>
    prompts.map((_, row) => continued.filter((one) => one.row === row).map(({ token }) => token)))

describe.each(backends)("decoding on %s", (_, on, cases) => {
  it("gives the logits of the full forward pass, for rows of any length", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), lengths, (of, seed, sizes) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      expect(yield* deviation(model, promptsOf(of, seed, sizes), 0)).toBeLessThan(1e-3)
    }))), cases))

  it("takes the likeliest token of the full forward pass, and with a temperature the seed's", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), (of, seed) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      const [prompt = []] = promptsOf(of, seed, [3])
      const made = yield* Stream.runCollect(generate(model, prompt, shared))
      for (let step = 0; step < shared.tokens; step++) {
        const logits = yield* afterwards(model, [...prompt, ...made.slice(0, step)])
        expect(logits[made[step] ?? -1]).toBeGreaterThan(Math.max(...logits) - 1e-3)
      }
      const drawn = { ...shared, temperature: 1, topP: 0.9, key: Key.fold(key, seed) }
      const first = yield* Stream.runCollect(generate(model, prompt, drawn))
      expect(yield* Stream.runCollect(generate(model, prompt, drawn))).toEqual(first)
    }))), cases))

  it("continues a row as it does alone", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), lengths, (of, seed, sizes) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      const prompts = promptsOf(of, seed, sizes)
      const alone = yield* Effect.forEach(prompts, (prompt) =>
        Effect.map(textsOf(model, [prompt], shared), ([text]) => text))
      expect(yield* textsOf(model, prompts, shared)).toEqual(alone)
    }))), cases))
})

describe("decoding", () => {
  it("would be off if tokens were read one position late, and the law sees it", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    expect(yield* deviation(model, promptsOf(small, 1, [3, 5]), 1)).toBeGreaterThan(1e-2)
  })))

  it("ends at an end token, which is not given, while other rows go on", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const prompts = promptsOf(small, 2, [3, 4])
    const [first = [], second = []] = yield* textsOf(model, prompts, shared)
    const end = first.filter((token) => !second.includes(token))
    expect(end.length).toBeGreaterThan(0)
    const cut = first.slice(0, first.findIndex((token) => end.includes(token)))
    expect(yield* textsOf(model, prompts, { ...shared, end })).toEqual([cut, second])
  })))

  it("stops where the context is full, and gives nothing when asked for nothing", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const [prompt = []] = promptsOf(small, 3, [small.context - 2])
    expect((yield* textsOf(model, [prompt], { tokens: 9, end: [] }))[0]?.length).toBe(2)
    expect(yield* textsOf(model, [prompt], { tokens: 0 })).toEqual([[]])
  })))

  it("may be left after any token", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const [prompt = []] = promptsOf(small, 4, [3])
    const whole = yield* Stream.runCollect(generate(model, prompt, shared))
    expect(yield* Stream.runCollect(Stream.take(generate(model, prompt, shared), 2))).toEqual(whole.slice(0, 2))
  })))

  it("refuses to go on from logits that are not numbers", () => run(Effect.gen(function*() {
    const weights = yield* put(small, (parameter) => Effect.succeed(new Float32Array(countOf(parameter)).fill(NaN)))
    for (const settings of [shared, { ...shared, temperature: 1, key }]) {
      const error = yield* Effect.flip(Stream.runCollect(generate({ architecture: small, weights }, [1, 2], settings)))
      expect(`${error._tag} ${error.message}`).toBe("DecodeError prompt 0: the logits of the model are not numbers")
    }
  })))

  it("refuses prompts and settings that cannot be decoded, and names them", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const refused = (prompt: ReadonlyArray<number>, settings: Settings) =>
      Effect.map(Effect.flip(Stream.runCollect(generate(model, prompt, settings))), (error) => `${error._tag} ${error.message}`)
    expect(yield* refused([], shared)).toMatch(/^DecodeError prompt 0: expected at least one token/)
    expect(yield* refused([1, 99], shared)).toMatch(/^DecodeError prompt 0: token 1 is 99, expected an integer from 0 to 6/)
    expect(yield* refused(new Array<number>(16).fill(0), shared)).toMatch(/^DecodeError prompt 0: 16 tokens leave no room/)
    expect(yield* refused([1], { ...shared, temperature: 1 })).toMatch(/^DecodeError key/)
    expect(yield* refused([1], { ...shared, temperature: 1, topP: 2, key })).toMatch(/^DecodeError sampling: topP/)
    expect(yield* refused([1], { tokens: -1 })).toMatch(/^DecodeError tokens/)
  })))
})
