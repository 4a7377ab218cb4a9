/**
 * What multi-token prediction conserves, measured between a model and the same model with an adapter: the logits of a
 * text's own tokens (2507.11851, section 2.2) and the greedy text (section 2.4). And what it gains: tokens a step.
 */
import { Effect, Stream } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { input, slice } from "../../../algebra/tensor.ts"
import type { Law, Measurement } from "../../../core/law.ts"
import { compare, observe } from "../../../core/law.ts"
import { tracked } from "../../../core/progress.ts"
import type { TokenIds } from "../tokens.ts"
import { packed } from "../tokens.ts"
import type { Logits } from "../transformer.ts"
import { logits, placeholders, unembed } from "../transformer.ts"
import type { Transformer } from "../weights.ts"
import * as Adapters from "./adapter.ts"
import { layoutOf, pack } from "./masked-input.ts"
import { stepsOf } from "./speculation.ts"
import type { Adapted, Programs } from "./verification.ts"

/**
 * No logit of a text's own tokens moves, whatever the adapter holds: to the bit where a packed row and the text alone
 * take the same kernels, and else to the rounding of single precision, relative to the range of the logits.
 */
export const sameLogits: Law = {
  name: "masks leave every next-token logit",
  statement: "the logits of a text's own tokens in a packed row are the model's (section 2.2)",
  tolerance: 1e-5
}

/** Logits of a text's own tokens in a packed row are the same to the bit before, during and after adaptation. */
export const sameBits: Law = {
  name: "adaptation leaves every next-token logit to the bit",
  statement: "the next-token logits of a packed row do not depend on the adapter (section 2.2)",
  tolerance: 0
}

/** Speculation writes the model's greedy text. */
export const sameGreedyText: Law = {
  name: "speculation writes the greedy text",
  statement: "the greedy text of linear and quadratic decoding is the model's, token by token (section 2.4)",
  tolerance: 0
}

/** How far the logits of a text's own tokens among masks are from those of the text alone; rows of one length. */
export const deviation = (
  { architecture, weights }: Transformer, { shape, adapter }: Adapted, rows: ReadonlyArray<TokenIds>
) => Effect.scoped(Effect.gen(function*() {
  const backend = yield* Backend
  const batch = rows.length
  const time = Math.max(...rows.map(({ length }) => length))
  const base = placeholders(architecture, "f32")
  const terms = Adapters.placeholders(architecture, shape, "f32")
  const tokens = input("i32", { batch, time }, "tokens")
  const outputs = yield* building(() => {
    const layout = layoutOf(pack(time, shape.masks), batch)
    const z = Adapters.maskedLatents(architecture, base, terms, tokens, layout)
    const own: Tensor<"f32", "batch" | "time" | "embed"> = slice(z, "time", 0, time, shape.masks + 1)
    const among: Logits<"f32"> = unembed<"f32", "batch" | "time">(architecture, base, own)
    return { alone: logits(architecture, base, tokens), among }
  })
  const program = yield* backend.compile({ weights: base, adapter: terms, tokens }, outputs)
  const given = yield* backend.put("i32", { batch, time }, packed(rows, batch, time))
  const { alone, among } = yield* program.run({ weights, adapter, tokens: given })
  const { data } = yield* backend.read(alone)
  const range = data.reduce((most, value) => Math.max(most, value), -Infinity)
    - data.reduce((least, value) => Math.min(least, value), Infinity)
  return compare(data, (yield* backend.read(among)).data, "logits", range)
}))

/** What speculation made of some prompts. */
export interface Speculated {
  readonly texts: ReadonlyArray<ReadonlyArray<number>>
  /** Steps after the first of each prompt, which reads it, and the tokens of these steps. */
  readonly steps: number
  readonly tokens: number
}

/** The acceptance rate G / T: tokens a step, from 1 to k + 1. Steps that read a prompt are not counted. */
export const rate = ({ steps, tokens }: Pick<Speculated, "steps" | "tokens">): number => tokens / steps

/** The greedy texts of some prompts, by speculation. */
export const speculate = Effect.fnUntraced(function*(
  model: Transformer, made: Programs, prompts: ReadonlyArray<ReadonlyArray<number>>, tokens: number
) {
  return yield* tracked({ name: `${made.scheme} speculation`, total: prompts.length, unit: "text" }, (tracker) =>
    Effect.gen(function*() {
      const texts: Array<ReadonlyArray<number>> = []
      let [count, emitted] = [0, 0]
      for (const prompt of prompts) {
        const all = yield* Effect.scoped(Stream.runCollect(stepsOf(model, made, prompt, { tokens, end: [] })))
        texts.push(all.flatMap((step) => step.tokens))
        count += all.length - 1
        emitted += all.slice(1).reduce((sum, step) => sum + step.tokens.length, 0)
        yield* tracker.advance()
      }
      return { texts, steps: count, tokens: emitted } satisfies Speculated
    }))
})

/** How many tokens of two texts of each prompt differ. */
export const differing = (
  before: ReadonlyArray<ReadonlyArray<number>>, after: ReadonlyArray<ReadonlyArray<number>>
): Measurement => {
  const wrong = before.flatMap((text, row) => text.filter((token, at) => after[row]?.[at] !== token))
  return { ...observe(wrong.length, ""), cases: before.reduce((sum, { length }) => sum + length, 0) }
}
