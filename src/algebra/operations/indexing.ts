/** Reading and writing at places that are themselves values, and the places that put an axis in order. */
import * as Axis from "../axis.ts"
import type { DType, Numeric } from "../dtype.ts"
import type { Over, Tensor } from "./typed.ts"
import { list, typed } from "./typed.ts"

/**
 * The elements of an axis that the indices name: the axis goes, those of the indices come, shared ones align (so that
 * picking one element a row is a gather too). An index out of range reads 0.
 */
export const gather = <D extends DType, A extends string, B extends string, X extends A>(
  x: Tensor<D, A>, indices: Tensor<"i32", B>, axis: X
): Tensor<D, Exclude<A, X> | B> => {
  Axis.sizeOf("gather", x.axes, axis)
  if (indices.axes.has(axis))
    Axis.refuse("gather", `the indices have the axis "${axis}" themselves`, x.axes, indices.axes)
  return typed(x.dtype, Axis.align("gather", indices.axes, Axis.without(x.axes, [axis])), {
    op: "gather",
    x,
    y: indices,
    axis
  })
}

/**
 * `x` with updates added, or set, at the indices along an axis. Axes of the indices in `over` run over the updates and
 * are not in `x`; the others align. The adjoint of `gather`, and how a cache is written.
 */
export const scatter = <
  D extends Numeric,
  A extends string,
  B extends string,
  C extends string,
  X extends A,
  O extends B
>(
  x: Tensor<D, A>,
  indices: Tensor<"i32", B>,
  updates: Tensor<D, C>,
  axis: X,
  over: Over<O>,
  mode: "add" | "set"
): Tensor<D, A> => {
  const names = list(over)
  const expected = Axis.align(
    "scatter",
    Axis.without(x.axes, [axis]),
    new Map(names.map((name) => [name, Axis.sizeOf("scatter", indices.axes, name)]))
  )
  if (!Axis.same(expected, updates.axes))
    Axis.refuse("scatter", `the updates are not ${Axis.show(expected)}`, x.axes, updates.axes)
  if (!Axis.same(Axis.align("scatter", expected, indices.axes), expected))
    Axis.refuse("scatter", "the indices have an axis that the updates lack", updates.axes, indices.axes)
  return typed(x.dtype, x.axes, { op: "scatter", mode, x, y: indices, z: updates, axis, over: names })
}

/** The places that put an axis in order, the first `size` of them (all when not given); stable, NaN last. */
export const argsort = <D extends Numeric, A extends string, X extends A>(
  x: Tensor<D, A>, axis: X, options: { readonly descending?: boolean; readonly size?: number } = {}
): Tensor<"i32", A> => {
  const whole = Axis.sizeOf("argsort", x.axes, axis)
  const size = options.size ?? whole
  if (size > whole || size < 0) Axis.refuse("argsort", `"${axis}" has no ${size} elements`, x.axes)
  return typed("i32", Axis.replace(x.axes, axis, [[axis, size]]), {
    op: "argsort",
    x,
    axis,
    descending: options.descending ?? false
  })
}
