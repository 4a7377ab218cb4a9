/** Tensors made of nothing but what is given: inputs of a program, host data, one number, and counting. */
import type { Sizes } from "../axis.ts"
import * as Axis from "../axis.ts"
import type { Computed, DType, HostArrays, Numeric } from "../dtype.ts"
import type { Tensor } from "./typed.ts"
import { typed } from "./typed.ts"

/** A value that is given when a program runs; the order of the sizes is the layout of the buffer it takes. */
export const input = <D extends DType, A extends string>(dtype: D, sizes: Sizes<A>, name = "input"): Tensor<D, A> =>
  typed(dtype, Axis.fromSizes("input", sizes), { op: "input", name })

/** Host data as a tensor; row-major in the order of the sizes. */
export const literal = <D extends DType, A extends string>(
  dtype: D,
  sizes: Sizes<A>,
  data: HostArrays[D]
): Tensor<D, A> => {
  const axes = Axis.fromSizes("literal", sizes)
  if (data.length !== Axis.count(axes)) Axis.refuse("literal", `${data.length} values do not fill the axes`, axes)
  return typed(dtype, axes, { op: "literal", data })
}

/** One number everywhere. */
export const fill = <D extends Computed, A extends string = never>(
  dtype: D,
  sizes: Sizes<A>,
  value: number
): Tensor<D, A> => typed(dtype, Axis.fromSizes("fill", sizes), { op: "fill", value })

/** 0, 1, 2, ... along an axis. */
export const iota = <D extends Numeric, A extends string>(dtype: D, axis: A, size: number): Tensor<D, A> =>
  typed(dtype, Axis.fromSizes("iota", { [axis]: size }), { op: "iota", axis })
