/**
 * What growing leaves unchanged: the model is grown by each variant, and each is held to the laws of HyperCloning on
 * held-out text.
 */
import { Effect } from "effect"
import type { Verdict } from "../../../core/law.ts"
import { judge } from "../../../core/law.ts"
import { trackedForEach } from "../../../core/progress.ts"
import type { Tokens } from "../../../methods/language/corpus.ts"
import type { Deviation } from "../../../methods/language/hypercloning/preservation.ts"
import { hyperClone, preservation, variants } from "../../../methods/language/hypercloning/index.ts"
import type { Model } from "../../../methods/language/model.ts"
import { quantity } from "../../figures.ts"
import type { Table } from "../../report/content.ts"
import { rowsOf } from "../text.ts"
import type { Size } from "./size.ts"

/** What became of one variant. */
export interface Conserved {
  readonly variant: (typeof variants)[number]
  readonly deviation: Deviation
  readonly logits: Verdict
  readonly text: Verdict
}

/** Grows by every variant and measures; each grown model is freed before the next is made. */
export const conserve = Effect.fn("conserve")(function* (
  source: Model,
  tokens: Tokens,
  { width, compared, prompts }: Size,
  seed: number
) {
  const rows = rowsOf(tokens, compared, Math.min(source.architecture.context, 128))
  const starts = Array.from({ length: prompts.count }, (_, prompt) => {
    const from = Math.floor((prompt * (tokens.length - prompts.length)) / prompts.count)
    return Array.from(tokens.subarray(from, from + prompts.length))
  })
  const before = yield* preservation.greedy(source, starts, prompts.tokens)
  return yield* trackedForEach({ name: "variants", unit: "variant" }, variants, (variant, _, { note }) =>
    Effect.scoped(
      Effect.gen(function* () {
        yield* note({ label: variant })
        const grown = yield* hyperClone(source, { variant, width, seed })
        const deviation = yield* preservation.deviation(source, grown, rows)
        const after = yield* preservation.greedy(grown, starts, prompts.tokens)
        const named = ({ name, ...verdict }: Verdict): Verdict => ({ ...verdict, name: `${name} (${variant})` })
        return {
          variant,
          deviation,
          logits: named(judge(preservation.sameLogits, deviation.measurement)),
          text: named(judge(preservation.sameGreedyText, preservation.differing(before, after)))
        } satisfies Conserved
      })
    )
  )
})

/** A row a variant. */
export const conservedTable = (of: ReadonlyArray<Conserved>): Table => ({
  title: "Grown by each variant, against the source",
  heading: ["variant", "tokens", "largest difference", "of the logits' range", "greedy tokens", "that differ"],
  rows: of.map(({ variant, deviation, text }) => [
    variant,
    quantity(deviation.tokens),
    quantity(deviation.absolute),
    quantity(deviation.measurement.worst),
    quantity(text.cases),
    quantity(text.worst)
  ])
})
