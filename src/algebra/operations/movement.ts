/** Operations that compute nothing: they say under which names and in which order elements are found. */
import type { Sizes } from "../axis.ts"
import * as Axis from "../axis.ts"
import type { Computed, DType } from "../dtype.ts"
import type { Tensor } from "./typed.ts"
import { typed } from "./typed.ts"

/** The axes after renaming by a record of old names to new. */
export type Renamed<A extends string, N extends { readonly [Old in string]: string }> =
  A extends keyof N ? N[A] : A

/** The same tensor with other axis names. */
export const rename = <D extends DType, A extends string, const N extends { readonly [Old in A]?: string }>(
  x: Tensor<D, A>, names: N
): Tensor<D, Renamed<A, { readonly [Old in keyof N & string]: N[Old] & string }>> => {
  const mapping = new Map(
    Object.entries<string | undefined>(names).flatMap(([old, fresh]) =>
      fresh === undefined ? [] : [[old, fresh] as const]
    )
  )
  for (const old of mapping.keys()) Axis.sizeOf("rename", x.axes, old)
  const axes = new Map(Array.from(x.axes, ([name, size]) => [mapping.get(name) ?? name, size]))
  if (axes.size !== x.axes.size) Axis.refuse("rename", "two axes would have one name", x.axes)
  return typed(x.dtype, axes, { op: "rename", x, names: mapping })
}

/** The same tensor, listed in this order of axes: the layout of the buffer that a program gives for it. */
export const arrange = <D extends DType, A extends string>(x: Tensor<D, A>, order: ReadonlyArray<A>): Tensor<D, A> => {
  const axes = new Map(order.map((name) => [name, Axis.sizeOf("arrange", x.axes, name)]))
  if (axes.size !== x.axes.size)
    Axis.refuse("arrange", `the order ${order.join(", ")} does not name every axis once`, x.axes)
  return typed(x.dtype, axes, { op: "rename", x, names: new Map() })
}

/**
 * One axis as several, the first varying slowest: `split(x, "model", { head: 8, depth: 64 })`; as none, if its size is
 * 1.
 */
export const split = <D extends DType, A extends string, X extends A, I extends string>(
  x: Tensor<D, A>, axis: X, into: Sizes<I>
): Tensor<D, Exclude<A, X> | I> => {
  const parts = Axis.fromSizes("split", into)
  if (Axis.count(parts) !== Axis.sizeOf("split", x.axes, axis))
    Axis.refuse("split", `axis "${axis}" is not the product of its parts`, x.axes, parts)
  const axes = Axis.replace(x.axes, axis, Array.from(parts))
  if (axes.size !== x.axes.size - 1 + parts.size) Axis.refuse("split", "two axes would have one name", x.axes, parts)
  return typed(x.dtype, axes, { op: "split", x, axis, into: parts })
}

/** Several axes as one, the first varying slowest: `merge(x, ["head", "depth"], "model")`. */
export const merge = <D extends DType, A extends string, X extends A, I extends string>(
  x: Tensor<D, A>, from: ReadonlyArray<X>, axis: I
): Tensor<D, Exclude<A, X> | I> => {
  const size = from.reduce((product, name) => product * Axis.sizeOf("merge", x.axes, name), 1)
  const rest = Axis.without(x.axes, from)
  if (rest.has(axis)) Axis.refuse("merge", `there is an axis "${axis}" already`, x.axes)
  return typed(x.dtype, new Map([...rest, [axis, size]]), { op: "merge", x, from, axis })
}

/** `size` elements of an axis from `start` on, every `step`-th; a negative step walks backwards. */
export const slice = <D extends DType, A extends string, X extends A>(
  x: Tensor<D, A>, axis: X, start: number, size: number, step = 1
): Tensor<D, A> => {
  const whole = Axis.sizeOf("slice", x.axes, axis)
  const last = start + (size - 1) * step
  if (
    ![start, size, step].every(Number.isInteger) ||
    size < 0 ||
    step === 0 ||
    (size > 0 && (start < 0 || start >= whole || last < 0 || last >= whole))
  )
    Axis.refuse("slice", `"${axis}" has no ${size} elements from ${start} in steps of ${step}`, x.axes)
  return typed(x.dtype, Axis.replace(x.axes, axis, [[axis, size]]), { op: "slice", x, axis, start, step })
}

/** One element of an axis, which goes. */
export const at = <D extends DType, A extends string, X extends A>(
  x: Tensor<D, A>,
  axis: X,
  index: number
): Tensor<D, Exclude<A, X>> => split<D, A, X, never>(slice(x, axis, index, 1), axis, {})

/** The parts one after another along an axis that all of them have. */
export const concatenate = <D extends DType, A extends string, X extends A>(
  parts: readonly [Tensor<D, A>, ...ReadonlyArray<Tensor<D, A>>], axis: X
): Tensor<D, A> => {
  const [first] = parts
  let total = 0
  for (const part of parts) {
    total += Axis.sizeOf("concatenate", part.axes, axis)
    if (part.dtype !== first.dtype) Axis.refuse("concatenate", `dtypes ${first.dtype} and ${part.dtype} differ`)
    if (!Axis.same(Axis.without(part.axes, [axis]), Axis.without(first.axes, [axis])))
      Axis.refuse("concatenate", `parts differ beside "${axis}"`, first.axes, part.axes)
  }
  return typed(first.dtype, Axis.replace(first.axes, axis, [[axis, total]]), { op: "concatenate", parts, axis })
}

/** The tensor with `before` and `after` more elements of a value along an axis. */
export const pad = <D extends Computed, A extends string, X extends A>(
  x: Tensor<D, A>, axis: X, before: number, after: number, value = 0
): Tensor<D, A> => {
  const size = Axis.sizeOf("pad", x.axes, axis)
  if (before < 0 || after < 0) Axis.refuse("pad", "padding is not negative", x.axes)
  return typed(x.dtype, Axis.replace(x.axes, axis, [[axis, before + size + after]]), {
    op: "pad",
    x,
    axis,
    before,
    value
  })
}

/** An axis repeated whole, `times` times: element i is element i modulo the old size. */
export const tile = <D extends DType, A extends string, X extends A>(
  x: Tensor<D, A>,
  axis: X,
  times: number
): Tensor<D, A> => {
  const size = Axis.sizeOf("tile", x.axes, axis)
  if (!Number.isInteger(times) || times < 0) Axis.refuse("tile", `"${axis}" is repeated ${times} times`, x.axes)
  return typed(x.dtype, Axis.replace(x.axes, axis, [[axis, size * times]]), { op: "tile", x, axis, times })
}

/** A new axis along which nothing changes. */
export const expand = <D extends DType, A extends string, X extends string>(
  x: Tensor<D, A>,
  axis: X,
  size: number
): Tensor<D, A | X> => {
  if (x.axes.has(axis)) Axis.refuse("expand", `there is an axis "${axis}" already`, x.axes)
  return typed(x.dtype, new Map([...Axis.fromSizes("expand", { [axis]: size }), ...x.axes]), { op: "expand", x, axis })
}
