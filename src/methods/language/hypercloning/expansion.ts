/**
 * The expansion of one parameter (2409.12903, section 3.4), as one map over named axes. Where its output is repeated p
 * times and its input q times, the grown parameter has p x q blocks B_ab, and the function is kept exactly when
 * sum_b B_ab is the source for every a:
 *
 *     symmetric        B_ab = W / q
 *     diagonal         B_ab = W where a mod q = b, else 0
 *     noisy-*          the same + N_ab with sum_b N_ab = 0
 *
 * Axes that a parameter gives are outputs, those that are summed over when it is applied are inputs.
 */
import type { Float } from "../../../algebra/dtype.ts"
import { zeros } from "../../../algebra/dtype.ts"
import * as Random from "../../../algebra/derived/random.ts"
import { mean } from "../../../algebra/derived/statistics.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import * as T from "../../../algebra/tensor.ts"
import type { Key } from "../../../core/key.ts"

export type Variant = "symmetric" | "diagonal" | "noisy-symmetric" | "noisy-diagonal"

/** An axis of the parameter, and how often it is repeated. */
export interface Repetition {
  readonly axis: string
  readonly times: number
  /** Whether the axis is summed over when the parameter is applied. */
  readonly summed: boolean
}

/** Noise at a signal-to-noise ratio in decibels: the power of a block before it over that of the noise. */
export interface Noise {
  readonly key: Key
  readonly decibels: number
}

type Names = Tensor<Float, string>

const copy = (axis: string): string => `copy of ${axis}`
const product = (of: ReadonlyArray<Repetition>): number => of.reduce((times, repetition) => times * repetition.times, 1)
const copies = (of: ReadonlyArray<Repetition>): { readonly [axis: string]: number } =>
  Object.fromEntries(of.map(({ axis, times }) => [copy(axis), times]))

/** A small matrix of block coefficients. */
const coefficients = (
  dtype: Float,
  rows: readonly [string, number],
  columns: readonly [string, number],
  entry: (row: number, column: number) => number
): Names => {
  const data = zeros(dtype, rows[1] * columns[1])
  for (let index = 0; index < data.length; index++)
    data[index] = entry(Math.floor(index / columns[1]), index % columns[1])
  return T.literal<Float, string>(dtype, { [rows[0]]: rows[1], [columns[0]]: columns[1] }, data)
}

/**
 * Noise for each of p rows of q blocks that sums to zero along a row: pairs of neighbouring blocks get the same draw
 * with opposite signs, each draw brought to exactly the power asked for. With odd q the last block has none.
 */
const noiseBlocks = (block: Names, p: number, q: number, { key, decibels }: Noise): Names => {
  const pairs = Math.floor(q / 2)
  const axes = Array.from(block.axes.keys())
  const draw: Names = Random.normal<Float, string>(block.dtype, Random.constant(key), {
    output: p,
    pair: pairs,
    ...Object.fromEntries(block.axes)
  })
  const power = T.multiply(mean(T.multiply(block, block), axes), 10 ** (-decibels / 10))
  const gain = T.squareRoot(T.divide(power, mean(T.multiply(draw, draw), axes)))
  const signs = coefficients(block.dtype, ["pair", pairs], ["input", q], (pair, column) =>
    column === 2 * pair ? 1 : column === 2 * pair + 1 ? -1 : 0)
  return T.contract(T.multiply(draw, gain), signs, "pair")
}

/** The grown parameter; `scale` multiplies it beside the rule. Its axes are listed as those of the source. */
export const expand = (
  source: Names, repetitions: ReadonlyArray<Repetition>, variant: Variant, noise: Noise | undefined, scale = 1
): Names => {
  const outputs = repetitions.filter(({ summed }) => !summed)
  const inputs = repetitions.filter(({ summed }) => summed)
  const p = product(outputs)
  const q = product(inputs)
  const diagonal = variant === "diagonal" || variant === "noisy-diagonal"
  const weight: Names = scale === 1 ? source : T.multiply(source, scale)
  const block: Names = diagonal || q === 1 ? weight : T.divide(weight, q)
  const placed: Names =
    diagonal && q > 1
      ? T.multiply<Float, string, string>(
          block,
          coefficients(source.dtype, ["output", p], ["input", q], (a, b) => (a % q === b ? 1 : 0))
        )
      : T.expand<Float, string, string>(T.expand(block, "input", q), "output", p)
  const blocks: Names = noise === undefined || q === 1 ? placed : T.add(placed, noiseBlocks(block, p, q, noise))
  const apart: Names = T.split(T.split(blocks, "output", copies(outputs)), "input", copies(inputs))
  const joined = repetitions.reduce((tensor: Names, { axis }) => T.merge(tensor, [copy(axis), axis], axis), apart)
  return T.arrange(joined, Array.from(source.axes.keys()))
}
