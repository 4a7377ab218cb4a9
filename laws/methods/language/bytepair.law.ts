/**
 * Byte-pair encoding conserves text, does not depend on the order of what it counts, and never lengthens the text it
 * was trained on.
 */
import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { Tokenizer } from "@huggingface/tokenizers"
import fc from "fast-check"
import * as E from "fp-ts/lib/Either.js"
import { describe, expect, test } from "vitest"
import {
  alphabet, ByteLevelTokenizer, type Choice, countWords, endOfText, mostFrequent, tokenizerConfig, train, words
} from "../../../src/methods/language/bytepair.ts"

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8")
const shipped = new Tokenizer(JSON.parse(read("models/default/tokenizer.json")), tokenizerConfig)

/** Documents of few letters, so that pairs repeat and counts tie. */
const documents = fc.array(
  fc.array(fc.stringMatching(/^[abcé]{1,6}$/), { minLength: 1, maxLength: 8 }).map((list) => list.join(" ")),
  { minLength: 1, maxLength: 6 }
)
const joined = (works: ReadonlyArray<string>): string => works.join(endOfText)

/** Trains with as many merges as asked, or as the text has. */
const trained = (text: string, merges: number, choose?: Choice): ByteLevelTokenizer => {
  for (let size = 257 + merges; size > 257; size--) {
    const result = train(text, choose === undefined ? { size } : { size, choose })
    if (E.isRight(result)) return result.right
  }
  const least = train(text, { size: 257 })
  if (E.isLeft(least)) throw new Error(least.left.message)
  return least.right
}

const dependsOnOrder = (choose?: Choice): ReturnType<typeof fc.property> =>
  fc.property(documents, fc.integer({ min: 1, max: 8 }), (works, merges) => {
    expect(trained(joined([...works].reverse()), merges, choose)).toEqual(trained(joined(works), merges, choose))
  })

describe("byte-level BPE", () => {
  test("decoding an encoding gives every string back (the library decodes one token at least)", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 200 }), (text) => {
      expect(shipped.decode(shipped.encode(text).ids)).toBe(text)
    }), { numRuns: 500 })
  })

  test("every byte has its own visible character and its own token", () => {
    expect(new Set(alphabet).size).toBe(256)
    for (const character of alphabet) expect(shipped.token_to_id(character)).toBeGreaterThan(0)
    expect(shipped.token_to_id(endOfText)).toBe(0)
    expect(shipped.encode(`a${endOfText}`).ids.at(-1)).toBe(0)
  })

  test("words cover every text without gap or overlap", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      expect([...text.matchAll(new RegExp(words, "gu"))].map(([word]) => word).join("")).toBe(text)
    }))
  })

  test("the vocabulary does not depend on the order of the documents", () => {
    fc.assert(dependsOnOrder())
  })

  test("a trainer that breaks ties by insertion is caught", () => {
    const first: Choice = (counts) => {
      const most = Math.max(0, ...counts.values())
      return [...counts].find(([, count]) => count === most)?.[0]
    }
    expect(fc.check(dependsOnOrder(first)).failed).toBe(true)
  })

  test("each further merge shortens the training text or leaves its length", () => {
    fc.assert(fc.property(documents, fc.integer({ min: 0, max: 8 }), (works, merges) => {
      const text = joined(works)
      const length = (count: number): number =>
        new Tokenizer(trained(text, count), tokenizerConfig).encode(text).ids.length
      expect(length(merges + 1)).toBeLessThanOrEqual(length(merges))
    }), { numRuns: 50 })
  })

  test("the most frequent pair is chosen, and of equal ones the least", () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 3 }))), (entries) => {
      const counts = new Map(entries)
      const most = Math.max(...counts.values())
      const ties = [...counts.keys()].filter((pair) => counts.get(pair) === most)
      expect(mostFrequent(counts)).toBe(ties.length === 0 ? undefined : Math.min(...ties))
    }))
  })

  test("no two merges spell the same token: ids run from 0 without a gap", () => {
    fc.assert(fc.property(documents, fc.nat(40), (works, merges) => {
      const { model } = trained(joined(works), merges)
      const ids = Object.values(model.vocab).sort((a, b) => a - b)
      expect(ids).toEqual(Array.from({ length: 257 + model.merges.length }, (_, id) => id))
    }))
  })

  test("what the trainer writes, its codec reads back", () => {
    fc.assert(fc.property(documents, fc.nat(8), (works, merges) => {
      const vocabulary = trained(joined(works), merges)
      expect(ByteLevelTokenizer.decode(JSON.parse(JSON.stringify(vocabulary)))).toEqual(E.right(vocabulary))
    }))
    expect(ByteLevelTokenizer.is({ ...trained("a", 0), version: "2.0" })).toBe(false)
  })

  test("the shipped vocabulary is the one that its text trains", () => {
    const text = gunzipSync(readFileSync(new URL("../../../data/prose.train.txt.gz", import.meta.url))).toString("utf8")
    expect(train(text, { size: 1024 })).toEqual(E.right(JSON.parse(read("models/default/tokenizer.json"))))
  })

  test("a size that cannot be reached is refused", () => {
    for (const size of [0, 256, 300.5, NaN, 1e9]) {
      expect(train("some text", { size })).toMatchObject({ left: { _tag: "VocabularyError" } })
    }
    expect(train("ab", { size: 300 })).toMatchObject({ left: { message: expect.stringContaining("258 tokens only") } })
    expect(train("", { size: 258 })).toMatchObject({ left: { message: expect.stringContaining("257 tokens only") } })
  })

  test("words are counted without the special token", () => {
    expect([...countWords(`a a${endOfText}a`)]).toEqual([["a", 2], [" a", 1]])
  })
})
