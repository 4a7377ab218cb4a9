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
import { expand, fill, gather, input } from "../../algebra/tensor.ts"
import * as Key from "../../core/key.ts"
import type { Architecture } from "./architecture.ts"
import type { Cache } from "./attention.ts"
import type { Transformer } from "./model.ts"
import type { Sampling } from "./sampling.ts"
import { candidates, draw, refusal } from "./sampling.ts"
import { placeholders, trace, unembed } from "./transformer.ts"

/** A prompt or a setting that cannot be decoded. */
export class DecodeError extends Data.TaggedError("DecodeError")<{ readonly field: string, readonly message: string }> {}

const refuse = (field: string, message: string) => new DecodeError({ field, message: `${field}: ${message}` })

/** How a prompt is continued. */
export interface Settings extends Partial<Sampling> {
  /** At most so many new tokens; fewer where the model's context is full. */
  readonly tokens: number
  /** Tokens that end a text; those of the model where absent. */
  readonly end?: ReadonlyArray<number>
  /** Where the draws come from; only with a temperature, which is 0 where absent. */
  readonly key?: Key.Key
}

/** A token that a row of a batch was continued by. */
export interface Continued {
  readonly row: number
  readonly token: number
}

/** Pieces of the rows, `time` tokens each, row after row; of a row's, those beyond `counts` mean nothing. */
interface Pieces {
  readonly time: number
  readonly tokens: Int32Array
  /** The position of each row's first token. */
  readonly from: ReadonlyArray<number>
  readonly counts: ReadonlyArray<number>
}

const emptyCaches = ({ layers, heads }: Architecture, batch: number, memory: number): ReadonlyArray<Cache<"f32">> => {
  const zeros = fill("f32", { batch, head: heads.key, memory, depth: heads.depth }, 0)
  return Array.from({ length: layers }, () => ({ key: zeros, value: zeros }))
}

const cacheInputs = ({ layers, heads }: Architecture, batch: number, memory: number): ReadonlyArray<Cache<"f32">> => {
  const sizes = { batch, head: heads.key, memory, depth: heads.depth }
  return Array.from({ length: layers }, (_, layer) =>
    ({ key: input("f32", sizes, `layers.${layer}.key`), value: input("f32", sizes, `layers.${layer}.value`) }))
}

/**
 * A memory of so many tokens for each row, empty at first, and how pieces are read into it: gives each row's likeliest
 * next token, and all its logits where asked for.
 */
export const decoder = Effect.fnUntraced(function*({ architecture, weights }: Transformer, batch: number, memory: number) {
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const given = placeholders(architecture, "f32")

  /** The program for pieces of `time` tokens. */
  const program = Effect.fnUntraced(function*(time: number) {
    const tokens = input("i32", { batch, time }, "tokens")
    const positions = input("i32", { batch, time }, "positions")
    const last = input("i32", { batch }, "last")
    const caches = cacheInputs(architecture, batch, memory)
    const outputs = yield* building(() => {
      const run = trace(architecture, given, tokens, { positions, caches })
      const latent: Tensor<"f32", "batch" | "embed"> = gather(run.latents, last, "time")
      const logits = unembed<"f32", "batch">(architecture, given, latent)
      return { caches: run.caches, logits, likeliest: argumentLargest(logits, "vocabulary") }
    })
    return yield* backend.compile({ weights: given, tokens, positions, last, caches }, outputs, { donate: ["caches"] })
  })

  const programs = new Map<number, Effect.Success<ReturnType<typeof program>>>()
  const fresh = yield* backend.compile({}, { caches: emptyCaches(architecture, batch, memory) })
  let { caches } = yield* fresh.run({})

  return Effect.fnUntraced(function*({ time, tokens, from, counts }: Pieces, wanted: "likeliest" | "logits") {
    const compiled = programs.get(time) ?? (yield* program(time))
    programs.set(time, compiled)
    const positions = Int32Array.from(tokens, (_, index) => (from[Math.floor(index / time)] ?? 0) + index % time)
    const inputs = {
      tokens: yield* backend.put("i32", { batch, time }, tokens),
      positions: yield* backend.put("i32", { batch, time }, positions),
      last: yield* backend.put("i32", { batch }, Int32Array.from(counts, (count) => count - 1))
    }
    const { logits, likeliest, caches: filled } = yield* compiled.run({ weights, ...inputs, caches })
    caches = filled
    const read = wanted === "likeliest"
      ? { likeliest: (yield* backend.read(likeliest)).data }
      : { logits: (yield* backend.read(logits)).data }
    yield* backend.free([inputs, logits, likeliest])
    return read
  }, Effect.provideService(Scope.Scope, scope))
})

const powerOfTwo = (size: number): number => 2 ** Math.ceil(Math.log2(size))

/** How many tokens each prompt may be continued by; fails on what cannot be decoded. */
const limits = Effect.fnUntraced(function*({ vocabulary, context }: Architecture, prompts: ReadonlyArray<ReadonlyArray<number>>, settings: Settings) {
  const { tokens, temperature = 0, topK, topP } = settings
  const wrong = refusal({ temperature, ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) })
  if (wrong !== undefined) return yield* refuse("sampling", wrong)
  if (temperature > 0 && settings.key === undefined) return yield* refuse("key", "drawing with a temperature needs a random key")
  if (!Number.isInteger(tokens) || tokens < 0) return yield* refuse("tokens", `expected a whole number of at least 0, got ${tokens}`)
  if (prompts.length === 0) return yield* refuse("prompts", "expected at least one, got none")
  for (const [row, prompt] of prompts.entries()) {
    if (prompt.length === 0) return yield* refuse(`prompt ${row}`, "expected at least one token, got none")
    if (prompt.length >= context)
      return yield* refuse(`prompt ${row}`, `${prompt.length} tokens leave no room in the model's context of ${context}`)
    const stray = prompt.findIndex((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary)
    if (stray >= 0) return yield* refuse(`prompt ${row}`, `token ${stray} is ${prompt[stray]}, expected an integer from 0 to ${vocabulary - 1}`)
  }
  return prompts.map(({ length }) => Math.min(tokens, context - length))
})

/** A row on its way: the token to read next and its position, and how many more may come. */
interface Row {
  readonly piece: ReadonlyArray<number>
  readonly from: number
  readonly made: number
  readonly done: boolean
}

/**
 * Continues every prompt; what a row gives does not depend on the others. Row r draws its i-th token from
 * `fold(fold(key, r), i)`. An end token ends its row and is not given. May be interrupted between tokens.
 */
export const generateAll = (
  model: Transformer, prompts: ReadonlyArray<ReadonlyArray<number>>, settings: Settings
): Stream.Stream<Continued, DecodeError | BackendError | ShapeError, Backend> => Stream.unwrap(Effect.gen(function*() {
  const { architecture } = model
  const room = yield* limits(architecture, prompts, settings)
  const { temperature = 0, topK, topP, key = Key.make(0), end = architecture.tokens.end } = settings
  const sampling: Sampling = { temperature, ...(topK !== undefined && { topK }), ...(topP !== undefined && { topP }) }
  const longest = Math.max(...prompts.map(({ length }, row) => length + (room[row] ?? 0)))
  const memory = Math.min(architecture.context, 64 * Math.ceil(longest / 64))
  const read = yield* decoder(model, prompts.length, memory)

  const step = Effect.fnUntraced(function*(rows: ReadonlyArray<Row>) {
    const counts = rows.map(({ piece }) => piece.length)
    const time = Math.min(memory, powerOfTwo(Math.max(...counts)))
    const tokens = new Int32Array(rows.length * time)
    rows.forEach(({ piece }, row) => tokens.set(piece, row * time))
    const found = yield* read({ time, tokens, from: rows.map(({ from }) => from), counts }, temperature === 0 ? "likeliest" : "logits")
    const choose = (row: number, made: number): number => {
      if (found.likeliest !== undefined) return found.likeliest[row] ?? -1
      const logits = found.logits.subarray(row * architecture.vocabulary, (row + 1) * architecture.vocabulary)
      const [uniform = 0] = Key.uniform(Key.fold(Key.fold(key, row), made), 1)
      return logits.some(Number.isNaN) ? architecture.vocabulary : draw(candidates(logits, sampling), uniform)
    }
    const given: Array<Continued> = []
    const next: Array<Row> = []
    for (const [index, row] of rows.entries()) {
      const token = row.done ? 0 : choose(index, row.made)
      if (token >= architecture.vocabulary) return yield* refuse(`prompt ${index}`, "the logits of the model are not numbers")
      const ended = row.done || end.includes(token)
      if (!ended) given.push({ row: index, token })
      const made = row.made + 1
      const after = row.from + row.piece.length
      // while others go on, a row that has ended reads its last token again, which changes nothing
      next.push(ended
        ? { ...row, piece: row.piece.slice(-1), from: after - 1, done: true }
        : { piece: [token], from: after, made, done: made >= (room[index] ?? 0) })
    }
    return [given, next.every(({ done }) => done) ? Option.none() : Option.some(next)] as const
  })

  const start = prompts.map((piece, row): Row => ({ piece, from: 0, made: 0, done: (room[row] ?? 0) === 0 }))
  return start.every(({ done }) => done) ? Stream.empty : Stream.paginate(start, step)
}))

/** Continues one prompt. */
export const generate = (
  model: Transformer, prompt: ReadonlyArray<number>, settings: Settings
): Stream.Stream<number, DecodeError | BackendError | ShapeError, Backend> =>
  Stream.map(generateAll(model, [prompt], settings), ({ token }) => token)
