/**
 * What HyperCloning conserves, measured between a model and the one grown from it: every logit, and with them the
 * greedy text (2409.12903, section 3.1).
 */
import { Effect, Stream } from "effect"
import type { Law, Measurement } from "../../../core/law.ts"
import { compare, measurements } from "../../../core/law.ts"
import { tracked } from "../../../core/progress.ts"
import { generateAll } from "../decode.ts"
import type { Transformer } from "../model.ts"
import type { TokenIds } from "../score.ts"
import { logitsOf } from "../score.ts"

/** The law that the method is named for. Its tolerance is what single precision leaves of the range of the logits. */
export const sameLogits: Law = {
  name: "every logit is unchanged",
  statement: "f_D(tokens) = f_S(tokens) for every input (section 3.1)",
  tolerance: 1e-4
}

/** The greedy text is that of the source: a weaker law, which a head that is not divided keeps too. */
export const sameGreedyText: Law = {
  name: "greedy text is unchanged",
  statement: "no token of the most probable continuation differs (follows from section 3.1)",
  tolerance: 0
}

/** How far the logits of two models are apart. */
export interface Deviation {
  /**
   * The largest difference, relative to the range of the source's logits, over all logits: what `sameLogits` bounds.
   */
  readonly measurement: Measurement
  /** The largest difference itself. */
  readonly absolute: number
  /** Tokens after which logits were compared. */
  readonly tokens: number
}

/** Compares all logits after each token of some rows. */
export const deviation = Effect.fnUntraced(function* (
  source: Transformer,
  grown: Transformer,
  rows: ReadonlyArray<TokenIds>
) {
  const [before, after] = yield* Effect.all([logitsOf(source, rows), logitsOf(grown, rows)])
  let low = Infinity
  let high = -Infinity
  for (const row of before)
    for (const value of row) {
      if (value < low) low = value
      if (value > high) high = value
    }
  const none: ReadonlyArray<number> = []
  const seen = before.reduce(
    (worst, row, index) => measurements.concat(worst, compare(row, after[index] ?? none, `row ${index}`, high - low)),
    measurements.empty
  )
  return {
    measurement: seen,
    absolute: seen.worst * (high - low),
    tokens: rows.reduce((sum, { length }) => sum + length, 0)
  } satisfies Deviation
})

/** The greedy continuations of some prompts, a row each. */
export const greedy = Effect.fnUntraced(function* (
  model: Transformer,
  prompts: ReadonlyArray<ReadonlyArray<number>>,
  tokens: number
) {
  const texts = prompts.map((): Array<number> => [])
  yield* tracked({ name: "greedy text", total: prompts.length * tokens, unit: "tokens" }, (tracker) =>
    Effect.scoped(
      Stream.runForEach(generateAll(model, prompts, { tokens, end: [] }), ({ row, token }) => {
        texts[row]?.push(token)
        return tracker.advance()
      })
    )
  )
  return texts
})

/** How many tokens of two sets of texts differ, and which is the first. */
export const differing = (
  before: ReadonlyArray<ReadonlyArray<number>>,
  after: ReadonlyArray<ReadonlyArray<number>>
): Measurement => {
  const places = before.flatMap((text, row) =>
    text.map((token, at) => ({ row, at, differs: after[row]?.[at] !== token })))
  const wrong = places.filter(({ differs }) => differs)
  const [first] = wrong
  return {
    cases: places.length,
    worst: wrong.length,
    where: first === undefined ? "" : `text ${first.row}, token ${first.at}`
  }
}
