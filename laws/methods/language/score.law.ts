/** Scores: log-probabilities are those of the logits, a batch is its rows, a perplexity counts each token once. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Key from "../../../src/core/key.ts"
import type { Architecture } from "../../../src/methods/language/architecture.ts"
import type { Transformer } from "../../../src/methods/language/model.ts"
import { logitsOf, logProbabilities, perplexity } from "../../../src/methods/language/score.ts"
import { architecture, small } from "./architectures.ts"
import { backends, distance, randomModel, run } from "./models.ts"

const key = Key.make(99)
const text = (of: Architecture, seed: number, length: number): ReadonlyArray<number> =>
  Array.from(Key.integers(Key.fold(key, seed), length, of.vocabulary))
const rowsOf = (of: Architecture, seed: number, sizes: ReadonlyArray<number>) =>
  sizes.map((size, row) => text(of, seed + row, size))
const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 })

/** -log softmax(logits)[target], in double precision. */
const cost = (logits: ArrayLike<number>, target: number): number => {
  const all = Array.from(logits)
  const top = Math.max(...all)
  return top + Math.log(all.reduce((total, logit) => total + Math.exp(logit - top), 0)) - (all[target] ?? NaN)
}

const batches = fc.record({ seed: fc.nat(1000), lengths: sizes, batch: fc.integer({ min: 1, max: 3 }) })

describe.each(backends)("scores on %s", (_, on, cases) => {
  it("are the logarithms of the softmax of the logits", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), (of, seed) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      const row = text(of, seed, 7)
      const [logits = new Float32Array()] = yield* logitsOf(model, [row])
      const [scores = new Float32Array()] = yield* logProbabilities(model, [row])
      const expected = row.slice(1).map((target, at) =>
        -cost(logits.subarray(at * of.vocabulary, (at + 1) * of.vocabulary), target))
      expect(distance(scores, expected)).toBeLessThan(1e-4)
    }))), cases))

  it("of rows together are those of each alone, in any batch", () =>
    fc.assert(fc.asyncProperty(architecture, batches, (of, { seed, lengths, batch }) => on(Effect.gen(function*() {
      const model = yield* randomModel(of, Key.fold(key, seed))
      const rows = rowsOf(of, seed, lengths)
      const together = yield* logProbabilities(model, rows, { batch })
      const logits = yield* logitsOf(model, rows, { batch })
      for (const [index, row] of rows.entries()) {
        expect(distance(together[index] ?? [], (yield* logProbabilities(model, [row]))[0] ?? [])).toBeLessThan(1e-4)
        expect(distance(logits[index] ?? [], (yield* logitsOf(model, [row]))[0] ?? [])).toBeLessThan(1e-3)
      }
    }))), cases))
})

/** The costs of a text in windows, one at a time; `counts` says which of a window's predictions count. */
const byHand = (
  model: Transformer, tokens: ReadonlyArray<number>,
  { window, stride }: { readonly window: number, readonly stride: number },
  counts: (start: number, at: number) => boolean
) => Effect.gen(function*() {
  const costs: Array<number> = []
  for (let start = 0; start === 0 || start + window < tokens.length - 1 + stride; start += stride) {
    const [scores = new Float32Array()] = yield* logProbabilities(model, [tokens.slice(start, start + window + 1)])
    costs.push(...Array.from(scores).filter((_, at) => counts(start, at)).map((score) => -score))
  }
  return costs
})

describe("perplexity", () => {
  const mean = (of: ReadonlyArray<number>): number => of.reduce((sum, value) => sum + value, 0) / of.length

  const cuts = fc.record({
    seed: fc.nat(1000), length: fc.integer({ min: 2, max: 30 }),
    wide: fc.integer({ min: 1, max: 12 }), step: fc.integer({ min: 1, max: 12 }), batch: fc.integer({ min: 1, max: 4 })
  })

  it("is exp of the mean cost of every token but the first, each counted once, in the first window that has it", () =>
    fc.assert(fc.asyncProperty(cuts, ({ seed, length, wide, step, batch }) => run(Effect.gen(function*() {
      const model = yield* randomModel(small, Key.fold(key, seed))
      const tokens = text(small, seed, length)
      const window = Math.min(wide, length - 1)
      const cut = { window, stride: Math.min(step, window) }
      const found = yield* perplexity(model, tokens, { ...cut, batch })
      const costs = yield* byHand(model, tokens, cut, (start, at) => start === 0 || at >= window - cut.stride)
      expect(found.tokens).toBe(length - 1)
      expect(costs.length).toBe(length - 1)
      expect(found.loss).toBeCloseTo(mean(costs), 4)
      expect(found.perplexity).toBeCloseTo(Math.exp(found.loss), 9)
    }))), { numRuns: 25 }))

  it("would count tokens twice if each window counted all, and the law sees it", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const tokens = text(small, 5, 20)
    const cut = { window: 6, stride: 3 }
    const found = yield* perplexity(model, tokens, cut)
    const twice = yield* byHand(model, tokens, cut, () => true)
    expect(twice.length).toBeGreaterThan(tokens.length - 1)
    expect(Math.abs(mean(twice) - found.loss)).toBeGreaterThan(1e-3)
  })))

  it("of a model that knows nothing is the size of the vocabulary", () => run(Effect.gen(function*() {
    const ignorant: Architecture = { ...small, finalSoftCap: 1e-9 }
    const { perplexity: found } = yield* perplexity(yield* randomModel(ignorant, key), text(small, 6, 30))
    expect(found).toBeCloseTo(small.vocabulary, 4)
  })))

  it("refuses text and settings that cannot be scored, and names them", () => run(Effect.gen(function*() {
    const model = yield* randomModel(small, key)
    const learned = yield* randomModel({ ...small, position: { kind: "learned", offset: 2, length: 18 } }, key)
    const refused = <A, R>(effect: Effect.Effect<A, { readonly _tag: string, readonly message: string }, R>) =>
      Effect.map(Effect.flip(effect), (error) => `${error._tag} ${error.message}`)
    expect(yield* refused(perplexity(model, []))).toBe("ScoreError tokens: expected at least two, got 0")
    expect(yield* refused(perplexity(model, [1, 7, 2])))
      .toBe("ScoreError tokens: token 1 is 7, expected an integer from 0 to 6")
    expect(yield* refused(perplexity(model, [1, 2, 3], { window: 2, stride: 3 }))).toMatch(/^ScoreError stride/)
    expect(yield* refused(perplexity(model, [1, 2, 3], { batch: 0 }))).toMatch(/^ScoreError batch/)
    expect(yield* refused(perplexity(learned, text(small, 1, 40), { window: 17 })))
      .toMatch(/^ScoreError tokens: 17 tokens are more than the 16 positions/)
    expect(yield* refused(logProbabilities(model, [[1], []])))
      .toBe("ScoreError row 1: expected at least one token, got none")
    expect(yield* refused(logitsOf(learned, [text(small, 1, 17)]))).toMatch(/^ScoreError row 0: 17 tokens/)
  })))
})
