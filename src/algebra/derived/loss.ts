/** Losses of classifiers. */
import type { Float } from "../dtype.ts"
import type { Tensor } from "../tensor.ts"
import { gather, subtract } from "../tensor.ts"
import { logSumExp } from "./softmax.ts"

/** -log softmax(logits)[label] over an axis of classes, one a label; in nats. */
export const crossEntropy = <D extends Float, A extends string, X extends A, B extends Exclude<A, X>>(
  logits: Tensor<D, A>, labels: Tensor<"i32", B>, over: X
): Tensor<D, Exclude<A, X>> => subtract(logSumExp(logits, over), picked<D, A, B, X>(logits, labels, over))

// B is among A without X, so the union that `gather` gives is that alone; the compiler does not reduce it by itself
const picked = <D extends Float, A extends string, B extends Exclude<A, X>, X extends A>(
  logits: Tensor<D, A>, labels: Tensor<"i32", B>, over: X
): Tensor<D, Exclude<A, X>> => gather(logits, labels, over) as Tensor<D, Exclude<A, X>>
