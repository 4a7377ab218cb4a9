/** The function of a transformer: as transformers computes it for every family; causal, row by row, relative. */
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { crossEntropy } from "../../../src/algebra/derived/loss.ts"
import { mean } from "../../../src/algebra/derived/statistics.ts"
import { gradient } from "../../../src/algebra/interpreters/gradient.ts"
import type { Some, Tensor } from "../../../src/algebra/tensor.ts"
import * as T from "../../../src/algebra/tensor.ts"
import * as Key from "../../../src/core/key.ts"
import type { Architecture, Rotary } from "../../../src/methods/language/architecture.ts"
import { open } from "../../../src/methods/language/model-folder.ts"
import { rotate, turnsAt } from "../../../src/methods/language/rotary.ts"
import { logitsOf } from "../../../src/methods/language/score.ts"
import type { Arrangement, Logits, Rows, Tensors, Weights } from "../../../src/methods/language/transformer.ts"
import { logits, trace, unembed } from "../../../src/methods/language/transformer.ts"
import { at, build } from "../../../src/methods/language/tree.ts"
import { architecture, rows, small, weights } from "./architectures.ts"
import { backends, distance, expectationsOf, folderOf, rangeOf, referenceFolders, values } from "./models.ts"

const key = Key.make(1706)
const rotary = architecture.filter(({ position }) => position.kind === "rotary")

describe.each(backends)("transformers on %s", (_, on) => {
  it.each(referenceFolders)("computes the logits of %s, within 1e-4 of their range, and continues it alike", (name) =>
    on(Effect.gen(function*() {
      const model = yield* open(folderOf(name))
      const { sequences, greedy } = yield* expectationsOf(name)
      for (const { tokens, logits: expected } of sequences) {
        const [found = new Float32Array()] = yield* logitsOf(model, [tokens])
        expect(distance(found, expected.flat()) / rangeOf(expected.flat())).toBeLessThan(1e-4)
      }
      const { continuation } = greedy
      const made = yield* Stream.runCollect(model.generate(greedy.prompt, { tokens: continuation.length, end: [] }))
      expect(made).toEqual(continuation)
    })))
})

const inOrder = (of: Logits<"f64">): Logits<"f64"> => T.arrange(of, ["batch", "time", "vocabulary"])

/** The logits of the first `time` tokens, of rows as wide as they are given. */
const firstLogits = async (of: Architecture, tokens: Rows, time: number, arrangement: Arrangement<"f64"> = {}) =>
  values(T.slice(inOrder(logits(of, weights("f64", of, key), tokens, arrangement)), "time", 0, time))

const tolerance = 1e-9

describe("a transformer", () => {
  it("does not look ahead: later tokens, or none, change no earlier logit", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), fc.integer({ min: 1, max: 5 }), async (of, seed, kept) => {
      const whole = rows(of, Key.fold(key, seed), 1, 6)
      const past = T.slice(whole, "time", 0, kept)
      const future = T.slice(rows(of, Key.fold(key, seed + 1), 1, 6), "time", kept, 6 - kept)
      const other = T.concatenate([past, future], "time")
      const expected = await firstLogits(of, whole, kept)
      expect(distance(await firstLogits(of, other, kept), expected)).toBeLessThan(tolerance)
      expect(distance(await firstLogits(of, past, kept), expected)).toBeLessThan(tolerance)
    }), { numRuns: 30 }))

  it("would look ahead with a mask that is off by one, and the law sees it", async () => {
    const tokens = rows(small, key, 1, 6)
    const past = T.slice(tokens, "time", 0, 3)
    const places = <A extends string>(axis: A, time: number) => T.expand(T.iota("i32", axis, time), "batch", 1)
    const visible = (time: number) => T.lessEqual(places("memory", time), T.add(places("time", time), 1))
    const whole = await firstLogits(small, tokens, 3, { visible: visible(6) })
    expect(distance(await firstLogits(small, past, 3, { visible: visible(3) }), whole)).toBeGreaterThan(1e-3)
  })

  it("computes each row by itself: logits of rows in another order are the logits in that order", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), async (of, seed) => {
      const tokens = rows(of, Key.fold(key, seed), 3, 4)
      const by = (order: number): Rows => T.slice(tokens, "batch", order, 1)
      const turned = T.concatenate([by(2), by(0), by(1)], "batch")
      const expected = Array.from(await firstLogits(of, tokens, 4))
      const last = expected.splice(expected.length * 2 / 3)
      expect(distance(await firstLogits(of, turned, 4), [...last, ...expected])).toBeLessThan(tolerance)
    }), { numRuns: 15 }))

  it("knows only how far apart tokens are, with rotary positions: a shift of all changes no logit", () =>
    fc.assert(fc.asyncProperty(rotary, fc.nat(1000), fc.nat(10), async (of, seed, shift) => {
      const tokens = rows(of, Key.fold(key, seed), 2, 5)
      const positions: Rows = T.add(T.expand(T.iota("i32", "time", 5), "batch", 2), shift)
      const shifted = await firstLogits(of, tokens, 5, { positions })
      expect(distance(shifted, await firstLogits(of, tokens, 5))).toBeLessThan(tolerance)
    }), { numRuns: 15 }))

  it("reads a text packed behind another as it reads it alone", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), fc.integer({ min: 1, max: 4 }), async (of, seed, first) => {
      const tokens = rows(of, Key.fold(key, seed), 1, 6)
      const order: Rows = T.expand(T.iota("i32", "time", 6), "batch", 1)
      const text: Rows = T.cast(T.lessEqual(first, order), "i32")
      const positions: Rows = T.subtract(order, T.multiply(text, first))
      const memory = { time: "memory" } as const
      const visible = T.and(T.equal(text, T.rename(text, memory)), T.lessEqual(T.rename(order, memory), order))
      const packed = Array.from(await firstLogits(of, tokens, 6, { positions, visible }))
      const alone = [
        ...Array.from(await firstLogits(of, T.slice(tokens, "time", 0, first), first)),
        ...Array.from(await firstLogits(of, T.slice(tokens, "time", first, 6 - first), 6 - first))
      ]
      expect(distance(packed, alone)).toBeLessThan(tolerance)
    }), { numRuns: 20 }))

  it("reads a text in pieces, remembering keys and values, as it reads it at once", () =>
    fc.assert(fc.asyncProperty(architecture, fc.nat(1000), fc.integer({ min: 1, max: 5 }), async (of, seed, first) => {
      expect(await piecewise(of, seed, first, first)).toBeLessThan(tolerance)
    }), { numRuns: 20 }))

  it("would not, were the second piece read at positions that begin anew, and the law sees it", async () => {
    expect(await piecewise(small, 1, 3, 0)).toBeGreaterThan(1e-3)
  })
})

/** How far logits of the second piece are from those at once, when it is read as if it began at `position`. */
const piecewise = async (of: Architecture, seed: number, first: number, position: number): Promise<number> => {
  const given = weights("f64", of, key)
  const tokens = rows(of, Key.fold(key, seed), 2, 6)
  const room = T.fill("f64", { batch: 2, head: of.heads.key, memory: 8, depth: of.heads.depth }, 0)
  const empty = Array.from({ length: of.layers }, () => ({ key: room, value: room }))
  const piece = (from: number, size: number, at: number): readonly [Rows, Rows] =>
    [T.slice(tokens, "time", from, size), T.expand(T.add(T.iota("i32", "time", size), at), "batch", 2)]
  const [head, headPositions] = piece(0, first, 0)
  const [tail, tailPositions] = piece(first, 6 - first, position)
  const { caches } = trace(of, given, head, { positions: headPositions, caches: empty })
  const { latents } = trace(of, given, tail, { positions: tailPositions, caches })
  const found = await values(inOrder(unembed<"f64", "batch" | "time">(of, given, latents)))
  const whole = inOrder(logits(of, given, tokens))
  return distance(found, await values(T.slice(whole, "time", first, 6 - first)))
}

/** The mean cost of predicting the next tokens, with weights that are a point `along` a line. */
const costAlong = (of: Architecture, tokens: Rows, along: Tensor<"f64", never>): Tensor<"f64", never> => {
  const start = weights("f64", of, key)
  const direction = weights("f64", of, Key.fold(key, 1))
  // both have the axes of the parameter at a path, which only the path says
  const leaf = (tree: Weights<"f64">, path: string) => at(tree, path) as Some<"f64"> as Tensor<"f64", string>
  const point = build<Tensors<"f64">>(of, ({ path }) =>
    T.add(leaf(start, path), T.multiply(leaf(direction, path), along)) as Tensors<"f64">["embedding"])
  const targets = T.slice(tokens, "time", 1, 5)
  return mean(crossEntropy(logits(of, point, T.slice(tokens, "time", 0, 5)), targets, "vocabulary"), ["batch", "time"])
}

describe("the gradient of a transformer", () => {
  // a kink of relu between the two points would be a difference that no derivative has
  const smooth = architecture.filter(({ feedForward }) => feedForward.activation !== "relu")

  it("is its derivative along any line of weights", () =>
    fc.assert(fc.asyncProperty(smooth, fc.nat(1000), async (of, seed) => {
      const tokens = rows(of, Key.fold(key, seed), 2, 6)
      const cost = async (along: number) => Number((await values(costAlong(of, tokens, T.fill("f64", {}, along))))[0])
      const along = T.literal("f64", {}, Float64Array.of(0.1))
      const [slope = NaN] = Array.from(await values(gradient(costAlong(of, tokens, along), { along }).along))
      const difference = (await cost(0.1 + 1e-5) - await cost(0.1 - 1e-5)) / 2e-5
      expect(Math.abs(slope - difference)).toBeLessThan(1e-5 * (1 + Math.abs(slope)))
    }), { numRuns: 15 }))
})

describe("rotary positions", () => {
  type Turned = Tensor<"f64", "batch" | "time" | "depth">
  const heads = (seed: number, depth: number): Turned =>
    T.literal("f64", { batch: 1, time: 1, depth }, Key.normal(Key.fold(key, seed), depth))
  const turned = (x: Turned, at: number, source: Pick<Rotary, "sourceDepth"> = {}): Turned => {
    const rotary: Rotary = { kind: "rotary", theta: 100, fraction: 1, ...source }
    const position = T.literal("i32", { batch: 1, time: 1 }, Int32Array.of(at))
    return rotate<"f64", never>(rotary, turnsAt("f64", rotary, x.axes.get("depth") ?? 0, position, 64), x)
  }
  const dot = async (x: Turned, y: Turned): Promise<number> =>
    (await values(T.contract(x, y, ["batch", "time", "depth"])))[0] ?? NaN

  it("turn so that products depend on the difference of positions alone, and lengths not at all", () =>
    fc.assert(fc.asyncProperty(fc.nat(30), fc.nat(30), fc.nat(30), fc.nat(1000), async (left, right, shift, seed) => {
      const [query, memory] = [heads(seed, 8), heads(seed + 1, 8)]
      expect(await dot(turned(query, left + shift), turned(memory, right + shift)))
        .toBeCloseTo(await dot(turned(query, left), turned(memory, right)), 9)
      expect(await dot(turned(query, left), turned(query, left))).toBeCloseTo(await dot(query, query), 9)
    }), { numRuns: 30 }))

  it("turn a tiled head as the tiled turn of the head, run by run; as one run they would not", async () => {
    const query = heads(3, 8)
    const tiled = T.tile(query, "depth", 2)
    const expected = await values(T.tile(turned(query, 7), "depth", 2))
    expect(distance(await values(turned(tiled, 7, { sourceDepth: 8 })), expected)).toBeLessThan(1e-12)
    expect(distance(await values(turned(tiled, 7)), expected)).toBeGreaterThan(1e-3)
  })
})
