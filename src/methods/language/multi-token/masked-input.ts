/**
 * Masked input (2507.11851, section 2.1, figure 4): mask tokens m_1 .. m_k stand after a token of the text and stand
 * for the k tokens after the next. An entry is told by its owner i, the place of the text's token that it follows, and
 * its ordinal j: 0 is that token itself, j from 1 is mask m_j of its block. Position, label, gate and attention are
 * functions of (i, j), so the order in which entries stand in a row means nothing, and one packed row is as many
 * masked prompts as it has blocks (laws M1 to M9, laws/methods/language/multi-token/masked-input.law.ts).
 */
import type { DType } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import {
  add, and, equal, expand, gather, less, lessEqual, literal, or, rename, subtract, where
} from "../../../algebra/tensor.ts"
import type { Rows } from "../tensors.ts"

/** One entry of a masked row. */
export interface Entry {
  readonly owner: number
  readonly ordinal: number
}

/** The block of masks after a token. */
export const blockOf = (owner: number, masks: number): ReadonlyArray<Entry> =>
  Array.from({ length: masks }, (_, index) => ({ owner, ordinal: index + 1 }))

/**
 * A text of `length` tokens, each followed by its block: n (k + 1) entries. Blocks that are not `supervised` (those
 * after tokens of a prompt, which carry no loss) are left out.
 */
export const pack = (
  length: number, masks: number, supervised: (owner: number) => boolean = () => true
): ReadonlyArray<Entry> =>
  Array.from({ length }, (_, owner) =>
    [{ owner, ordinal: 0 }, ...supervised(owner) ? blockOf(owner, masks) : []]).flat()

/** A prompt with masks after its last token: what decoding reads. */
export const prompt = (length: number, masks: number): ReadonlyArray<Entry> =>
  [...Array.from({ length }, (_, owner) => ({ owner, ordinal: 0 })), ...blockOf(length - 1, masks)]

/** Owners and ordinals of entries along an axis. */
export interface Layout<A extends string = "batch" | "time"> {
  readonly owner: Tensor<"i32", A>
  readonly ordinal: Tensor<"i32", A>
}

/** The same entries in each of `batch` rows. */
export const layoutOf = (entries: ReadonlyArray<Entry>, batch: number): Layout => {
  const row = (values: ReadonlyArray<number>): Rows =>
    expand(literal("i32", { time: values.length }, Int32Array.from(values)), "batch", batch)
  return { owner: row(entries.map(({ owner }) => owner)), ordinal: row(entries.map(({ ordinal }) => ordinal)) }
}

/** The position of an entry: that of the token which a mask stands for, i + j. */
export const positionOf = <A extends string>({ owner, ordinal }: Layout<A>): Tensor<"i32", A> => add(owner, ordinal)

/** I(t) of section 2.2: whether an entry is a mask. */
export const gateOf = <A extends string>({ ordinal }: Layout<A>): Tensor<"bool", A> => less(0, ordinal)

/** The gate of plain low-rank adaptation, open at every entry: what the paper compares with, which changes the text. */
export const openGate = <A extends string>({ ordinal }: Layout<A>): Tensor<"bool", A> => lessEqual(0, ordinal)

/** Whether an entry sees a memory: a text's token at its owner and before; a mask of its own block up to itself. */
export const visible = (
  query: Layout, memory: Layout<"batch" | "memory">
): Tensor<"bool", "batch" | "time" | "memory"> => {
  const text = and(equal(memory.ordinal, 0), lessEqual(memory.owner, query.owner))
  const block = and(equal(memory.owner, query.owner), lessEqual(memory.ordinal, query.ordinal))
  return or(text, block)
}

/** Entries as what they attend to, where nothing is remembered. */
export const memoriesOf = ({ owner, ordinal }: Layout): Layout<"batch" | "memory"> =>
  ({ owner: rename(owner, { time: "memory" }), ordinal: rename(ordinal, { time: "memory" }) })

/** What a text has at the position of each entry; 0 beyond its end. */
export const atPosition = <D extends DType>(
  text: Tensor<D, "batch" | "time">, layout: Layout
): Tensor<D, "batch" | "time"> => gather(rename(text, { time: "place" }), positionOf(layout), "place")

/** The ids of entries of a text: mask m_j is token j - 1 beyond the vocabulary. */
export const tokensOf = (text: Rows, layout: Layout, vocabulary: number): Rows =>
  where(gateOf(layout), add(subtract(layout.ordinal, 1), vocabulary),
    gather(rename(text, { time: "place" }), layout.owner, "place"))
