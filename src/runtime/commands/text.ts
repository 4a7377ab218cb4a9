/** Text files as commands read them, and their tokens: plain or compressed by gzip, decoded strictly as UTF-8. */
import { Data, Effect, FileSystem } from "effect"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import { fromEither } from "../../core/codec.ts"
import { endOfText, words } from "../../methods/language/bytepair.ts"
import type { Tokens } from "../../methods/language/corpus.ts"
import { encodeText, wordwise } from "../../methods/language/corpus.ts"
import type { Tokenizer } from "../../methods/language/tokenizer.ts"

/** A text file that cannot be used. */
export class TextError extends Data.TaggedError("TextError")<{ readonly file: string; readonly message: string }> {}

const inflate = promisify(gunzip)

/** The text of a file; one that ends in `.gz` is decompressed. */
export const readText = Effect.fn("readText")(function*(file: string) {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* fs.readFile(file)
  const plain = file.endsWith(".gz")
    ? yield* Effect.tryPromise({ try: () => inflate(bytes), catch: (cause) => new TextError({ file, message: `${file}: not gzip: ${String(cause)}` }) })
    : bytes
  const text = yield* Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(plain),
    catch: () => new TextError({ file, message: `${file}: expected text in UTF-8` })
  })
  return text === "" ? yield* new TextError({ file, message: `${file}: expected text, the file is empty` }) : text
})

/** The tokens of a text by any tokenizer. */
export const tokensOf = Effect.fn("tokensOf")(function*(text: string, tokenizer: Tokenizer, vocabulary: number, source: string) {
  const ids = yield* tokenizer.encode(text, { plain: true })
  return yield* fromEither(encodeText(text, { encode: () => ids, vocabulary, source }))
})

/** The tokens of a text by a tokenizer of this library's own training, which never merges across words: much faster. */
export const tokensOfWords = (text: string, tokenizer: Tokenizer, vocabulary: number, source: string) =>
  Effect.suspend(() => fromEither(encodeText(text, {
    encode: wordwise((word) => Effect.runSync(tokenizer.encode(word, { plain: true })), words, [endOfText]), vocabulary, source
  })))

/** The first tokens of a text in rows of `time`, `count` tokens in all. */
export const rowsOf = (tokens: Tokens, count: number, time: number): ReadonlyArray<Tokens> =>
  Array.from({ length: Math.ceil(count / time) }, (_, row) => tokens.slice(row * time, (row + 1) * time)).filter(({ length }) => length > 0)
