/**
 * Decoding with remembered keys and values. One program reads a piece of every row into a memory that it updates in
 * place, and gives the logits after each row's last token; a prompt is one piece of padded length, then each new token
 * is a piece of one. Rows stand at positions of their own, so prompts of different lengths are decoded together. Equal
 * to the full forward pass, to rounding (laws/methods/language/decode.law.ts).
 */
import { Data, Effect, Option, Scope, Stream } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { BackendError } from "../../algebra/backend.ts"
import { Backend, building } from "../../algebra/backend.ts"
import { argumentLargest } from "../../algebra/derived/statistics.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { fill, gather, input } from "../../algebra/tensor.ts"
import * as Key from "../../core/key.ts"
import type { Architecture } from "./architecture.ts"
import type { Cache } from "./attention.ts"
import type { Sampling } from "./sampling.ts"
import { candidates, draw, refusal } from "./sampling.ts"
import { parameters } from "./storage.ts"
import { packed, stray } from "./tokens.ts"
import { trace, unembed } from "./transformer.ts"
import type { Transformer } from "./weights.ts"

/** A prompt or a setting that cannot be decoded. */
export class DecodeError extends Data.TaggedError("DecodeError")<{
  readonly field: string
  readonly message: string
}> {}

/** The error of a prompt or setting. */
export const refuse = (field: string, message: string) => new DecodeError({ field, message: `${field}: ${message}` })

/** How a prompt is continued. */
export interface Settings extends Partial<Sampling> {
  /** At most so many new tokens; fewer where the model's context is full. */
  readonly tokens: number
  /** Tokens that end a text; those of the model where absent. */
  readonly end?: ReadonlyArray<number>
  /** Where the draws come from; needed with a temperature above 0, which is what it is where absent. */
  readonly key?: Key.Key
}

/** A token that a row of a batch was continued by. */
export interface Continued {
  readonly row: number
  readonly token: number
}

/** The tokens that each row reads next, one or more, and the position of the first of them. */
export type Pieces = ReadonlyArray<{ readonly piece: ReadonlyArray<number>, readonly from: number }>

/** Room for the keys and values of each layer, as inputs of a program and as what they are at first. */
export const room = ({ layers, heads }: Architecture, batch: number, memory: number) => {
  const sizes = { batch, head: heads.key, memory, depth: heads.depth }
  const inputs = Array.from({ length: layers }, (_, layer): Cache<"f32"> =>
    ({ key: input("f32", sizes, `layers.${layer}.key`), value: input("f32", sizes, `layers.${layer}.value`) }))
  const empty = inputs.map((): Cache<"f32"> => ({ key: fill("f32", sizes, 0), value: fill("f32", sizes, 0) }))
  return { inputs, empty }
}

/** The next power of two. */
export const powerOfTwo = (size: number): number => 2 ** Math.ceil(Math.log2(size))

/**
 * A memory of `memory` tokens for each of `batch` rows, empty at first, and how pieces are read into it. A reading
 * gives each row's likeliest next token, or all logits of each, row after row.
 */
export const decoder = Effect.fnUntraced(function*(model: Transformer, batch: number, memory: number) {
  const { architecture, weights } = model
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const { stored, wide } = parameters(model)
  const { inputs, empty } = room(architecture, batch, memory)

  /** The program for pieces of `time` tokens. */
  const program = Effect.fnUntraced(function*(time: number) {
    const tokens = input("i32", { batch, time }, "tokens")
    const positions = input("i32", { batch, time }, "positions")
    const last = input("i32", { batch }, "last")
    const outputs = yield* building(() => {
      const { latents, caches } = trace(architecture, wide, tokens, { positions, caches: inputs })
      const latent: Tensor<"f32", "batch" | "embed"> = gather(latents, last, "time")
      const logits = unembed<"f32", "batch">(architecture, wide, latent)
      return { caches, logits, likeliest: argumentLargest(logits, "vocabulary") }
    })
    const wanted = { weights: stored, tokens, positions, last, caches: inputs }
    return yield* backend.compile(wanted, outputs, { donate: ["caches"] })
  })

  const programs = new Map<number, Effect.Success<ReturnType<typeof program>>>()
  let { caches } = yield* (yield* backend.compile({}, { caches: empty })).run({})

  return Effect.fnUntraced(function*(pieces: Pieces, wanted: "likeliest" | "logits") {
    // pieces are filled up to a few lengths, so that there are few programs; what fills them is overwritten before seen
    const time = Math.min(memory, powerOfTwo(Math.max(...pieces.map(({ piece }) => piece.length))))
    const compiled = programs.get(time) ?? (yield* program(time))
    programs.set(time, compiled)
    const places = pieces.map(({ from }) => Array.from({ length: time }, (_, index) => from + index))
    const read = {
      tokens: yield* backend.put("i32", { batch, time }, packed(pieces.map(({ piece }) => piece), batch, time)),
      positions: yield* backend.put("i32", { batch, time }, packed(places, batch, time)),
      last: yield* backend.put("i32", { batch }, Int32Array.from(pieces, ({ piece }) => piece.length - 1))
    }
    const { logits, likeliest, caches: filled } = yield* compiled.run({ weights, ...read, caches })
    caches = filled
    const found = wanted === "likeliest"
      ? { likeliest: (yield* backend.read(likeliest)).data }
      : { logits: (yield* backend.read(logits)).data }
    yield* backend.free([read, logits, likeliest])
    return found
  }, Effect.provideService(Scope.Scope, scope))
})

/** How many tokens each prompt may be continued by, and how they are drawn; fails on what cannot be decoded. */
export const plan = Effect.fnUntraced(function*(
  { vocabulary, context }: Architecture, prompts: ReadonlyArray<ReadonlyArray<number>>, settings: Settings
) {
  const { tokens, temperature = 0, topK, topP, key } = settings
  const sampling: Sampling = { temperature, ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) }
  const wrong = refusal(sampling)
  if (wrong !== undefined) return yield* refuse("sampling", wrong)
  if (temperature > 0 && key === undefined) return yield* refuse("key", "drawing with a temperature needs a random key")
  if (!Number.isInteger(tokens) || tokens < 0)
    return yield* refuse("tokens", `expected a whole number of at least 0, got ${tokens}`)
  if (prompts.length === 0) return yield* refuse("prompts", "expected at least one, got none")
  for (const [row, prompt] of prompts.entries()) {
    const strange = stray(vocabulary, prompt)
    if (prompt.length === 0) return yield* refuse(`prompt ${row}`, "expected at least one token, got none")
    if (strange !== undefined) return yield* refuse(`prompt ${row}`, strange)
    if (prompt.length >= context)
      return yield* refuse(`prompt ${row}`, `${prompt.length} tokens leave no room in the model's context of ${context}`)
  }
  return { sampling, allowed: prompts.map(({ length }) => Math.min(tokens, context - length)) }
})

/** A row on its way: what it reads next, how many tokens were made, and whether that is all. */
interface Row {
  readonly piece: ReadonlyArray<number>
  readonly from: number
  readonly made: number
  readonly done: boolean
}

/** The row after it was continued by a token, of which `allowed` may come, or ended. */
const after = (row: Row, token: number, ended: boolean, allowed: number): Row => {
  const next = row.from + row.piece.length
  // while others go on, a row that has ended reads its last token again, which changes nothing
  return ended
    ? { ...row, piece: row.piece.slice(-1), from: next - 1, done: true }
    : { piece: [token], from: next, made: row.made + 1, done: row.made + 1 >= allowed }
}

/**
 * Continues every prompt; what a row gives does not depend on the others. Row r draws its i-th token from
 * `fold(fold(key, r), i)`. An end token ends its row and is not given. May be interrupted between tokens.
 */
export const generateAll = (
  model: Transformer, prompts: ReadonlyArray<ReadonlyArray<number>>, settings: Settings
): Stream.Stream<Continued, DecodeError | BackendError | ShapeError, Backend> => Stream.unwrap(Effect.gen(function*() {
  const { vocabulary, context, tokens } = model.architecture
  const { sampling, allowed } = yield* plan(model.architecture, prompts, settings)
  const { key = Key.make(0), end = tokens.end } = settings
  const longest = Math.max(...prompts.map(({ length }, row) => length + (allowed[row] ?? 0)))
  const read = yield* decoder(model, prompts.length, Math.min(context, 64 * Math.ceil(longest / 64)))

  /** The token of a row from its logits; the size of the vocabulary where they are not numbers. */
  const drawn = (logits: Float32Array, row: number, made: number): number => {
    const own = logits.subarray(row * vocabulary, (row + 1) * vocabulary)
    const [uniform = 0] = Key.uniform(Key.fold(Key.fold(key, row), made), 1)
    return own.some(Number.isNaN) ? vocabulary : draw(candidates(own, sampling), uniform)
  }

  const step = Effect.fnUntraced(function*(rows: ReadonlyArray<Row>) {
    const { likeliest, logits } = yield* read(rows, sampling.temperature === 0 ? "likeliest" : "logits")
    const given: Array<Continued> = []
    const next: Array<Row> = []
    for (const [index, row] of rows.entries()) {
      const token = row.done ? 0
        : logits === undefined ? likeliest[index] ?? vocabulary
        : drawn(logits, index, row.made)
      if (token >= vocabulary) return yield* refuse(`prompt ${index}`, "the logits of the model are not numbers")
      const ended = row.done || end.includes(token)
      if (!ended) given.push({ row: index, token })
      next.push(after(row, token, ended, allowed[index] ?? 0))
    }
    return [given, next.every(({ done }) => done) ? Option.none() : Option.some(next)] as const
  })

  const start = prompts.map((piece, row): Row => ({ piece, from: 0, made: 0, done: allowed[row] === 0 }))
  return start.every(({ done }) => done) ? Stream.empty : Stream.paginate(start, step)
}))

/** Continues one prompt. */
export const generate = (
  model: Transformer, prompt: ReadonlyArray<number>, settings: Settings
): Stream.Stream<number, DecodeError | BackendError | ShapeError, Backend> =>
  Stream.map(generateAll(model, [prompt], settings), ({ token }) => token)
