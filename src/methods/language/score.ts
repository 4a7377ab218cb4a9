/**
 * How probable a model finds texts: log-probabilities of each token given those before it, logits, and the perplexity
 * of a long text in overlapping windows, each of whose tokens but the first is counted exactly once. Rows of a batch
 * are scored as they would be alone. Laws: laws/methods/language/score.law.ts.
 */
import { Data, Effect } from "effect"
import type { ShapeError } from "../../algebra/axis.ts"
import type { BackendError } from "../../algebra/backend.ts"
import { Backend, building } from "../../algebra/backend.ts"
import { crossEntropy } from "../../algebra/derived/loss.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { arrange, input, negate } from "../../algebra/tensor.ts"
import { tracked } from "../../core/progress.ts"
import type { Architecture } from "./architecture.ts"
import type { Transformer } from "./model.ts"
import { logits, placeholders } from "./transformer.ts"

/** Tokens or a setting that cannot be scored. */
export class ScoreError extends Data.TaggedError("ScoreError")<{ readonly field: string, readonly message: string }> {}

const refuse = (field: string, message: string) => new ScoreError({ field, message: `${field}: ${message}` })

/** Any list of token ids. */
export type TokenIds = ReadonlyArray<number> | Int32Array | Uint16Array | Uint32Array

/** Fails on an empty row, a token outside the vocabulary, and a row beyond a learned table of positions. */
export const check = (architecture: Architecture, tokens: TokenIds, field: string, window = tokens.length): Effect.Effect<void, ScoreError> => {
  const { vocabulary, position } = architecture
  if (tokens.length === 0) return refuse(field, "expected at least one token, got none")
  if (position.kind === "learned" && window > position.length - position.offset)
    return refuse(field, `${window} tokens are more than the ${position.length - position.offset} positions that the model has learned`)
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? -1
    if (!Number.isInteger(token) || token < 0 || token >= vocabulary)
      return refuse(field, `token ${at} is ${token}, expected an integer from 0 to ${vocabulary - 1}`)
  }
  return Effect.void
}

/** Rows in a batch such that its logits fill about 64 MiB. */
const batchFor = ({ vocabulary }: Architecture, time: number): number => Math.max(1, Math.floor(2 ** 24 / (time * vocabulary)))

const positive = (field: string, value: number): Effect.Effect<void, ScoreError> =>
  Number.isInteger(value) && value > 0 ? Effect.void : refuse(field, `expected a positive whole number, got ${value}`)

/** A compiled program from `batch` rows of `time` tokens, and the token after each, to the latter's log-probability. */
const judge = Effect.fnUntraced(function*({ architecture, weights }: Transformer, batch: number, time: number) {
  const backend = yield* Backend
  const given = placeholders(architecture, "f32")
  const tokens = input("i32", { batch, time }, "tokens")
  const targets = input("i32", { batch, time }, "targets")
  const scores = yield* building((): Tensor<"f32", "batch" | "time"> =>
    arrange(negate(crossEntropy(logits(architecture, given, tokens), targets, "vocabulary")), ["batch", "time"]))
  const program = yield* backend.compile({ weights: given, tokens, targets }, { scores })
  return (rows: Int32Array, after: Int32Array) => Effect.scoped(Effect.gen(function*() {
    const inputs = { tokens: yield* backend.put("i32", { batch, time }, rows), targets: yield* backend.put("i32", { batch, time }, after) }
    const { scores } = yield* program.run({ weights, ...inputs })
    return (yield* backend.read(scores)).data
  }))
})

const chunksOf = <T>(items: ReadonlyArray<T>, size: number): ReadonlyArray<ReadonlyArray<T>> =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, chunk) => items.slice(chunk * size, (chunk + 1) * size))

/** Rows after one another at `time` tokens each, filled up with token 0. */
const packed = (rows: ReadonlyArray<TokenIds>, batch: number, time: number): Int32Array => {
  const filled = new Int32Array(batch * time)
  rows.forEach((row, index) => filled.set(row, index * time))
  return filled
}

const longest = (rows: ReadonlyArray<TokenIds>): number => rows.reduce((most, { length }) => Math.max(most, length), 0)

/** log p(row[t + 1] | row[0 .. t]) in nats, for every row and t: one less than the row's tokens. */
export const logProbabilities = (
  model: Transformer, rows: ReadonlyArray<TokenIds>, options: { readonly batch?: number } = {}
): Effect.Effect<ReadonlyArray<Float32Array>, ScoreError | BackendError | ShapeError, Backend> => Effect.scoped(Effect.gen(function*() {
  for (const [index, row] of rows.entries()) yield* check(model.architecture, row, `row ${index}`, row.length - 1)
  const time = Math.max(1, longest(rows) - 1)
  const batch = options.batch ?? Math.min(rows.length, batchFor(model.architecture, time))
  yield* positive("batch", batch)
  const judged = yield* judge(model, batch, time)
  const scores = yield* Effect.forEach(chunksOf(rows, batch), (chunk) =>
    Effect.map(judged(packed(chunk.map((row) => row.slice(0, -1)), batch, time), packed(chunk.map((row) => row.slice(1)), batch, time)),
      (all) => chunk.map(({ length }, index) => all.slice(index * time, index * time + length - 1))))
  return scores.flat()
}))

/** The logits after each token of each row: time x vocabulary numbers a row, row-major. */
export const logitsOf = (
  model: Transformer, rows: ReadonlyArray<TokenIds>, options: { readonly batch?: number } = {}
): Effect.Effect<ReadonlyArray<Float32Array>, ScoreError | BackendError | ShapeError, Backend> => Effect.scoped(Effect.gen(function*() {
  const { architecture, weights } = model
  for (const [index, row] of rows.entries()) yield* check(architecture, row, `row ${index}`)
  const time = longest(rows)
  const batch = options.batch ?? Math.min(rows.length, batchFor(architecture, time))
  if (rows.length === 0) return []
  yield* positive("batch", batch)
  const backend = yield* Backend
  const given = placeholders(architecture, "f32")
  const tokens = input("i32", { batch, time }, "tokens")
  const all = yield* building(() => arrange(logits(architecture, given, tokens), ["batch", "time", "vocabulary"]))
  const program = yield* backend.compile({ weights: given, tokens }, { all })
  const results = yield* Effect.forEach(chunksOf(rows, batch), (chunk) => Effect.scoped(Effect.gen(function*() {
    const { all } = yield* program.run({ weights, tokens: yield* backend.put("i32", { batch, time }, packed(chunk, batch, time)) })
    const { data } = yield* backend.read(all)
    return chunk.map(({ length }, index) => data.slice(index * time * architecture.vocabulary, (index * time + length) * architecture.vocabulary))
  })))
  return results.flat()
}))

/** How a long text is cut. */
export interface Windows {
  /** Tokens that are read at once; the model's context where absent. */
  readonly window?: number
  /** From one window to the next; a window where absent. Smaller gives every token more past, for more work. */
  readonly stride?: number
  /** Windows that are scored together; as many as about 64 MiB of logits hold where absent. */
  readonly batch?: number
}

/** What a text costs a model. */
export interface Perplexity {
  /** exp of the mean negative log-probability of a token. */
  readonly perplexity: number
  /** The mean negative log-probability, in nats. */
  readonly loss: number
  /** How many tokens were counted: all but the first. */
  readonly tokens: number
}

/**
 * The perplexity of a text. Window k reads the `window` tokens from k stride on; the first counts the predictions of all
 * that follow them, the others of the last `stride` alone.
 */
export const perplexity = (
  model: Transformer, tokens: TokenIds, options: Windows = {}
): Effect.Effect<Perplexity, ScoreError | BackendError | ShapeError, Backend> => Effect.scoped(Effect.gen(function*() {
  const { architecture } = model
  const predicted = tokens.length - 1
  if (tokens.length < 2) return yield* refuse("tokens", `expected at least two, got ${tokens.length}`)
  const window = Math.min(options.window ?? architecture.context, predicted)
  const stride = options.stride ?? window
  yield* check(architecture, tokens, "tokens", window)
  for (const [field, value] of Object.entries({ window, stride, batch: options.batch ?? 1 })) yield* positive(field, value)
  if (stride > window) return yield* refuse("stride", `expected at most the window of ${window}, got ${stride}`)
  const starts = Array.from({ length: 1 + Math.ceil((predicted - window) / stride) }, (_, index) => index * stride)
  const batch = options.batch ?? Math.min(starts.length, batchFor(architecture, window))
  const judged = yield* judge(model, batch, window)
  let total = 0
  let counted = 0
  yield* tracked({ name: "perplexity", total: predicted, unit: "tokens" }, (tracker) =>
    Effect.forEach(chunksOf(starts, batch), (chunk) => Effect.gen(function*() {
      const inputs = chunk.map((start) => tokens.slice(start, Math.min(start + window, predicted)))
      const scores = yield* judged(packed(inputs, batch, window), packed(chunk.map((start) => tokens.slice(start + 1, start + 1 + window)), batch, window))
      const before = counted
      inputs.forEach(({ length }, row) => {
        for (let at = chunk[row] === 0 ? 0 : window - stride; at < length; at++) {
          total -= scores[row * window + at] ?? NaN
          counted++
        }
      })
      yield* tracker.advance(counted - before, { figures: { perplexity: Math.exp(total / counted) } })
    }), { discard: true }))
  return { perplexity: Math.exp(total / counted), loss: total / counted, tokens: counted }
}))
