/**
 * Byte-pair encoding over bytes (Sennrich et al., "Neural machine translation of rare words with subword units", 2016,
 * algorithm 1, on the byte alphabet of GPT-2): the most frequent pair of neighbouring tokens becomes a token, again and
 * again. It conserves the text: decoding an encoding gives every string back. Laws:
 * laws/methods/language/bytepair.law.ts.
 */
import * as E from "fp-ts/lib/Either.js"
import * as t from "io-ts"

/** The token that ends a document; a vocabulary made here gives it id 0. */
export const endOfText = "<|endoftext|>"

/**
 * What is never merged across: a word with the space before it and its apostrophes, one digit, a run of marks, a run of
 * line breaks, spaces (but the last one belongs to the word that follows).
 */
export const words = String.raw` ?\p{L}+(?:['’]\p{L}+)*| ?\p{N}| ?[^ \t\r\n\p{L}\p{N}]+|[\t\r\n]+| +(?![^ ])| +`

/** The printable character that stands for each byte in a vocabulary: itself where visible, else one from U+0100 on. */
export const alphabet: ReadonlyArray<string> = (() => {
  const visible = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
  let hidden = 0
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : 256 + hidden++))
})()

const splitOnWords = t.type({
  type: t.literal("Split"),
  pattern: t.type({ Regex: t.string }),
  behavior: t.literal("Isolated"),
  invert: t.boolean
})

const byteLevel = t.type({
  type: t.literal("ByteLevel"),
  add_prefix_space: t.boolean,
  trim_offsets: t.boolean,
  use_regex: t.boolean
})

const addedToken = t.type({
  id: t.number,
  content: t.string,
  single_word: t.boolean,
  lstrip: t.boolean,
  rstrip: t.boolean,
  normalized: t.boolean,
  special: t.boolean
})

/** The `tokenizer.json` that this trainer writes, as Hugging Face's `tokenizers` reads it. */
export const ByteLevelTokenizer = t.type({
  version: t.literal("1.0"),
  truncation: t.null,
  padding: t.null,
  added_tokens: t.array(addedToken),
  normalizer: t.null,
  pre_tokenizer: t.type({ type: t.literal("Sequence"), pretokenizers: t.tuple([splitOnWords, byteLevel]) }),
  post_processor: t.null,
  decoder: byteLevel,
  model: t.type({
    type: t.literal("BPE"),
    dropout: t.null,
    unk_token: t.null,
    continuing_subword_prefix: t.null,
    end_of_word_suffix: t.null,
    fuse_unk: t.boolean,
    byte_fallback: t.boolean,
    ignore_merges: t.boolean,
    vocab: t.record(t.string, t.number),
    merges: t.array(t.tuple([t.string, t.string]))
  })
}, "a byte-level BPE tokenizer.json")

export type ByteLevelTokenizer = t.TypeOf<typeof ByteLevelTokenizer>

/** The `tokenizer_config.json` beside it; no clean-up of spaces, which would not give the text back. */
export const tokenizerConfig = {
  tokenizer_class: "PreTrainedTokenizerFast",
  bos_token: endOfText,
  eos_token: endOfText,
  unk_token: null,
  add_prefix_space: false,
  clean_up_tokenization_spaces: false,
  model_input_names: ["input_ids", "attention_mask"]
} as const

/** A vocabulary cannot be made: too small for the alphabet, or the text has too few pairs to fill it. */
export interface VocabularyError {
  readonly _tag: "VocabularyError"
  readonly message: string
}

const vocabularyError = (message: string): VocabularyError => ({ _tag: "VocabularyError", message })

/** How often each word occurs, special tokens apart. Words are in the order of their first occurrence. */
export const countWords = (text: string): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  const pattern = new RegExp(words, "gu")
  for (const document of text.split(endOfText)) {
    for (const [word] of document.matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1)
  }
  return counts
}

/** Alphabet characters in the order of their code points; byte b has id `1 + rank`. */
const ranked: ReadonlyArray<string> = [...alphabet].sort()
const idOfByte = Uint16Array.from(alphabet, (character) => 1 + ranked.indexOf(character))

/** A pair as one number, ordered as (left, right) is. */
const wide = 2 ** 21
const pairOf = (left: number, right: number): number => left * wide + right

/** Every pair's total count, and the words that may hold it. */
interface Table {
  readonly words: Array<ReadonlyArray<number>>
  readonly frequency: ReadonlyArray<number>
  readonly counts: Map<number, number>
  readonly places: Map<number, Set<number>>
}

/** Adds `sign` times a word's pairs to the counts; a new pair remembers the word. */
const tally = (table: Table, index: number, sign: 1 | -1): void => {
  const word = table.words[index] ?? []
  const amount = sign * (table.frequency[index] ?? 0)
  for (let at = 1; at < word.length; at++) {
    const pair = pairOf(word[at - 1] ?? 0, word[at] ?? 0)
    const count = (table.counts.get(pair) ?? 0) + amount
    if (count === 0) table.counts.delete(pair)
    else table.counts.set(pair, count)
    if (sign === 1) {
      const places = table.places.get(pair)
      if (places === undefined) table.places.set(pair, new Set([index]))
      else places.add(index)
    }
  }
}

/** The pair that occurs most often; of equal ones the least, so that no order of words or tables matters. */
export type Choice = (counts: ReadonlyMap<number, number>) => number | undefined

export const mostFrequent: Choice = (counts) => {
  let best: number | undefined
  let most = 0
  for (const [pair, count] of counts) {
    if (count > most || (count === most && best !== undefined && pair < best)) {
      best = pair
      most = count
    }
  }
  return best
}

/** A word with each occurrence of (left, right), read from its start, made one token. */
const merged = (word: ReadonlyArray<number>, left: number, right: number, token: number): ReadonlyArray<number> => {
  const result: Array<number> = []
  for (let at = 0; at < word.length; at++) {
    const here = word[at] ?? 0
    if (here === left && word[at + 1] === right) {
      result.push(token)
      at++
    } else result.push(here)
  }
  return result
}

/**
 * Trains a vocabulary of `size` tokens (the end-of-text token, 256 bytes, then merges) on a text whose documents are
 * separated by `<|endoftext|>`. The result depends only on the counts of its words. Merges never cross `words`.
 */
export const train = (
  text: string,
  { size, choose = mostFrequent }: { readonly size: number; readonly choose?: Choice }
): E.Either<VocabularyError, ByteLevelTokenizer> => {
  if (!Number.isInteger(size) || size < 257 || size > wide) {
    return E.left(vocabularyError(`vocabulary size: expected an integer from 257 to ${wide}, got ${size}`))
  }
  const encoder = new TextEncoder()
  const counted = countWords(text)
  const table: Table = {
    words: Array.from(counted.keys(), (word) => Array.from(encoder.encode(word), (byte) => idOfByte[byte] ?? 0)),
    frequency: [...counted.values()],
    counts: new Map(),
    places: new Map()
  }
  table.words.forEach((_, index) => tally(table, index, 1))
  const tokens = [endOfText, ...ranked]
  const merges: Array<[string, string]> = []
  while (tokens.length < size) {
    const pair = choose(table.counts)
    if (pair === undefined) {
      return E.left(vocabularyError(`the text has pairs for ${tokens.length} tokens only, expected ${size}`))
    }
    const left = Math.floor(pair / wide)
    const right = pair % wide
    const spelled: [string, string] = [tokens[left] ?? "", tokens[right] ?? ""]
    const token = tokens.push(spelled.join("")) - 1
    merges.push(spelled)
    for (const index of table.places.get(pair) ?? []) {
      tally(table, index, -1)
      table.words[index] = merged(table.words[index] ?? [], left, right, token)
      tally(table, index, 1)
    }
    table.places.delete(pair)
  }
  return E.right(describe(tokens, merges))
}

const describe = (tokens: ReadonlyArray<string>, merges: Array<[string, string]>): ByteLevelTokenizer => {
  const bytes = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false } as const
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [{
      id: 0, content: endOfText, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true
    }],
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [{ type: "Split", pattern: { Regex: words }, behavior: "Isolated", invert: false }, bytes]
    },
    post_processor: null,
    decoder: bytes,
    model: {
      type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null,
      fuse_unk: false, byte_fallback: false, ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges
    }
  }
}
