/**
 * Rotary position embedding (Su et al., 2104.09864, section 3.2, in the half-split pairing of GPT-NeoX): coordinate i
 * of a head turns with coordinate i + half by position * frequency(i). The dot product of a turned query and a turned
 * key depends on the difference of their positions alone, and no length changes.
 */
import { sizeOf } from "../../algebra/axis.ts"
import type { Float } from "../../algebra/dtype.ts"
import { zeros } from "../../algebra/dtype.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { add, concatenate, expand, gather, literal, multiply, rename, slice, subtract } from "../../algebra/tensor.ts"
import type { Rotary } from "./architecture.ts"
import { rotaryFrequencies, rotatedDepth } from "./architecture.ts"

type Turned = "batch" | "time" | "depth"

/** Cosine and sine of each token's angles; `depth` runs over the rotated pairs. */
export interface Turns<D extends Float> {
  readonly cosine: Tensor<D, Turned>
  readonly sine: Tensor<D, Turned>
}

/** A function of the angles of positions 0 .. length - 1, computed in double precision on the host. */
const table = <D extends Float>(
  dtype: D, f: (angle: number) => number, frequencies: ReadonlyArray<number>, length: number
): Tensor<D, "position" | "depth"> => {
  const data = zeros(dtype, length * frequencies.length)
  data.set(Array.from({ length }, (_, position) => frequencies.map((frequency) => f(position * frequency))).flat())
  return literal(dtype, { position: length, depth: frequencies.length }, data)
}

/** The turns of tokens at positions 0, 1, 2, ... of `time`, the same in every row. */
export const turnsInOrder = <D extends Float>(
  dtype: D, rotary: Rotary, depth: number, sizes: { readonly batch: number, readonly time: number }
): Turns<D> => {
  const frequencies = rotaryFrequencies(rotary, depth)
  const turn = (f: (angle: number) => number): Tensor<D, Turned> =>
    expand(rename(table(dtype, f, frequencies, sizes.time), { position: "time" }), "batch", sizes.batch)
  return { cosine: turn(Math.cos), sine: turn(Math.sin) }
}

/** The turns of tokens at given positions, each below `length`. */
export const turnsAt = <D extends Float>(
  dtype: D, rotary: Rotary, depth: number, positions: Tensor<"i32", "batch" | "time">, length: number
): Turns<D> => {
  const frequencies = rotaryFrequencies(rotary, depth)
  const turn = (f: (angle: number) => number): Tensor<D, Turned> =>
    gather(table(dtype, f, frequencies, length), positions, "position")
  return { cosine: turn(Math.cos), sine: turn(Math.sin) }
}

/** Heads turned by their tokens' angles; where the description has a `sourceDepth`, each run of it by itself. */
export const rotate = <D extends Float, A extends string>(
  rotary: Rotary, { cosine, sine }: Turns<D>, x: Tensor<D, A | Turned>
): Tensor<D, A | Turned> => {
  type Part = Tensor<D, A | Turned>
  const depth = sizeOf("rotate", x.axes, "depth")
  const { sourceDepth: run = depth } = rotary
  const rotated = rotatedDepth(rotary, depth)
  const half = rotated / 2
  const parts = Array.from({ length: depth / run }, (_, index): ReadonlyArray<Part> => {
    const first: Part = slice(x, "depth", index * run, half)
    const second: Part = slice(x, "depth", index * run + half, half)
    const by = (part: Part, factor: Tensor<D, Turned>): Part => multiply(part, factor)
    const turned: ReadonlyArray<Part> = [
      subtract(by(first, cosine), by(second, sine)),
      add(by(second, cosine), by(first, sine))
    ]
    return rotated < run ? [...turned, slice(x, "depth", index * run + rotated, run - rotated)] : turned
  }).flat()
  const [head, ...tail] = parts
  return head === undefined ? x : concatenate([head, ...tail], "depth")
}
