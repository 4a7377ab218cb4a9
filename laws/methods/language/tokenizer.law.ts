/**
 * A tokenizer conserves text, and so does a stream of its tokens: the pieces join to the text of all tokens at once,
 * and no piece holds a part of a character.
 */
import { fileURLToPath } from "node:url"
import { Effect, FileSystem, Stream } from "effect"
import fc from "fast-check"
import { beforeAll, describe, expect, test } from "vitest"
import * as Tokenizer from "../../../src/methods/language/tokenizer.ts"
import { inFolder, run } from "./files.ts"

const folder = fileURLToPath(new URL("../../../models/default", import.meta.url))

let tokenizer: Tokenizer.Tokenizer
beforeAll(async () => {
  tokenizer = await run(Tokenizer.read(folder))
})

const pieces = (tokens: ReadonlyArray<number>): ReadonlyArray<string> =>
  Effect.runSync(Stream.runCollect(tokenizer.decodeStream(Stream.fromIterable(tokens))))
const encode = (text: string): ReadonlyArray<number> => Effect.runSync(tokenizer.encode(text))
const decode = (tokens: ReadonlyArray<number>): string => Effect.runSync(tokenizer.decode(tokens))

/** Text of every script and width, without the character that stands for what is no text, or what reads as a token. */
const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 })
  .filter((string) => !string.includes("\ufffd") && !string.includes("<|"))

describe("a stream of tokens", () => {
  test("shows the text, in whole characters", () => {
    fc.assert(fc.property(text, (string) => {
      const shown = pieces(encode(string))
      expect(shown.join("")).toBe(string)
      for (const piece of shown) expect(piece).not.toContain("\ufffd")
    }), { numRuns: 300 })
  })

  test("shows the same as all tokens at once, even where they spell no text", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 1023 }), { maxLength: 30 }), (tokens) => {
      expect(pieces(tokens).join("")).toBe(decode(tokens))
    }), { numRuns: 300 })
  })

  test("the law catches decoding token by token", () => {
    const tokens = encode("漢")
    expect(tokens.length).toBeGreaterThan(1)
    expect(tokens.map((token) => decode([token])).join("")).toContain("\ufffd")
  })

  test("is silent about special tokens, unless asked", () => {
    const [end] = tokenizer.special.values()
    expect(pieces([...encode("a"), end ?? -1]).join("")).toBe("a")
    expect(Effect.runSync(tokenizer.decode([end ?? -1], { special: true }))).toBe("<|endoftext|>")
  })
})

describe("a tokenizer refuses", () => {
  test("a token that it does not have, alone or in a stream, after what came before it", () => {
    fc.assert(fc.property(fc.oneof(fc.integer({ min: 1024 }), fc.integer({ max: -1 }), fc.constant(0.5)), (token) => {
      const error = Effect.runSync(Effect.flip(tokenizer.decode([1, token])))
      expect(error).toMatchObject({ _tag: "TokenizerError", problem: "no such token" })
      expect(error.message).toContain(`${token} is none of the 1024 tokens`)
      const shown: Array<string> = []
      const stream = tokenizer.decodeStream(Stream.make(...encode("a"), token)).pipe(
        Stream.tap((piece) => Effect.sync(() => shown.push(piece))))
      expect(Effect.runSync(Effect.flip(Stream.runDrain(stream)))).toMatchObject({ problem: "no such token" })
      expect(shown).toEqual(["a"])
    }))
  })

  test("an empty text", () => {
    expect(Effect.runSync(Effect.flip(tokenizer.encode(""))))
      .toMatchObject({ _tag: "TokenizerError", problem: "empty text" })
  })

  test.each([
    ["what is not JSON", "{", "CodecError"],
    ["a file without a model", "{}", "CodecError"],
    ["a model without a vocabulary", `{"model":{"type":"BPE"}}`, "CodecError"],
    ["a model of no known type", `{"model":{"type":"Telepathy","vocab":{"a":0}}}`, "TokenizerError"],
    ["a vocabulary whose ids are no ids", `{"model":{"type":"BPE","vocab":{"a":"x"},"merges":[]}}`, "TokenizerError"]
  ])("%s", async (_, contents, tag) => {
    const error = await inFolder((place) => Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.writeFileString(`${place}/tokenizer.json`, contents)
      return yield* Effect.flip(Tokenizer.read(place))
    }))
    expect(error._tag).toBe(tag)
    expect(error.message).toContain("tokenizer.json")
  })

  test("a folder without one", async () => {
    expect(await inFolder((place) => Effect.flip(Tokenizer.read(place)))).toMatchObject({ _tag: "PlatformError" })
  })
})
