/**
 * Random tensors: the generator of `core/key.ts` as an expression, so that every backend draws the same bits. Element
 * i, counted row-major in the order of the sizes, is drawn from counter i.
 */
import * as Key from "../../core/key.ts"
import type { Sizes } from "../axis.ts"
import { count, fromSizes } from "../axis.ts"
import type { Float } from "../dtype.ts"
import type { Tensor } from "../tensor.ts"
import {
  add,
  cast,
  cosine,
  fill,
  iota,
  logarithm,
  multiply,
  or,
  shiftLeft,
  shiftRight,
  split,
  squareRoot,
  xor
} from "../tensor.ts"

type Words<A extends string> = Tensor<"u32", A>

/** A key as two scalars, which may be inputs of a program. */
export type KeyTensor = readonly [Words<never>, Words<never>]

/** A key known when the expression is built. */
export const constant = ([first, second]: Key.Key): KeyTensor => [fill("u32", {}, first), fill("u32", {}, second)]

const block = <A extends string>(
  [first, second]: KeyTensor,
  low: Words<A>,
  high: Words<A>
): readonly [Words<A>, Words<A>] => {
  const schedule = [first, second, xor(xor(first, second), Key.parity)] as const
  let a: Words<A> = add(low, first)
  let b: Words<A> = add(high, second)
  for (let round = 0; round < 20; round++) {
    const turn = Key.rotations[round % 8] ?? 0
    a = add(a, b)
    b = xor(or(shiftLeft(b, turn), shiftRight(b, 32 - turn)), a)
    if (round % 4 === 3) {
      const step = (round + 1) / 4
      a = add(a, schedule[step % 3] ?? first)
      b = add(add(b, schedule[(step + 1) % 3] ?? first), step)
    }
  }
  return [a, b]
}

const flat = "element"

const words = <A extends string>(key: KeyTensor, sizes: Sizes<A>): readonly [Words<A>, Words<A>] => {
  const counters = iota("u32", flat, count(fromSizes("random", sizes)))
  const [first, second] = block(key, counters, multiply(counters, 0))
  return [
    split<"u32", typeof flat, typeof flat, A>(first, flat, sizes) as Words<A>,
    split<"u32", typeof flat, typeof flat, A>(second, flat, sizes) as Words<A>
  ]
}

/** Random 32-bit words. */
export const bits = <A extends string>(key: KeyTensor, sizes: Sizes<A>): Words<A> => words(key, sizes)[0]

/** Uniform numbers in [0, 1) with 24 bits. */
export const uniform = <D extends Float, A extends string>(dtype: D, key: KeyTensor, sizes: Sizes<A>): Tensor<D, A> =>
  multiply(cast(shiftRight(bits(key, sizes), 8), dtype), 2 ** -24)

/** Standard normal numbers (Box-Muller); equal on all backends to the accuracy of their logarithm and cosine. */
export const normal = <D extends Float, A extends string>(dtype: D, key: KeyTensor, sizes: Sizes<A>): Tensor<D, A> => {
  const [first, second] = words(key, sizes)
  const radius = squareRoot(multiply(logarithm(multiply(add(cast(first, dtype), 1), 2 ** -32)), -2))
  return multiply(radius, cosine(multiply(cast(second, dtype), 2 * Math.PI * 2 ** -32)))
}
