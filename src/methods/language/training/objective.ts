/**
 * What a language model is trained on and judged by: the cross-entropy of the next token, a mean over the positions
 * that count. Nats and counts are kept apart until the end, so that the mean over several micro-batches or windows is
 * that over all their positions together. A position of weight 0 changes nothing, whatever token stands there.
 */
import type { Monoid } from "fp-ts/lib/Monoid.js"
import { crossEntropy } from "../../../algebra/derived/loss.ts"
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { contract, sum } from "../../../algebra/tensor.ts"

/** Summed cross-entropy in nats, and the number of positions that it is summed over. */
export interface Total<N> {
  readonly nats: N
  readonly count: N
}

/**
 * The cross-entropy of `targets` {batch, time} under `logits` {batch, time, vocabulary}, each position counted by its
 * weight: 1, or 0 where it is ignored (its loss must still be finite, as it is for any token of the vocabulary).
 */
export const nextToken = <D extends Float>(
  logits: Tensor<D, "batch" | "time" | "vocabulary">,
  targets: Tensor<"i32", "batch" | "time">,
  weights: Tensor<D, "batch" | "time">
): Total<Tensor<D, never>> => ({
  nats: contract(crossEntropy(logits, targets, "vocabulary"), weights, ["batch", "time"]),
  count: sum(weights, ["batch", "time"])
})

/** Totals of separate positions add up. */
export const totals: Monoid<Total<number>> = {
  empty: { nats: 0, count: 0 },
  concat: (left, right) => ({ nats: left.nats + right.nats, count: left.count + right.count })
}

/** Nats a token. */
export const mean = ({ nats, count }: Total<number>): number => nats / count

/** exp of the mean: as many equally likely tokens would be as hard to tell. */
export const perplexity = (total: Total<number>): number => Math.exp(mean(total))

/** The loss in bits a byte of the text that the counted tokens spell: it does not depend on the tokenizer. */
export const bitsPerByte = ({ nats }: Total<number>, bytes: number): number => nats / (Math.LN2 * bytes)
