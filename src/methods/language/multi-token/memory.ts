/**
 * The memory of a text that is decoded by speculation: keys and values of what was read, and how steps read into it. It
 * widens by doubling when a text outgrows it, so that shapes, and programs, are few.
 */
import { Effect, Scope } from "effect"
import type { Buffers } from "../../../algebra/backend.ts"
import { Backend } from "../../../algebra/backend.ts"
import type { Key } from "../../../core/key.ts"
import type { Cache } from "../attention.ts"
import { powerOfTwo } from "../decode.ts"
import type { Piece } from "./reading.ts"
import type { Programs } from "./verification.ts"

/** What a step reads: tokens from a position on, the last of which are judged: the newest and its drafts. */
export interface Block {
  readonly tokens: ReadonlyArray<number>
  readonly from: number
  readonly judged: number
}

/** Places of tokens in memories, few and ever larger, so that few programs are compiled. */
const places = (needed: number): number => 64 * powerOfTwo(Math.ceil(needed / 64))

/** A memory, empty at first, and how steps read into it; it widens when a text outgrows it. */
export const memory = Effect.fnUntraced(function*({ weights, adapter, scheme, masks, ...made }: Programs) {
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const aside = masks * (scheme === "quadratic" ? masks + 1 : 1)
  let text = 0
  let caches: Buffers<ReadonlyArray<Cache<"f32">>> = []

  const widen = Effect.fnUntraced(function*(needed: number) {
    if (needed <= text) return
    const to = places(needed)
    const old = caches
    caches = text === 0
      ? (yield* (yield* made.empty({ text: to, aside })).run({})).caches
      : (yield* (yield* made.wider({ from: text, to, aside })).run({ caches: old })).caches
    text = to
    yield* backend.free(old)
  })

  /** What a program is compiled for and given, to read a block. */
  const prepared = Effect.fnUntraced(function*({ tokens, from, judged }: Block) {
    // what fills a prompt up stands after it, and is overwritten before it is seen
    const time = tokens.length === judged ? judged : powerOfTwo(tokens.length)
    yield* widen(from + time + 1)
    const groups = scheme === "quadratic" ? judged : 1
    const piece: Piece = { time, judged, groups, masks, text, aside }
    const data = new Int32Array(time)
    data.set(tokens)
    const step = {
      tokens: yield* backend.put("i32", { batch: 1, time }, data),
      from: yield* backend.put("i32", { batch: 1 }, Int32Array.of(from)),
      last: yield* backend.put("i32", { batch: 1 }, Int32Array.of(tokens.length - 1))
    }
    return { piece, step }
  })

  /** Reads a block greedily: the likeliest token after each judged one, and drafts after those that are accepted. */
  const greedy = Effect.fnUntraced(function*(block: Block) {
    const { piece, step } = yield* prepared(block)
    const { caches: filled, ...found } =
      yield* (yield* made.greedy(piece)).run({ weights, adapter, step, caches })
    caches = filled
    const { data: likeliest } = yield* backend.read(found.likeliest)
    const { data: drafts } = yield* backend.read(found.drafts)
    yield* backend.free([step, found])
    return { likeliest, drafts }
  }, Effect.provideService(Scope.Scope, scope))

  /** Reads a block: the logits after each judged token, and how drafts are drawn after a new one of the model. */
  const drawing = Effect.fnUntraced(function*(block: Block, temperature: number) {
    const { piece, step } = yield* prepared(block)
    const { caches: filled, logits, latents } =
      yield* (yield* made.read(piece)).run({ weights, adapter, step, caches })
    caches = filled
    const { data } = yield* backend.read(logits)
    yield* backend.free([step, logits])
    const draw = Effect.fnUntraced(function*(bonus: number, group: number, [first, second]: Key) {
      const given = {
        group: yield* backend.put("i32", { batch: 1 }, Int32Array.of(group)),
        bonus: yield* backend.put("i32", { batch: 1 }, Int32Array.of(bonus)),
        temperature: yield* backend.put("f32", {}, Float32Array.of(temperature)),
        key: [
          yield* backend.put("u32", {}, Uint32Array.of(first)), yield* backend.put("u32", {}, Uint32Array.of(second))
        ] as const
      }
      const found = yield* (yield* made.draw({ groups: piece.groups })).run({ weights, adapter, latents, ...given })
      const { data: drafts } = yield* backend.read(found.drafts)
      const { data: proposals } = yield* backend.read(found.proposals)
      yield* backend.free([given, found])
      return { drafts, proposals }
    }, Effect.provideService(Scope.Scope, scope))
    return { logits: data, draw, done: backend.free(latents) }
  }, Effect.provideService(Scope.Scope, scope))

  /** Keys and values as they are remembered, those of tokens in front. */
  const remembered = Effect.suspend(() => Effect.forEach(caches, ({ key, value }) =>
    Effect.all({ key: backend.read(key), value: backend.read(value) })))
  return { greedy, drawing, remembered }
})
