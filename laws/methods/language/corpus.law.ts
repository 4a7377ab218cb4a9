/**
 * A sweep scores every token after the first once; a training batch depends on its key and step alone; encoding word by
 * word is encoding.
 */
import { readFileSync } from "node:fs"
import { Tokenizer } from "@huggingface/tokenizers"
import fc from "fast-check"
import * as E from "fp-ts/lib/Either.js"
import { describe, expect, test } from "vitest"
import { make } from "../../../src/core/key.ts"
import { endOfText, tokenizerConfig, words } from "../../../src/methods/language/bytepair.ts"
import {
  batches, encodeText, fromIds, sweep, type Tokens, type Weighted, type Windows, wordwise
} from "../../../src/methods/language/corpus.ts"

const right = <L, A>(either: E.Either<L, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

const path = new URL("../../../models/default/tokenizer.json", import.meta.url)
const tokenizer = new Tokenizer(JSON.parse(readFileSync(path, "utf8")), tokenizerConfig)
const encode = (text: string): ReadonlyArray<number> => tokenizer.encode(text).ids

/** A text in which every token says where it is. */
const numbered = (length: number): Tokens => Uint16Array.from({ length }, (_, index) => index)
const size = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max })
const windows: fc.Arbitrary<Windows> = fc.record({ batch: size(5), time: size(9) })

/** The targets that a list of batches counts, each beside the token it is predicted from. */
const counted = (list: ReadonlyArray<Weighted>): ReadonlyArray<readonly [number, number]> =>
  list.flatMap(({ inputs, targets, weights }) =>
    [...weights].flatMap((weight, at) => (weight === 1 ? [[inputs[at] ?? -1, targets[at] ?? -1] as const] : [])))

const covers = (score: (tokens: Tokens, shape: Windows) => ReadonlyArray<Weighted>): ReturnType<typeof fc.property> =>
  fc.property(fc.integer({ min: 2, max: 200 }), windows, (length, shape) => {
    const list = score(numbered(length), shape)
    expect(counted(list)).toEqual(Array.from({ length: length - 1 }, (_, index) => [index, index + 1]))
    for (const { inputs } of list) expect(inputs.length).toBe(shape.batch * shape.time)
  })

describe("corpus", () => {
  test("a sweep predicts every token after the first exactly once, from the token before it", () => {
    fc.assert(covers((tokens, shape) => right(sweep(tokens, shape))))
  })

  test("a sweep that drops the last, incomplete windows is caught", () => {
    const truncated = (tokens: Tokens, shape: Windows): ReadonlyArray<Weighted> =>
      right(sweep(tokens, shape)).filter(({ weights }) => weights.every((weight) => weight === 1))
    expect(fc.check(covers(truncated)).failed).toBe(true)
  })

  test("training windows are runs of the text, each target the token after its input", () => {
    fc.assert(fc.property(windows, fc.nat(100), fc.nat(), fc.nat(1000), (shape, surplus, seed, step) => {
      const tokens = numbered(shape.time + 1 + surplus)
      const { inputs, targets } = right(batches(tokens, { ...shape, key: make(seed) }))(step)
      for (let at = 0; at < inputs.length; at++) {
        expect(targets[at]).toBe((inputs[at] ?? 0) + 1)
        if (at % shape.time !== 0) expect(inputs[at]).toBe((inputs[at - 1] ?? 0) + 1)
      }
      expect(Math.max(...targets)).toBeLessThan(tokens.length)
    }))
  })

  test("a step's batch is the same whatever came before it, and another key gives others", () => {
    const draw = (seed: number): ((step: number) => unknown) =>
      right(batches(numbered(5000), { batch: 4, time: 8, key: make(seed) }))
    fc.assert(fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), (seed, step) => {
      const run = draw(seed)
      for (let before = 0; before < step; before++) run(before)
      expect(run(step)).toEqual(draw(seed)(step))
      expect(run(step)).not.toEqual(run(step + 1))
      expect(run(step)).not.toEqual(draw(seed + 1)(step))
    }))
  })

  test("every start of a window occurs, the last one too", () => {
    const { inputs } = right(batches(numbered(8), { batch: 400, time: 3, key: make(1) }))(0)
    expect(new Set(inputs.filter((_, at) => at % 3 === 0))).toEqual(new Set([0, 1, 2, 3, 4]))
  })

  test("encoding word by word is encoding", () => {
    const phrase = fc.constantFrom("the whale", "\n\n", endOfText, "  ", "don't", "1851")
    const piece = fc.oneof(phrase, fc.string({ unit: "binary" }))
    const quick = wordwise(encode, words, [endOfText])
    fc.assert(fc.property(fc.array(piece).map((pieces) => pieces.join("")), (text) => {
      expect(quick(text)).toEqual(encode(text))
    }), { numRuns: 300 })
  })

  test("word by word with a pattern that has gaps loses no text", () => {
    const codes = (text: string): ReadonlyArray<number> => [...text].map((character) => character.codePointAt(0) ?? 0)
    fc.assert(fc.property(fc.string(), (text) => {
      expect(wordwise(codes, "[a-z]+", [])(text)).toEqual(codes(text))
    }))
  })

  test("a vocabulary that needs more than two bytes gets four", () => {
    expect(right(fromIds([0, 65535], { vocabulary: 65536, source: "text" }))).toEqual(Uint16Array.of(0, 65535))
    expect(right(fromIds([0, 65536], { vocabulary: 65537, source: "text" }))).toEqual(Uint32Array.of(0, 65536))
  })

  test("what cannot be used is refused by name", () => {
    const left = (message: string): object =>
      ({ left: { _tag: "CorpusError", message: expect.stringContaining(message) } })
    const vocabulary = 1024
    expect(encodeText("", { encode, vocabulary, source: "a.txt" })).toMatchObject(left("a.txt: expected text"))
    for (const id of [1024, -1, 0.5, NaN]) {
      expect(fromIds([0, id], { vocabulary, source: "ids" })).toMatchObject(left("ids: token 1: expected an integer"))
    }
    expect(batches(numbered(8), { batch: 1, time: 8, key: make(0) })).toMatchObject(left("expected at least 9, got 8"))
    expect(sweep(numbered(1), { batch: 1, time: 8 })).toMatchObject(left("expected at least 2, got 1"))
    expect(sweep(numbered(9), { batch: 0, time: 8 })).toMatchObject(left("batch: expected a positive integer, got 0"))
    expect(sweep(numbered(9), { batch: 1, time: 1.5 })).toMatchObject(left("time: expected a positive integer"))
  })
})
