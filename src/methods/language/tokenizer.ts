/**
 * Text to tokens and back, by the tokenizer.json of a model's folder (read by @huggingface/tokenizers). A stream of
 * tokens decodes to the same text as all of them at once, and never shows a part of a character.
 */
import { Tokenizer as PretrainedTokenizer } from "@huggingface/tokenizers"
import { Context, Data, Effect, FileSystem, Layer, Path, Stream } from "effect"
import type { PlatformError } from "effect/PlatformError"
import type { CodecError } from "../../core/codec.ts"
import { decode as decodeWith, decodeJson } from "../../core/codec.ts"
import { ByteLevelTokenizer } from "./bytepair.ts"
import { jsonObject, tokenizerFile } from "./folder-codec.ts"

/** A tokenizer file, text or token that there is nothing to do with. */
export class TokenizerError extends Data.TaggedError("TokenizerError")<{
  readonly problem: "bad tokenizer" | "empty text" | "no such token"
  readonly source: string
  readonly message: string
}> {}

export interface Tokenizer {
  /** One more than the largest token id. A model's `vocabulary` may be larger, never smaller. */
  readonly vocabulary: number
  /** Ids of tokens that are not text, by their spelling. */
  readonly special: ReadonlyMap<string, number>
  /** The pattern of the words across which no token reaches, where that is known: they can be encoded one by one. */
  readonly words: string | undefined
  /** The tokens of a text, with those that the tokenizer puts around a text (`plain` leaves them away). */
  readonly encode: (
    text: string,
    options?: { readonly plain?: boolean }
  ) => Effect.Effect<ReadonlyArray<number>, TokenizerError>
  /** The text of tokens. Special tokens are left away unless `special` asks for them. */
  readonly decode: (tokens: ReadonlyArray<number>, options?: DecodeOptions) => Effect.Effect<string, TokenizerError>
  /** The text of tokens as they come: whole characters only; what never becomes one is shown as U+FFFD at the end. */
  readonly decodeStream: <E, R>(
    tokens: Stream.Stream<number, E, R>,
    options?: DecodeOptions
  ) => Stream.Stream<string, E | TokenizerError, R>
}

export interface DecodeOptions { readonly special?: boolean }

export const Tokenizer = Context.Service<Tokenizer>("noether/Tokenizer")

const refuse = (problem: TokenizerError["problem"], source: string, detail: string): TokenizerError =>
  new TokenizerError({ problem, source, message: `${source}: ${problem}: ${detail}` })

/** What is used of the library; the package's own types do not resolve for an ES module. */
interface Pretrained {
  readonly get_vocab: (added: boolean) => ReadonlyMap<string, number>
  readonly encode: (
    text: string,
    options: { readonly add_special_tokens: boolean }
  ) => { readonly ids: ReadonlyArray<number> }
  readonly decode: (tokens: ReadonlyArray<number>, options: {
    readonly skip_special_tokens: boolean
    readonly clean_up_tokenization_spaces: boolean
  }) => string
}

const parts = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null }

/** What has been seen of a stream: tokens from the last place where the text was whole, `read` of them shown. */
interface Pending { readonly tokens: ReadonlyArray<number>, readonly read: number }

/** The words that a tokenizer of this library's own format is bound by. */
const wordsOf = (json: unknown): string | undefined => {
  if (!ByteLevelTokenizer.is(json)) return undefined
  const [{ pattern, invert }, { add_prefix_space: prefixed }] = json.pre_tokenizer.pretokenizers
  const exact = json.added_tokens.every(({ lstrip, rstrip, special }) => special && !lstrip && !rstrip)
  return exact && !invert && !prefixed ? pattern.Regex : undefined
}

/** A tokenizer from the contents of tokenizer.json and, where there is one, tokenizer_config.json. */
export const make = (
  json: unknown, config: unknown, source: string
): Effect.Effect<Tokenizer, CodecError | TokenizerError> =>
  Effect.gen(function*() {
    const contents = yield* decodeWith(tokenizerFile, source)(json)
    const { added_tokens: extra = [] } = contents
    const settings = yield* decodeWith(jsonObject, `${source} (tokenizer_config.json)`)(config)
    const pretrained = yield* Effect.try({
      try: (): Pretrained => new PretrainedTokenizer({ ...parts, ...contents, added_tokens: extra }, settings),
      catch: (cause) => refuse("bad tokenizer", source, String(cause))
    })
    const ids = Array.from(pretrained.get_vocab(true).values())
    const vocabulary = ids.reduce((most, id) => Math.max(most, id + 1), 0)
    if (!ids.every((id) => Number.isSafeInteger(id) && id >= 0))
      return yield* refuse("bad tokenizer", source, "every token needs an id of at least 0")
    const known = new Set(ids)

    const text = (tokens: ReadonlyArray<number>, { special = false }: DecodeOptions): string =>
      tokens.length === 0
        ? ""
        : pretrained.decode([...tokens], { skip_special_tokens: !special, clean_up_tokenization_spaces: false })

    const check = (tokens: ReadonlyArray<number>): Effect.Effect<void, TokenizerError> => {
      const stranger = tokens.find((token) => !known.has(token))
      return stranger === undefined
        ? Effect.void
        : Effect.fail(refuse("no such token", source, `${stranger} is none of the ${vocabulary} tokens`))
    }

    return {
      vocabulary,
      words: wordsOf(json),
      special: new Map(extra.filter(({ special }) => special === true).map(({ content, id }) => [content, id])),
      encode: (input, { plain = false } = {}) =>
        input === ""
          ? Effect.fail(refuse("empty text", source, "there is no text to encode"))
          : Effect.sync(() => pretrained.encode(input, { add_special_tokens: !plain }).ids),
      decode: (tokens, options = {}) => Effect.map(check(tokens), () => text(tokens, options)),
      decodeStream: (tokens, options = {}) =>
        Stream.mapAccumEffect(
          tokens,
          (): Pending => ({ tokens: [], read: 0 }),
          ({ tokens: seen, read }, token) => Effect.map(check([token]), () => {
            const pending = [...seen, token]
            const shown = text(seen.slice(0, read), options)
            const whole = text(pending, options)
            return whole.length <= shown.length || whole.endsWith("\ufffd")
              ? [{ tokens: pending, read }, []] as const
              : [{ tokens: pending.slice(read), read: pending.length - read }, [whole.slice(shown.length)]] as const
          }),
          {
            onHalt: ({ tokens: seen, read }) => {
              const rest = text(seen, options).slice(text(seen.slice(0, read), options).length)
              return rest === "" ? [] : [rest]
            }
          }
        )
    }
  })

/** Reads the tokenizer of a folder: tokenizer.json, and tokenizer_config.json where there is one. */
export const read = (
  folder: string
): Effect.Effect<Tokenizer, CodecError | TokenizerError | PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const place = path.join(folder, "tokenizer.json")
    const settings = path.join(folder, "tokenizer_config.json")
    const config = (yield* fs.exists(settings))
      ? yield* decodeJson(jsonObject, settings)(yield* fs.readFileString(settings))
      : {}
    return yield* make(yield* decodeJson(jsonObject, place)(yield* fs.readFileString(place)), config, place)
  })

/** The tokenizer of a folder, as a Layer. */
export const layer = (folder: string) => Layer.effect(Tokenizer, read(folder))
