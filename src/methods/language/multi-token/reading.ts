/**
 * What one step of decoding reads (2507.11851, section 2.4), as an expression: tokens from a position on, the last of
 * which are judged, with a block of masks after the last or after every judged one, into a memory of what was read
 * before. A token's keys and values go to the place of its position, a mask's to a place aside, so that what is kept
 * of a step are the accepted tokens alone: masks and rejected drafts are never seen again, and are overwritten.
 */
import type { Sizes } from "../../../algebra/axis.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, concatenate, expand, gather, input, iota, literal, slice, split } from "../../../algebra/tensor.ts"
import type { Architecture } from "../architecture.ts"
import type { Cache } from "../attention.ts"
import type { Rows, Weights } from "../tensors.ts"
import { trace, unembed } from "../transformer.ts"
import type { Adapter } from "./adapter.ts"
import { gatedLora } from "./gated-lora.ts"
import type { Entry, Layout } from "./masked-input.ts"
import { blockOf, gateOf, positionOf, visible } from "./masked-input.ts"

/** How much a step reads, which is what a program is compiled for. */
export interface Piece {
  /** Tokens of the text: a prompt filled up to this number, or the newest token and its drafts. */
  readonly time: number
  /** How many of them are judged. */
  readonly judged: number
  /** Blocks of masks, each after one of the last judged tokens, and masks in a block. */
  readonly groups: number
  readonly masks: number
  /** Places in memory of tokens, and after them of masks. */
  readonly text: number
  readonly aside: number
}

/** What a step is given: its tokens, the position of the first, and the index of the last that is no filling. */
export interface Given {
  readonly tokens: Rows
  readonly from: Tensor<"i32", "batch">
  readonly last: Tensor<"i32", "batch">
}

export const inputsOf = ({ time }: Piece): Given => ({
  tokens: input("i32", { batch: 1, time }, "tokens"),
  from: input("i32", { batch: 1 }, "from"),
  last: input("i32", { batch: 1 }, "last")
})

/** One number an entry. */
const row = <A extends string>(axis: A, values: ReadonlyArray<number>): Tensor<"i32", A | "batch"> =>
  literal<"i32", A | "batch">("i32",
    // a record with a computed name loses it
    { batch: 1, [axis]: values.length } as Sizes<A | "batch">, Int32Array.from(values))

/** Masks of all blocks; owners are counted from the last token. */
const blocks = ({ groups, masks }: Piece): ReadonlyArray<Entry> =>
  Array.from({ length: groups }, (_, group) => blockOf(group + 1 - groups, masks)).flat()

/** The entries of a step, those of the memory once it is read, and the places of the former in the latter. */
const arrange = (piece: Piece, { tokens, from, last }: Given, vocabulary: number) => {
  const { time, text, aside } = piece
  const masks = blocks(piece)
  const newest = add(from, last)
  const owners = masks.map(({ owner }) => owner)
  const ordinals = masks.map(({ ordinal }) => ordinal)
  const own = add(iota("i32", "time", time), from)
  const layout: Layout = {
    owner: concatenate([own, add(row("time", owners), newest)], "time"),
    ordinal: row("time", [...new Array<number>(time).fill(0), ...ordinals])
  }
  // places aside that no mask of this step takes belong to nobody: no token is before their owner's
  const left = aside - masks.length
  const unused = row("memory", new Array<number>(left).fill(-1))
  const theirs = add(row("memory", owners), newest)
  const remembered: Layout<"batch" | "memory"> = {
    owner: concatenate([expand(iota("i32", "memory", text), "batch", 1), theirs, unused], "memory"),
    ordinal: row("memory", [...new Array<number>(text).fill(0), ...ordinals, ...new Array<number>(left).fill(1)])
  }
  const ids: Rows = concatenate([tokens, row("time", ordinals.map((ordinal) => vocabulary + ordinal - 1))], "time")
  const slots: Rows = concatenate([own, row("time", masks.map((_, index) => text + index))], "time")
  return { layout, remembered, ids, slots }
}

/** The model's logits after each judged token, the latents of the masks, and the memory with what was read. */
export const reading = (
  architecture: Architecture, weights: Weights<"f32">, adapter: Adapter<"f32">, piece: Piece, given: Given,
  caches: ReadonlyArray<Cache<"f32">>
) => {
  const { time, judged, groups, masks } = piece
  const { layout, remembered, ids, slots } = arrange(piece, given, architecture.vocabulary)
  const { latents, caches: filled } = trace(architecture, weights, ids, {
    positions: positionOf(layout), visible: visible(layout, remembered), memories: positionOf(remembered),
    slots, caches, beyond: adapter.masks, adapt: gatedLora(adapter.layers, gateOf(layout))
  })
  const places: Tensor<"i32", "batch" | "group"> = add(add(iota("i32", "group", judged), 1 - judged), given.last)
  const latent: Tensor<"f32", "batch" | "group" | "embed"> = gather(latents, places, "time")
  const z: Tensor<"f32", "batch" | "group" | "mask" | "embed"> =
    split(slice(latents, "time", time, groups * masks), "time", { group: groups, mask: masks })
  const logits: Tensor<"f32", "batch" | "group" | "vocabulary"> =
    unembed<"f32", "batch" | "group">(architecture, weights, latent)
  return { caches: filled, logits, latents: z }
}
