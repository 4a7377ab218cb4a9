/** Text files as commands read them, and their tokens: plain or compressed by gzip, decoded strictly as UTF-8. */
import { Data, Effect, FileSystem } from "effect"
import { fromEither } from "../../core/codec.ts"
import type { Tokens } from "../../methods/language/corpus.ts"
import { fromIds, wordwise } from "../../methods/language/corpus.ts"
import type { Model } from "../../methods/language/model.ts"
import { tokenizerOf } from "./tokenizer.ts"

/** A text file that cannot be used. */
export class TextError extends Data.TaggedError("TextError")<{ readonly file: string; readonly message: string }> {}

/** The bytes that gzip compressed, in Node and in browsers alike; rejects what gzip did not write. */
export const inflate = async (bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> => {
  const plain = new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream("gzip"))
  return new Uint8Array(await new Response(plain).arrayBuffer())
}

/** The text of a file; one that ends in `.gz` is decompressed. */
export const readText = Effect.fn("readText")(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* fs.readFile(file)
  const plain = file.endsWith(".gz")
    ? yield* Effect.tryPromise({
      try: () => inflate(bytes),
      catch: (cause) => new TextError({ file, message: `${file}: expected gzip: ${String(cause)}` })
    })
    : bytes
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(plain),
    catch: () => new TextError({ file, message: `${file}: expected text in UTF-8` })
  })
  return text === "" ? yield* new TextError({ file, message: `${file}: expected text, the file is empty` }) : text
})

/** How a text is encoded: with the tokens that its tokenizer puts around a text, or without, as text to learn is. */
export interface Encoding { readonly around: boolean }

/**
 * The tokens of a text that came from a file, as a model reads them. Where no token reaches across words each distinct
 * one is encoded once, which on a long text is several times as fast.
 */
export const tokensOf = Effect.fn("tokensOf")(function*(
  text: string, file: string, model: Model, { around }: Encoding = { around: false }
) {
  const tokenizer = yield* tokenizerOf(model)
  const { special, words } = tokenizer
  const ids = words === undefined
    ? yield* tokenizer.encode(text, { plain: !around })
    // a word is never empty, which is all that an encoding refuses
    : wordwise((word) => Effect.runSync(tokenizer.encode(word, { plain: true })), words, [...special.keys()])(text)
  return yield* fromEither(fromIds(ids, { vocabulary: model.architecture.vocabulary, source: file }))
})

/** The first tokens of a text in rows of `time`, `count` tokens in all. */
export const rowsOf = (tokens: Tokens, count: number, time: number): ReadonlyArray<Tokens> =>
  Array.from({ length: Math.ceil(count / time) }, (_, row) =>
    tokens.slice(row * time, Math.min((row + 1) * time, count))).filter(({ length }) => length > 0)
