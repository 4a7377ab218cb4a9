/**
 * Text as what a language model learns from and is judged by: tokens, random windows to train on, and contiguous
 * windows to score. A training batch depends on its key and step alone, so a run resumed at any step sees what the
 * uninterrupted one would; a sweep predicts every token after the first exactly once. Laws:
 * laws/methods/language/corpus.law.ts.
 */
import * as E from "fp-ts/lib/Either.js"
import { fold, integers, type Key } from "../../core/key.ts"

/** Token ids of a text in order; two bytes each where the vocabulary allows. */
export type Tokens = Uint16Array | Uint32Array

/** What a tokenizer does to a text. */
export type Encode = (text: string) => ArrayLike<number>

/** Text or tokens that cannot be used: empty, too short for a window, or a token outside the vocabulary. */
export interface CorpusError {
  readonly _tag: "CorpusError"
  readonly source: string
  readonly message: string
}

const refuse = (source: string, message: string): E.Either<CorpusError, never> =>
  E.left({ _tag: "CorpusError", source, message: `${source}: ${message}` })

/** `batch` windows of `time` tokens, row after row: `targets` holds the token that follows each of `inputs`. */
export interface Batch {
  readonly batch: number
  readonly time: number
  readonly inputs: Int32Array
  readonly targets: Int32Array
}

/** A batch of which only the positions of weight 1 count; those of weight 0 fill up the last windows. */
export interface Weighted extends Batch {
  readonly weights: Float32Array
}

/** The number of windows in a batch, and of tokens in a window. */
export interface Windows {
  readonly batch: number
  readonly time: number
}

/**
 * The same encoding, each distinct word encoded once: for tokenizers that never merge across the matches of `pattern`
 * (a Unicode regular expression; what lies between matches is a word too) and whose special tokens are `special`.
 * Several times as fast on a long text.
 */
export const wordwise = (encode: Encode, pattern: string, special: ReadonlyArray<string>): Encode => {
  const literal = special.map((token) => token.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))
  const boundary = literal.length === 0 ? undefined : new RegExp(`(${literal.join("|")})`, "gu")
  const word = new RegExp(pattern, "gu")
  const known = new Map<string, ArrayLike<number>>()
  const idsOf = (piece: string): ArrayLike<number> => {
    const found = known.get(piece) ?? encode(piece)
    known.set(piece, found)
    return found
  }
  return (text) => {
    const ids: Array<number> = []
    const add = (piece: string): void => {
      const found = idsOf(piece)
      for (let at = 0; at < found.length; at++) ids.push(found[at] ?? 0)
    }
    for (const part of boundary === undefined ? [text] : text.split(boundary)) {
      if (special.includes(part)) {
        add(part)
        continue
      }
      let from = 0
      for (const { 0: piece, index } of part.matchAll(word)) {
        if (index > from) add(part.slice(from, index))
        add(piece)
        from = index + piece.length
      }
      if (from < part.length) add(part.slice(from))
    }
    return ids
  }
}

/** Encodes a text that came from `source`, once. Fails on an empty text and on a token outside the `vocabulary`. */
export const encodeText = (
  text: string,
  { encode, vocabulary, source }: { readonly encode: Encode; readonly vocabulary: number; readonly source: string }
): E.Either<CorpusError, Tokens> => {
  if (text === "") return refuse(source, "expected text, got none")
  return fromIds(encode(text), { vocabulary, source })
}

/** Token ids that came from `source`, each an integer from 0 to below `vocabulary`. */
export const fromIds = (
  ids: ArrayLike<number>,
  { vocabulary, source }: { readonly vocabulary: number; readonly source: string }
): E.Either<CorpusError, Tokens> => {
  const tokens = vocabulary <= 2 ** 16 ? new Uint16Array(ids.length) : new Uint32Array(ids.length)
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] ?? NaN
    if (!Number.isInteger(id) || id < 0 || id >= vocabulary) {
      return refuse(source, `token ${at}: expected an integer from 0 to ${vocabulary - 1}, got ${id}`)
    }
    tokens[at] = id
  }
  return E.right(tokens)
}

const checked = (tokens: Tokens, { batch, time }: Windows, shortest: number): E.Either<CorpusError, Tokens> => {
  const positive = (size: number): boolean => Number.isInteger(size) && size > 0
  if (!positive(batch)) return refuse("batch", `expected a positive integer, got ${batch}`)
  if (!positive(time)) return refuse("time", `expected a positive integer, got ${time}`)
  if (tokens.length < shortest) return refuse("tokens", `expected at least ${shortest}, got ${tokens.length}`)
  return E.right(tokens)
}

/**
 * Random windows to train on: the batch of a step is a function of `key` and `step` (from 0), and every start is
 * equally likely. The text must hold one window and the token after it.
 */
export const batches = (
  tokens: Tokens,
  { batch, time, key }: Windows & { readonly key: Key }
): E.Either<CorpusError, (step: number) => Batch> =>
  E.map(() => (step: number): Batch => {
    const starts = integers(fold(key, step), batch, tokens.length - time)
    const inputs = new Int32Array(batch * time)
    const targets = new Int32Array(batch * time)
    starts.forEach((start, row) => {
      inputs.set(tokens.subarray(start, start + time), row * time)
      targets.set(tokens.subarray(start + 1, start + 1 + time), row * time)
    })
    return { batch, time, inputs, targets }
  })(checked(tokens, { batch, time }, time + 1))

/**
 * Contiguous windows to score: every token but the first is a target of weight 1 exactly once. All batches have one
 * shape; what the last one lacks is token 0 with weight 0.
 */
export const sweep = (
  tokens: Tokens,
  { batch, time }: Windows
): E.Either<CorpusError, ReadonlyArray<Weighted>> =>
  E.map(() => {
    const area = batch * time
    return Array.from({ length: Math.ceil((tokens.length - 1) / area) }, (_, index): Weighted => {
      const start = index * area
      const counted = Math.min(area, tokens.length - 1 - start)
      const inputs = new Int32Array(area)
      const targets = new Int32Array(area)
      inputs.set(tokens.subarray(start, start + counted))
      targets.set(tokens.subarray(start + 1, start + 1 + counted))
      return { batch, time, inputs, targets, weights: new Float32Array(area).fill(1, 0, counted) }
    })
  })(checked(tokens, { batch, time }, 2))
