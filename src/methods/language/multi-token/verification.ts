/**
 * The two programs of a step of speculation. One reads the newest token, its drafts and fresh masks, and gives the
 * model's own logits after each of the former and the latents of the latter. The other turns the latents of one block
 * into drafts: by the sampler head one after another, or by the base head each by itself.
 *
 * A token's keys and values go to the place of its position, a mask's to a place aside. So what is kept of a step are
 * the accepted tokens alone: masks and rejected drafts are never seen again, and are overwritten by the next step.
 */
import { Effect, Scope } from "effect"
import type { Buffer } from "../../../algebra/backend.ts"
import type { Sizes } from "../../../algebra/axis.ts"
import { Backend, building } from "../../../algebra/backend.ts"
import type { Buffers } from "../../../algebra/backend.ts"
import { argumentLargest } from "../../../algebra/derived/statistics.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { at, concatenate, expand, gather, input, minimum, slice, split } from "../../../algebra/tensor.ts"
import { powerOfTwo, room } from "../decode.ts"
import type { Latents } from "../tensors.ts"
import { placeholders, trace, unembed } from "../transformer.ts"
import type { Transformer } from "../weights.ts"
import type { Adapter } from "./adapter.ts"
import * as Adapters from "./adapter.ts"
import type { Shape } from "./configuration.ts"
import { gatedLora } from "./gated-lora.ts"
import type { Entry, Layout } from "./masked-input.ts"
import { blockOf, gateOf, positionOf, visible } from "./masked-input.ts"
import { sampled } from "./sampler.ts"

/** An adapter in a backend's memory, and its shape. */
export interface Adapted {
  readonly shape: Shape
  readonly adapter: Buffers<Adapter<"f32">>
}

/** What a step reads: tokens from a position on, the last of which are judged, and the tokens that masks follow. */
export interface Block {
  readonly tokens: ReadonlyArray<number>
  readonly from: number
  /** How many of the last tokens are judged: the newest and its drafts. */
  readonly judged: number
  /** Indices of the tokens after which there are masks. */
  readonly masked: ReadonlyArray<number>
}

/** The latents of the masks of a step, one block a group. */
export type MaskLatents = Buffer<"f32", "batch" | "group" | "mask" | "embed">

const i32 = <A extends string>(name: string, sizes: { readonly [Axis in A]: number }) => input("i32", sizes, name)

/** A memory of `text` tokens, into which blocks are read. */
export const verifier = Effect.fnUntraced(function*(
  { architecture, weights }: Transformer, { shape, adapter }: Adapted, text: number, blocks: number
) {
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const { vocabulary } = architecture
  const { masks } = shape
  const memory = text + blocks * masks
  const given = placeholders(architecture, "f32")
  const terms = Adapters.placeholders(architecture, shape, "f32")
  const { inputs, empty } = room(architecture, 1, memory)

  /** The program for `tokens` tokens, of which `judged` are judged, and `groups` blocks of masks. */
  const program = Effect.fnUntraced(function*(tokens: number, judged: number, groups: number) {
    const time = tokens + groups * masks
    const block = {
      tokens: i32("tokens", { batch: 1, time }), slots: i32("slots", { batch: 1, time }),
      owner: i32("owner", { batch: 1, time }), ordinal: i32("ordinal", { batch: 1, time }),
      judged: i32("judged", { batch: 1, group: judged })
    }
    const remembered: Layout<"batch" | "memory"> =
      { owner: i32("memory owner", { batch: 1, memory }), ordinal: i32("memory ordinal", { batch: 1, memory }) }
    const outputs = yield* building(() => {
      const { latents, caches } = trace(architecture, given, block.tokens, {
        positions: positionOf(block), visible: visible(block, remembered), memories: positionOf(remembered),
        slots: block.slots, caches: inputs, beyond: terms.masks, adapt: gatedLora(terms.layers, gateOf(block))
      })
      const latent: Tensor<"f32", "batch" | "group" | "embed"> = gather(latents, block.judged, "time")
      const logits = unembed<"f32", "batch" | "group">(architecture, given, latent)
      const z: Tensor<"f32", "batch" | "group" | "mask" | "embed"> =
        split(slice(latents, "time", tokens, groups * masks), "time", { group: groups, mask: masks })
      return { caches, logits, likeliest: argumentLargest(logits, "vocabulary"), z }
    })
    return yield* backend.compile(
      { weights: given, adapter: terms, block, remembered, caches: inputs }, outputs, { donate: ["caches"] })
  })

  const programs = new Map<string, Effect.Success<ReturnType<typeof program>>>()
  let { caches } = yield* (yield* backend.compile({}, { caches: empty })).run({})

  /** Reads a block; gives the likeliest token, or all logits, after each judged one, and the latents of the masks. */
  const read = Effect.fnUntraced(function*({ tokens, from, judged, masked }: Block, wanted: "likeliest" | "logits") {
    // what fills a prompt up stands after it, and is overwritten before it is seen
    const length = tokens.length === judged ? judged : Math.min(text, powerOfTwo(tokens.length))
    const shapeKey = `${length} ${judged} ${masked.length}`
    const compiled = programs.get(shapeKey) ?? (yield* program(length, judged, masked.length))
    programs.set(shapeKey, compiled)
    const fresh = masked.flatMap((index) => blockOf(from + index, masks))
    const own = Array.from({ length }, (_, index): Entry => ({ owner: from + index, ordinal: 0 }))
    const entries = [...own, ...fresh]
    const aside = Array.from({ length: blocks * masks }, (_, index) => fresh[index] ?? { owner: -1, ordinal: 1 })
    const places = [...Array.from({ length: text }, (_, owner): Entry => ({ owner, ordinal: 0 })), ...aside]
    const put = <A extends string>(axis: A, values: ReadonlyArray<number>) =>
      backend.put<"i32", "batch" | A>(
        // a record with a computed name loses it
        "i32", { batch: 1, [axis]: values.length } as Sizes<"batch" | A>, Int32Array.from(values))
    const block = {
      tokens: yield* put("time", [
        ...own.map((_, index) => tokens[index] ?? 0), ...fresh.map(({ ordinal }) => vocabulary + ordinal - 1)
      ]),
      slots: yield* put("time", [...own.map(({ owner }) => owner), ...fresh.map((_, index) => text + index)]),
      owner: yield* put("time", entries.map(({ owner }) => owner)),
      ordinal: yield* put("time", entries.map(({ ordinal }) => ordinal)),
      judged: yield* put("group", Array.from({ length: judged }, (_, index) => tokens.length - judged + index))
    }
    const remembered = {
      owner: yield* put("memory", places.map(({ owner }) => owner)),
      ordinal: yield* put("memory", places.map(({ ordinal }) => ordinal))
    }
    const { caches: filled, z, logits, likeliest } =
      yield* compiled.run({ weights, adapter, block, remembered, caches })
    caches = filled
    const found = wanted === "likeliest"
      ? { likeliest: (yield* backend.read(likeliest)).data }
      : { logits: (yield* backend.read(logits)).data }
    yield* backend.free([block, remembered, logits, likeliest])
    const latents: MaskLatents = z
    return { ...found, latents }
  }, Effect.provideService(Scope.Scope, scope))

  /** Keys and values as they are remembered. */
  const remembered = Effect.suspend(() => Effect.forEach(caches, ({ key, value }) =>
    Effect.all({ key: backend.read(key), value: backend.read(value) })))
  return { read, remembered }
})

/** Drafts of the tokens after `bonus`, from the masks of one of `groups` blocks. */
export const drafter = Effect.fnUntraced(function*(
  { architecture, weights }: Transformer, { shape, adapter }: Adapted
) {
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const { vocabulary, embed } = architecture
  const { masks } = shape
  const given = placeholders(architecture, "f32")
  const terms = Adapters.placeholders(architecture, shape, "f32")

  const program = Effect.fnUntraced(function*(groups: number) {
    const latents = input("f32", { batch: 1, group: groups, mask: masks, embed }, "latents")
    const group = i32("group", { batch: 1 })
    const bonus = i32("bonus", { batch: 1 })
    const drafts = yield* building(() => {
      const z: Tensor<"f32", "batch" | "mask" | "embed"> = gather(latents, group, "group")
      const { sampler } = terms
      // a latent that is not a number has no likeliest token; a draft is one of the vocabulary all the same
      const likeliest = <A extends "batch" | "time" | "mask">(x: Tensor<"f32", A | "embed">) =>
        minimum(argumentLargest(unembed<"f32", A>(architecture, given, x) as Tensor<"f32", A | "vocabulary">,
          "vocabulary"), vocabulary - 1)
      if (sampler === undefined) return likeliest<"batch" | "mask">(z) as Tensor<"i32", "batch" | "mask">
      let previous: Tensor<"i32", "batch"> = bonus
      const made = Array.from({ length: masks }, (_, index): Tensor<"i32", "batch" | "mask"> => {
        const latent: Latents<"f32"> = expand(at(z, "mask", index), "time", 1)
        const token: Latents<"f32"> = expand(gather(given.embedding, previous, "vocabulary"), "time", 1)
        const next = likeliest<"batch" | "time">(sampled(sampler, token, latent)) as Tensor<"i32", "batch" | "time">
        previous = at(next, "time", 0)
        return expand(previous, "mask", 1)
      })
      const [first, ...rest] = made
      return first === undefined ? likeliest<"batch" | "mask">(z) as Tensor<"i32", "batch" | "mask">
        : concatenate([first, ...rest], "mask")
    })
    return yield* backend.compile({ weights: given, adapter: terms, latents, group, bonus }, { drafts })
  })

  const programs = new Map<number, Effect.Success<ReturnType<typeof program>>>()
  return Effect.fnUntraced(function*(latents: MaskLatents, groups: number, group: number, bonus: number) {
    const compiled = programs.get(groups) ?? (yield* program(groups))
    programs.set(groups, compiled)
    const given = {
      group: yield* backend.put("i32", { batch: 1 }, Int32Array.of(group)),
      bonus: yield* backend.put("i32", { batch: 1 }, Int32Array.of(bonus))
    }
    const { drafts } = yield* compiled.run({ weights, adapter, latents, ...given })
    const { data } = yield* backend.read(drafts)
    yield* backend.free([given, drafts])
    return Array.from(data)
  }, Effect.provideService(Scope.Scope, scope))
})
