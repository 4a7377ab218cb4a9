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
import { arrange, input, negate } from "../../algebra/tensor.ts"
import { tracked } from "../../core/progress.ts"
import type { Architecture } from "./architecture.ts"
import { parameters } from "./storage.ts"
import type { TokenIds } from "./tokens.ts"
import { packed, stray } from "./tokens.ts"
import type { Logits } from "./transformer.ts"
import { logits } from "./transformer.ts"
import type { Transformer } from "./weights.ts"

export type { TokenIds } from "./tokens.ts"

/** Tokens or a setting that cannot be scored. */
export class ScoreError extends Data.TaggedError("ScoreError")<{ readonly field: string, readonly message: string }> {}

type Scored<A> = Effect.Effect<A, ScoreError | BackendError | ShapeError, Backend>

const refuse = (field: string, message: string) => new ScoreError({ field, message: `${field}: ${message}` })

const positive = (field: string, value: number): Effect.Effect<void, ScoreError> =>
  Number.isInteger(value) && value > 0 ? Effect.void : refuse(field, `expected a positive whole number, got ${value}`)

/** Fails on no tokens, one outside the vocabulary, and more read at once than a learned table has positions. */
const check = (
  { vocabulary, position }: Architecture, field: string, tokens: TokenIds, read: number
): Effect.Effect<void, ScoreError> => {
  if (tokens.length === 0) return refuse(field, "expected at least one token, got none")
  const positions = position.kind === "learned" ? position.length - position.offset : Infinity
  if (read > positions)
    return refuse(field, `${read} tokens are more than the ${positions} positions that the model has learned`)
  const wrong = stray(vocabulary, tokens)
  return wrong === undefined ? Effect.void : refuse(field, wrong)
}

/** Rows in a batch such that its logits fill about 64 MiB. */
const batchFor = ({ vocabulary }: Architecture, time: number, rows: number): number =>
  Math.max(1, Math.min(rows, Math.floor(2 ** 24 / (time * vocabulary))))

const chunksOf = <T>(items: ReadonlyArray<T>, size: number): ReadonlyArray<ReadonlyArray<T>> =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, chunk) => items.slice(chunk * size, (chunk + 1) * size))

const longest = (rows: ReadonlyArray<TokenIds>): number => rows.reduce((most, { length }) => Math.max(most, length), 0)

/** A program from `batch` rows of `time` tokens, and the token after each, to the latter's log-probability. */
const judge = Effect.fnUntraced(function*(model: Transformer, batch: number, time: number) {
  const { architecture, weights } = model
  const backend = yield* Backend
  const { stored, wide } = parameters(model)
  const tokens = input("i32", { batch, time }, "tokens")
  const targets = input("i32", { batch, time }, "targets")
  const scores = yield* building(() => arrange(
    negate(crossEntropy(logits(architecture, wide, tokens), targets, "vocabulary")), ["batch", "time"]))
  const program = yield* backend.compile({ weights: stored, tokens, targets }, { scores })
  return (rows: ReadonlyArray<TokenIds>, after: ReadonlyArray<TokenIds>) => Effect.scoped(Effect.gen(function*() {
    const given = yield* backend.put("i32", { batch, time }, packed(rows, batch, time))
    const wanted = yield* backend.put("i32", { batch, time }, packed(after, batch, time))
    const { scores } = yield* program.run({ weights, tokens: given, targets: wanted })
    return (yield* backend.read(scores)).data
  }))
})

/** How rows are scored: so many at a time, as many as about 64 MiB of logits hold where absent. */
export interface Options { readonly batch?: number }

/** log p(row[t + 1] | row[0 .. t]) in nats, for every row and t: one less than the row's tokens. */
export const logProbabilities = (
  model: Transformer, rows: ReadonlyArray<TokenIds>, options: Options = {}
): Scored<ReadonlyArray<Float32Array>> => Effect.scoped(Effect.gen(function*() {
  for (const [index, row] of rows.entries()) yield* check(model.architecture, `row ${index}`, row, row.length - 1)
  const time = Math.max(1, longest(rows) - 1)
  const batch = options.batch ?? batchFor(model.architecture, time, rows.length)
  yield* positive("batch", batch)
  const judged = yield* judge(model, batch, time)
  const scores = yield* Effect.forEach(chunksOf(rows, batch), (chunk) => Effect.map(
    judged(chunk.map((row) => row.slice(0, -1)), chunk.map((row) => row.slice(1))),
    (all) => chunk.map(({ length }, index) => all.slice(index * time, index * time + length - 1))))
  return scores.flat()
}))

/** The logits after each token of each row: time x vocabulary numbers a row, row-major. */
export const logitsOf = (
  model: Transformer, rows: ReadonlyArray<TokenIds>, options: Options = {}
): Scored<ReadonlyArray<Float32Array>> => Effect.scoped(Effect.gen(function*() {
  const { architecture, weights } = model
  const { vocabulary } = architecture
  for (const [index, row] of rows.entries()) yield* check(architecture, `row ${index}`, row, row.length)
  const time = Math.max(1, longest(rows))
  const batch = options.batch ?? batchFor(architecture, time, rows.length)
  yield* positive("batch", batch)
  const backend = yield* Backend
  const { stored, wide } = parameters(model)
  const tokens = input("i32", { batch, time }, "tokens")
  const all = yield* building((): Logits<"f32"> =>
    arrange(logits(architecture, wide, tokens), ["batch", "time", "vocabulary"]))
  const program = yield* backend.compile({ weights: stored, tokens }, { all })
  const results = yield* Effect.forEach(chunksOf(rows, batch), (chunk) => Effect.scoped(Effect.gen(function*() {
    const given = yield* backend.put("i32", { batch, time }, packed(chunk, batch, time))
    const { all } = yield* program.run({ weights, tokens: given })
    const { data } = yield* backend.read(all)
    return chunk.map(({ length }, index) => data.slice(index * time * vocabulary, (index * time + length) * vocabulary))
  })))
  return results.flat()
}))

/** How a long text is cut. */
export interface Windows extends Options {
  /** Tokens that are read at once; the model's context where absent. */
  readonly window?: number
  /** From one window to the next; a window where absent. Smaller gives every token more past, for more work. */
  readonly stride?: number
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
 * The perplexity of a text. Window k reads the `window` tokens from k stride on; the first counts its prediction of the
 * token after each of them, the others after each of their last `stride`.
 */
export const perplexity = (
  model: Transformer, tokens: TokenIds, options: Windows = {}
): Scored<Perplexity> => Effect.scoped(Effect.gen(function*() {
  const { architecture } = model
  const predicted = tokens.length - 1
  if (predicted < 1) return yield* refuse("tokens", `expected at least two, got ${tokens.length}`)
  const window = Math.min(options.window ?? architecture.context, predicted)
  const stride = options.stride ?? window
  yield* check(architecture, "tokens", tokens, window)
  yield* positive("window", window)
  yield* positive("stride", stride)
  if (stride > window) return yield* refuse("stride", `expected at most the window of ${window}, got ${stride}`)
  const starts = Array.from({ length: 1 + Math.ceil((predicted - window) / stride) }, (_, index) => index * stride)
  const batch = options.batch ?? batchFor(architecture, window, starts.length)
  yield* positive("batch", batch)
  const judged = yield* judge(model, batch, window)
  let total = 0
  let counted = 0
  yield* tracked({ name: "perplexity", total: predicted, unit: "tokens" }, (tracker) =>
    Effect.forEach(chunksOf(starts, batch), (chunk) => Effect.gen(function*() {
      const inputs = chunk.map((start) => tokens.slice(start, Math.min(start + window, predicted)))
      const scores = yield* judged(inputs, chunk.map((start) => tokens.slice(start + 1, start + 1 + window)))
      inputs.forEach(({ length }, row) => {
        const fresh = chunk[row] === 0 ? 0 : window - stride
        for (let at = fresh; at < length; at++) total -= scores[row * window + at] ?? NaN
        counted += length - fresh
      })
      yield* tracker.moveTo(counted, { figures: { perplexity: Math.exp(total / counted) } })
    }), { discard: true }))
  return { perplexity: Math.exp(total / counted), loss: total / counted, tokens: counted }
}))
