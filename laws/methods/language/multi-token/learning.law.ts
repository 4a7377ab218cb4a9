/** What is said of an adapter while it learns, the text it learns from, and the adapter of a widened model. */
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import { generate } from "../../../../src/methods/language/decode.ts"
import { hyperClone } from "../../../../src/methods/language/hypercloning/index.ts"
import { make } from "../../../../src/methods/language/model.ts"
import type { Shape } from "../../../../src/methods/language/multi-token/configuration.ts"
import type { Step } from "../../../../src/methods/language/multi-token/index.ts"
import { fresh, ownText, repeat, steps, watch } from "../../../../src/methods/language/multi-token/index.ts"
import { architecture, small } from "../architectures.ts"
import { randomModel, run } from "../models.ts"
import { adapted, key, shape, whole } from "./fixture.ts"

const long: Architecture = { ...small, context: 24 }
const ids = (of: Architecture, seed: number, length: number) =>
  Int32Array.from(Key.integers(Key.fold(key, seed), length, of.vocabulary))

const windows = (of: Architecture) => {
  const text = ids(of, 5, 2 * 6 + 1)
  return { batch: 2, time: 6, inputs: text.slice(0, 12), targets: text.slice(1, 13) }
}

describe("the watch", () => {
  const digests = (of: Architecture, gated: boolean) => run(Effect.gen(function*() {
    const model = yield* randomModel(of, key)
    const first = yield* fresh(model, whole, key)
    const other = yield* adapted(of, whole, key)
    return [yield* watch(model, first, windows(of), gated), yield* watch(model, other, windows(of), gated)] as const
  }))

  test("sees the same next-token logits to the bit whatever a gated adapter holds; other losses move", async () => {
    const [before, after] = await digests(small, true)
    expect(after.logits).toBe(before.logits)
    expect(after.nextToken).toBe(before.nextToken)
    expect(after.masks).not.toBe(before.masks)
    expect(after.sampler).not.toBe(before.sampler)
    expect(after.consistency).not.toBe(before.consistency)
  })

  test("sees that plain low-rank adaptation moves them", async () => {
    const [before, after] = await digests(small, false)
    expect(after.logits).not.toBe(before.logits)
    expect(after.nextToken).not.toBe(before.nextToken)
  })
})

describe("a model's own text", () => {
  test("is pieces of a text, each with the greedy continuation of it alone", () => run(Effect.gen(function*() {
    const model = yield* randomModel(long, key)
    const tokens = ids(long, 7, 40)
    const given = 4
    const written = yield* ownText(model, Uint32Array.from(tokens), { texts: 35, given, key })
    expect(written.length).toBe(35 * long.context)
    const row = (index: number) => Array.from(written.subarray(index * long.context, (index + 1) * long.context))
    for (const index of [0, 31, 34]) {
      const piece = row(index).slice(0, given)
      expect(Array.from(tokens).join().includes(piece.join())).toBe(true)
      const alone = yield* Stream.runCollect(generate(model, piece, { tokens: long.context - given, end: [] }))
      expect(row(index).slice(given)).toEqual(alone)
    }
  })))
})

describe("an adapter with every feature repeated", () => {
  /** The drafts of an adapter, and of one for the model made wider. */
  const drafts = (of: Architecture, own: Shape, width: number) =>
    run(Effect.gen(function*() {
      const model = make({ ...yield* randomModel(of, key), name: "random" })
      const narrow = yield* adapted(of, own, key)
      const wide = yield* hyperClone(model, { width, tiedHead: "untie", keyValue: "repeat" })
      const way = { scheme: "quadratic", masks: own.masks } as const
      const settings = { tokens: 6, end: [] }
      const made = (all: ReadonlyArray<Step>) => all.map(({ drafts }) => drafts)
      return [
        made(yield* Stream.runCollect(steps(model, narrow, way, [1, 2], settings))),
        made(yield* Stream.runCollect(
          steps(wide, yield* repeat(model, narrow, wide), way, [1, 2], settings)))
      ] as const
    }))

  test("drafts on a model widened by symmetric HyperCloning what it drafts on the model", () => fc.assert(
    fc.asyncProperty(architecture, shape, fc.integer({ min: 1, max: 3 }), async (of, own, width) => {
      const [narrow, wide] = await drafts(of, own, width)
      expect(wide).toEqual(narrow)
    }), { numRuns: 10 }))
})
