/**
 * The programs of speculation (2507.11851, section 2.4), each compiled once for a shape and kept with the Scope that
 * asked for them. A greedy step is one program: it reads, accepts the longest prefix, and drafts from the masks after
 * it, and a few whole numbers come back. With a temperature it is two, since what is accepted is drawn outside.
 */
import { Effect, Scope } from "effect"
import type { Buffers } from "../../../algebra/backend.ts"
import { Backend, building } from "../../../algebra/backend.ts"
import { argumentLargest } from "../../../algebra/derived/statistics.ts"
import { at, gather, input, pad, slice } from "../../../algebra/tensor.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import type { Cache } from "../attention.ts"
import { room } from "../decode.ts"
import { parameters } from "../storage.ts"
import type { Transformer } from "../weights.ts"
import type { Adapter } from "./adapter.ts"
import * as Adapters from "./adapter.ts"
import type { Scheme, Shape } from "./configuration.ts"
import type { BlockLatents, Token } from "./drafting.ts"
import { agreeing, drawn, likeliest as likeliestDrafts } from "./drafting.ts"
import type { Piece } from "./reading.ts"
import { inputsOf, reading } from "./reading.ts"

/** An adapter in a backend's memory, and its shape. */
export interface Adapted {
  readonly shape: Shape
  readonly adapter: Buffers<Adapter<"f32">>
}

/** The adapter without its sampler head: drafts are then those of the base head, each by itself. */
export const withoutSampler = ({ shape, adapter: { masks, layers } }: Adapted): Adapted =>
  ({ shape: { ...shape, sampler: false }, adapter: { masks, layers } })

/** How speculation goes: where masks stand, and how many; at most those of the adapter. */
export interface Way {
  readonly scheme: Scheme
  readonly masks: number
}

/** The programs of a model and its adapter. */
export const programs = Effect.fnUntraced(function*(
  model: Transformer, { shape, adapter }: Adapted, { scheme, masks }: Way
) {
  const { architecture, weights } = model
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const { stored, wide } = parameters(model)
  const terms = Adapters.placeholders(architecture, shape, "f32")
  const { embed } = architecture

  /** Makes each thing that is asked for once. */
  const once = <K extends object, A, E>(make: (of: K) => Effect.Effect<A, E, Scope.Scope>) => {
    const known = new Map<string, A>()
    return Effect.fnUntraced(function*(of: K) {
      const name = JSON.stringify(of)
      const found = known.get(name) ?? (yield* Effect.provideService(make(of), Scope.Scope, scope))
      known.set(name, found)
      return found
    })
  }

  const remembered = ({ text, aside }: Pick<Piece, "text" | "aside">) => room(architecture, 1, text + aside)

  const empty = once((size: Pick<Piece, "text" | "aside">) => backend.compile({}, { caches: remembered(size).empty }))

  /** A memory of more places, with what the smaller one holds of tokens. */
  const wider = once(({ from, to, aside }: { readonly from: number, readonly to: number, readonly aside: number }) =>
    Effect.gen(function*() {
      const { inputs } = remembered({ text: from, aside })
      const widen = (memory: Cache<"f32">["key"]): Cache<"f32">["key"] =>
        pad(slice(memory, "memory", 0, from), "memory", 0, to - from + aside)
      const caches = yield* building(() => inputs.map(({ key, value }) => ({ key: widen(key), value: widen(value) })))
      return yield* backend.compile({ caches: inputs }, { caches })
    }))

  /** A greedy step: the likeliest token after each judged one, and the drafts after those that are accepted. */
  const greedy = once((piece: Piece) => Effect.gen(function*() {
    const { step, inputs, outputs } = yield* building(() => {
      const step = inputsOf(piece)
      const { inputs } = remembered(piece)
      const { caches, logits, latents } = reading(architecture, wide, terms, piece, step, inputs)
      const likeliest: Tensor<"i32", "batch" | "group"> = argumentLargest(logits, "vocabulary")
      const accepted = agreeing(step.tokens, likeliest, piece.judged)
      const bonus: Token = gather(likeliest, accepted, "group")
      // one block after the last draft is of use only where that is accepted
      const block: BlockLatents = piece.groups === 1 ? at(latents, "group", 0) : gather(latents, accepted, "group")
      const drafts = likeliestDrafts(architecture, wide, terms, block, bonus)
      return { step, inputs, outputs: { caches, likeliest, drafts } }
    })
    return yield* backend.compile({ weights: stored, adapter: terms, step, caches: inputs }, outputs,
      { donate: ["caches"] })
  }))

  /** The reading of a step alone: all logits after each judged token, and the latents of all masks. */
  const read = once((piece: Piece) => Effect.gen(function*() {
    const { step, inputs, outputs } = yield* building(() => {
      const step = inputsOf(piece)
      const { inputs } = remembered(piece)
      return { step, inputs, outputs: reading(architecture, wide, terms, piece, step, inputs) }
    })
    return yield* backend.compile({ weights: stored, adapter: terms, step, caches: inputs }, outputs,
      { donate: ["caches"] })
  }))

  /** Drafts from one of the blocks of a reading, drawn, and their distributions. */
  const draw = once(({ groups }: { readonly groups: number }) => Effect.gen(function*() {
    const latents = input("f32", { batch: 1, group: groups, mask: masks, embed }, "latents")
    const group = input("i32", { batch: 1 }, "group")
    const bonus = input("i32", { batch: 1 }, "bonus")
    const temperature = input("f32", {}, "temperature")
    const key = [input("u32", {}, "key 0"), input("u32", {}, "key 1")] as const
    const outputs = yield* building(() =>
      drawn(architecture, wide, terms, gather(latents, group, "group"), bonus, temperature, key))
    return yield* backend.compile(
      { weights: stored, adapter: terms, latents, group, bonus, temperature, key }, outputs)
  }))

  return { weights, adapter, scheme, masks, empty, wider, greedy, read, draw }
})
export type Programs = Effect.Success<ReturnType<typeof programs>>
