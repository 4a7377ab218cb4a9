/**
 * Tensors: expressions whose type carries a dtype and a union of axis names, and their primitive operations. A wrong
 * axis does not compile; sizes that do not fit throw a `ShapeError` that names both operands, which `Backend.compile`
 * and the other interpreters give back as a typed failure. Everything else (softmax, norms, attention, losses) is
 * derived from these in `derived/`. Laws: laws/algebra/tensor.law.ts.
 */
import type { Axes, Sizes } from "./axis.ts"
import * as Axis from "./axis.ts"
import type { Computed, DType, Float, HostArrays, Numeric } from "./dtype.ts"
import type { BinaryKind, Expression, Operation, ReduceKind, UnaryKind } from "./expression.ts"
import { expression } from "./expression.ts"

declare const named: unique symbol

/** A function on the named axes `A` with values of dtype `D`. Invariant in `A`, so that no axis is forgotten. */
export interface Tensor<D extends DType, in out A extends string> extends Expression {
  readonly dtype: D
  readonly [named]?: (axis: A) => A
}

/** A tensor whose axes are not known to the compiler, for code that works on whole trees of them. */
export type Some<D extends DType = DType> = Expression & { readonly dtype: D }

/** One axis name or several. */
export type Over<X extends string> = X | ReadonlyArray<X>

/** A number may stand for a constant tensor. */
export type Operand<D extends DType, A extends string> = Tensor<D, A> | number

const list = <X extends string>(over: Over<X>): ReadonlyArray<string> => (typeof over === "string" ? [over] : over)

// The one cast of this file: the constructors below state in their signatures the axes that they compute.
const typed = <D extends DType, A extends string>(dtype: D, axes: Axes, operation: Operation): Tensor<D, A> =>
  expression(dtype, axes, operation) as Tensor<D, A>

/** A value that is given when a program runs; the order of the sizes is the layout of the buffer it takes. */
export const input = <D extends DType, A extends string>(dtype: D, sizes: Sizes<A>, name = "input"): Tensor<D, A> =>
  typed(dtype, Axis.fromSizes("input", sizes), { op: "input", name })

/** Host data as a tensor; row-major in the order of the sizes. */
export const literal = <D extends DType, A extends string>(dtype: D, sizes: Sizes<A>, data: HostArrays[D]): Tensor<D, A> => {
  const axes = Axis.fromSizes("literal", sizes)
  if (data.length !== Axis.count(axes)) Axis.refuse("literal", `${data.length} values do not fill the axes`, axes)
  return typed(dtype, axes, { op: "literal", data })
}

/** One number everywhere. */
export const fill = <D extends Computed, A extends string = never>(dtype: D, sizes: Sizes<A>, value: number): Tensor<D, A> =>
  typed(dtype, Axis.fromSizes("fill", sizes), { op: "fill", value })

/** 0, 1, 2, ... along an axis. */
export const iota = <D extends Numeric, A extends string>(dtype: D, axis: A, size: number): Tensor<D, A> =>
  typed(dtype, Axis.fromSizes("iota", { [axis]: size }), { op: "iota", axis })

/** An elementwise function of one operand. */
export const unary = <D extends Computed, A extends string>(kind: UnaryKind, x: Tensor<D, A>): Tensor<D, A> =>
  typed(x.dtype, x.axes, { op: "unary", kind, x })

const constant = (like: Expression, value: number): Expression => expression(like.dtype, new Map(), { op: "fill", value })

/** Operands of one dtype, of which at least one is a tensor and any other may be a number. */
const lift = (operation: string, given: ReadonlyArray<Expression | number>): ReadonlyArray<Expression> => {
  const like = given.find((operand) => typeof operand !== "number")
  if (like === undefined || typeof like === "number") return Axis.refuse(operation, "at least one operand is a tensor")
  return given.map((operand) => {
    if (typeof operand === "number") return constant(like, operand)
    if (operand.dtype !== like.dtype)
      Axis.refuse(operation, `dtypes ${like.dtype} and ${operand.dtype} differ`, like.axes, operand.axes)
    return operand
  })
}

const comparisons: ReadonlySet<BinaryKind> = new Set(["less", "lessEqual", "equal", "notEqual"])

/** An elementwise function of two operands: shared axes align, and an axis that one alone has is broadcast. */
export const binary = (kind: BinaryKind, left: Expression | number, right: Expression | number): Expression => {
  const [x, y] = lift(kind, [left, right])
  if (x === undefined || y === undefined) return Axis.refuse(kind, "two operands are needed")
  return expression(comparisons.has(kind) ? "bool" : x.dtype, Axis.align(kind, x.axes, y.axes), { op: "binary", kind, x, y })
}

/**
 * The type of an elementwise operation of two operands. The first two forms say that an operand whose axes the other
 * has too adds none, which the compiler cannot see by itself when the names are type parameters.
 */
export interface Elementwise<D extends DType, R extends DType | "same"> {
  <T extends D, A extends string, B extends A>(x: Tensor<T, A>, y: Operand<NoInfer<T>, B>): Tensor<R extends "same" ? T : R & DType, A>
  <T extends D, B extends string, A extends B>(x: Operand<NoInfer<T>, A>, y: Tensor<T, B>): Tensor<R extends "same" ? T : R & DType, B>
  <T extends D, A extends string, B extends string>(x: Tensor<T, A>, y: Tensor<NoInfer<T>, B>): Tensor<R extends "same" ? T : R & DType, A | B>
}

// `binary` checks what these signatures state; the overloads cannot be inferred from it.
const elementwise = <D extends DType, R extends DType | "same" = "same">(kind: BinaryKind): Elementwise<D, R> =>
  ((x: Expression | number, y: Expression | number) => binary(kind, x, y)) as Elementwise<D, R>

export const add = elementwise<Numeric>("add")
export const subtract = elementwise<Numeric>("subtract")
export const multiply = elementwise<Numeric>("multiply")
/** On integers the quotient is truncated toward zero. */
export const divide = elementwise<Numeric>("divide")
export const power = elementwise<Float>("power")
export const maximum = elementwise<Numeric>("maximum")
export const minimum = elementwise<Numeric>("minimum")
/** The remainder of `divide`, with the sign of the dividend. */
export const remainder = elementwise<Numeric>("remainder")
export const and = elementwise<"bool" | "i32" | "u32">("and")
export const or = elementwise<"bool" | "i32" | "u32">("or")
export const xor = elementwise<"bool" | "i32" | "u32">("xor")
export const shiftLeft = elementwise<"i32" | "u32">("shiftLeft")
export const shiftRight = elementwise<"i32" | "u32">("shiftRight")
export const less = elementwise<Numeric, "bool">("less")
export const lessEqual = elementwise<Numeric, "bool">("lessEqual")
export const equal = elementwise<Computed, "bool">("equal")
export const notEqual = elementwise<Computed, "bool">("notEqual")

const elementwiseOne = <D extends Computed>(kind: UnaryKind) => <T extends D, A extends string>(x: Tensor<T, A>): Tensor<T, A> =>
  unary(kind, x)

export const negate = elementwiseOne<Numeric>("negate")
export const absolute = elementwiseOne<Numeric>("absolute")
export const sign = elementwiseOne<Numeric>("sign")
export const floor = elementwiseOne<Float>("floor")
export const reciprocal = elementwiseOne<Float>("reciprocal")
export const squareRoot = elementwiseOne<Float>("squareRoot")
export const exponential = elementwiseOne<Float>("exponential")
export const logarithm = elementwiseOne<Float>("logarithm")
export const sine = elementwiseOne<Float>("sine")
export const cosine = elementwiseOne<Float>("cosine")
export const tangentHyperbolic = elementwiseOne<Float>("tangentHyperbolic")
export const errorFunction = elementwiseOne<Float>("errorFunction")
export const not = elementwiseOne<"bool" | "i32" | "u32">("not")

interface Where {
  <T extends Computed, C extends A, A extends string, B extends A>(condition: Tensor<"bool", C>, x: Tensor<T, A>, y: Operand<NoInfer<T>, B>): Tensor<T, A>
  <T extends Computed, C extends B, A extends B, B extends string>(condition: Tensor<"bool", C>, x: Operand<NoInfer<T>, A>, y: Tensor<T, B>): Tensor<T, B>
  <T extends Computed, C extends string, A extends string>(condition: Tensor<"bool", C>, x: Tensor<T, A>, y: number): Tensor<T, A | C>
  <T extends Computed, C extends string, A extends string>(condition: Tensor<"bool", C>, x: number, y: Tensor<T, A>): Tensor<T, A | C>
  <T extends Computed, C extends string, A extends string, B extends string>(condition: Tensor<"bool", C>, x: Tensor<T, A>, y: Tensor<NoInfer<T>, B>): Tensor<T, A | B | C>
}

/** `x` where the condition holds, else `y`; axes align as in any elementwise operation. Both sides are values: a NaN on
 *  the side not taken is not seen. */
export const where = ((condition: Expression, left: Expression | number, right: Expression | number) => {
  const [x, y] = lift("where", [left, right])
  if (x === undefined || y === undefined) return Axis.refuse("where", "two operands are needed")
  if (condition.dtype !== "bool") Axis.refuse("where", `the condition is ${condition.dtype}, not bool`, condition.axes)
  const axes = Axis.align("where", Axis.align("where", x.axes, y.axes), condition.axes)
  return expression(x.dtype, axes, { op: "select", x: condition, y: x, z: y })
}) as Where // as for `elementwise`

/** The same values in another dtype. */
export const cast = <D extends DType, A extends string>(x: Tensor<DType, A>, dtype: D): Tensor<D, A> =>
  typed(dtype, x.axes, { op: "cast", x })

/**
 * The sum over `over` of the product: einsum, by name. Every other axis of either operand stays; shared ones align,
 * which is what a batch axis is.
 */
export const contract = <D extends Float, A extends string, B extends string, X extends A & B>(
  x: Tensor<D, A>, y: Tensor<NoInfer<D>, B>, over: Over<X>
): Tensor<D, Exclude<A | B, X>> => {
  const names = list(over)
  for (const name of names) [x, y].forEach((operand) => Axis.sizeOf("contract", operand.axes, name))
  lift("contract", [x, y])
  return typed(x.dtype, Axis.without(Axis.align("contract", x.axes, y.axes), names), { op: "contract", x, y, over: names })
}

const reduce = (kind: ReduceKind) => <D extends Numeric, A extends string, X extends A>(x: Tensor<D, A>, over: Over<X>): Tensor<D, Exclude<A, X>> => {
  const names = list(over)
  for (const name of names) Axis.sizeOf(kind, x.axes, name)
  return typed(x.dtype, Axis.without(x.axes, names), { op: "reduce", kind, x, over: names })
}

export const sum = reduce("sum")
export const product = reduce("product")
/** The largest along the axes. */
export const largest = reduce("maximum")
/** The smallest along the axes. */
export const smallest = reduce("minimum")

/** The axes after renaming by a record of old names to new. */
export type Renamed<A extends string, N extends { readonly [Old in string]: string }> =
  A extends keyof N ? N[A] : A

/** The same tensor with other axis names. */
export const rename = <D extends DType, A extends string, const N extends { readonly [Old in A]?: string }>(
  x: Tensor<D, A>, names: N
): Tensor<D, Renamed<A, { readonly [Old in keyof N & string]: N[Old] & string }>> => {
  const mapping = new Map(Object.entries<string | undefined>(names).flatMap(([old, fresh]) => (fresh === undefined ? [] : [[old, fresh] as const])))
  for (const old of mapping.keys()) Axis.sizeOf("rename", x.axes, old)
  const axes = new Map(Array.from(x.axes, ([name, size]) => [mapping.get(name) ?? name, size]))
  if (axes.size !== x.axes.size) Axis.refuse("rename", "two axes would have one name", x.axes)
  return typed(x.dtype, axes, { op: "rename", x, names: mapping })
}

/** The same tensor, listed in this order of axes: the layout of the buffer that a program gives for it. */
export const arrange = <D extends DType, A extends string>(x: Tensor<D, A>, order: ReadonlyArray<A>): Tensor<D, A> => {
  const axes = new Map(order.map((name) => [name, Axis.sizeOf("arrange", x.axes, name)]))
  if (axes.size !== x.axes.size) Axis.refuse("arrange", `the order ${order.join(", ")} does not name every axis once`, x.axes)
  return typed(x.dtype, axes, { op: "rename", x, names: new Map() })
}

/** One axis as several, the first varying slowest: `split(x, "model", { head: 8, depth: 64 })`; as none, if its size is 1. */
export const split = <D extends DType, A extends string, X extends A, I extends string>(
  x: Tensor<D, A>, axis: X, into: Sizes<I>
): Tensor<D, Exclude<A, X> | I> => {
  const parts = Axis.fromSizes("split", into)
  if (Axis.count(parts) !== Axis.sizeOf("split", x.axes, axis)) Axis.refuse("split", `axis "${axis}" is not the product of its parts`, x.axes, parts)
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
  if (![start, size, step].every(Number.isInteger) || size < 0 || step === 0 || (size > 0 && (start < 0 || start >= whole || last < 0 || last >= whole)))
    Axis.refuse("slice", `"${axis}" has no ${size} elements from ${start} in steps of ${step}`, x.axes)
  return typed(x.dtype, Axis.replace(x.axes, axis, [[axis, size]]), { op: "slice", x, axis, start, step })
}

/** One element of an axis, which goes. */
export const at = <D extends DType, A extends string, X extends A>(x: Tensor<D, A>, axis: X, index: number): Tensor<D, Exclude<A, X>> =>
  split<D, A, X, never>(slice(x, axis, index, 1), axis, {})

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
  return typed(x.dtype, Axis.replace(x.axes, axis, [[axis, before + size + after]]), { op: "pad", x, axis, before, value })
}

/** An axis repeated whole, `times` times: element i is element i modulo the old size. */
export const tile = <D extends DType, A extends string, X extends A>(x: Tensor<D, A>, axis: X, times: number): Tensor<D, A> => {
  const size = Axis.sizeOf("tile", x.axes, axis)
  if (!Number.isInteger(times) || times < 0) Axis.refuse("tile", `"${axis}" is repeated ${times} times`, x.axes)
  return typed(x.dtype, Axis.replace(x.axes, axis, [[axis, size * times]]), { op: "tile", x, axis, times })
}

/** A new axis along which nothing changes. */
export const expand = <D extends DType, A extends string, X extends string>(x: Tensor<D, A>, axis: X, size: number): Tensor<D, A | X> => {
  if (x.axes.has(axis)) Axis.refuse("expand", `there is an axis "${axis}" already`, x.axes)
  return typed(x.dtype, new Map([...Axis.fromSizes("expand", { [axis]: size }), ...x.axes]), { op: "expand", x, axis })
}

/**
 * The elements of an axis that the indices name: the axis goes, those of the indices come, shared ones align (so that
 * picking one element a row is a gather too). An index out of range reads 0.
 */
export const gather = <D extends DType, A extends string, B extends string, X extends A>(
  x: Tensor<D, A>, indices: Tensor<"i32", B>, axis: X
): Tensor<D, Exclude<A, X> | B> => {
  Axis.sizeOf("gather", x.axes, axis)
  if (indices.axes.has(axis)) Axis.refuse("gather", `the indices have the axis "${axis}" themselves`, x.axes, indices.axes)
  return typed(x.dtype, Axis.align("gather", indices.axes, Axis.without(x.axes, [axis])), { op: "gather", x, y: indices, axis })
}

/**
 * `x` with updates added, or set, at the indices along an axis. Axes of the indices in `over` run over the updates and
 * are not in `x`; the others align. The adjoint of `gather`, and how a cache is written.
 */
export const scatter = <D extends Numeric, A extends string, B extends string, C extends string, X extends A, O extends B>(
  x: Tensor<D, A>, indices: Tensor<"i32", B>, updates: Tensor<D, C>, axis: X, over: Over<O>, mode: "add" | "set"
): Tensor<D, A> => {
  const names = list(over)
  const expected = Axis.align("scatter", Axis.without(x.axes, [axis]), new Map(names.map((name) => [name, Axis.sizeOf("scatter", indices.axes, name)])))
  if (!Axis.same(expected, updates.axes)) Axis.refuse("scatter", `the updates are not ${Axis.show(expected)}`, x.axes, updates.axes)
  if (!Axis.same(Axis.align("scatter", expected, indices.axes), expected)) Axis.refuse("scatter", "the indices have an axis that the updates lack", updates.axes, indices.axes)
  return typed(x.dtype, x.axes, { op: "scatter", mode, x, y: indices, z: updates, axis, over: names })
}

/** The places that put an axis in order, the first `size` of them (all when not given); stable, NaN last. */
export const argsort = <D extends Numeric, A extends string, X extends A>(
  x: Tensor<D, A>, axis: X, options: { readonly descending?: boolean; readonly size?: number } = {}
): Tensor<"i32", A> => {
  const whole = Axis.sizeOf("argsort", x.axes, axis)
  const size = options.size ?? whole
  if (size > whole || size < 0) Axis.refuse("argsort", `"${axis}" has no ${size} elements`, x.axes)
  return typed("i32", Axis.replace(x.axes, axis, [[axis, size]]), { op: "argsort", x, axis, descending: options.descending ?? false })
}

const matrix = (operation: string, x: Expression, row: string, column: string, square: boolean): readonly [number, number] => {
  const rows = Axis.sizeOf(operation, x.axes, row)
  const columns = Axis.sizeOf(operation, x.axes, column)
  if (row === column || (square && rows !== columns)) Axis.refuse(operation, `"${row}" by "${column}" is not a square matrix`, x.axes)
  return [rows, columns]
}

/** The lower Cholesky factor over `row` x `column` of a symmetric positive definite tensor; NaN where it is not. */
export const cholesky = <D extends Float, A extends string, R extends A, C extends A>(x: Tensor<D, A>, row: R, column: C): Tensor<D, A> => {
  matrix("cholesky", x, row, column, true)
  return typed(x.dtype, x.axes, { op: "factorise", x, row, column, factor: { kind: "cholesky", part: "lower" } })
}

/** Ascending eigenvalues over `column` and orthonormal eigenvectors, one a `column`, of a symmetric tensor. */
export const eigh = <D extends Float, A extends string, R extends A, C extends A>(x: Tensor<D, A>, row: R, column: C): {
  readonly values: Tensor<D, Exclude<A, R>>
  readonly vectors: Tensor<D, A>
} => {
  matrix("eigh", x, row, column, true)
  return {
    values: typed(x.dtype, Axis.without(x.axes, [row]), { op: "factorise", x, row, column, factor: { kind: "eigh", part: "values" } }),
    vectors: typed(x.dtype, x.axes, { op: "factorise", x, row, column, factor: { kind: "eigh", part: "vectors" } })
  }
}

/** The thin singular value decomposition: left and right singular vectors and descending values over a new axis. */
export const svd = <D extends Float, A extends string, R extends A, C extends A, K extends string>(x: Tensor<D, A>, row: R, column: C, rank: K): {
  readonly left: Tensor<D, Exclude<A, C> | K>
  readonly values: Tensor<D, Exclude<A, R | C> | K>
  readonly right: Tensor<D, Exclude<A, R> | K>
} => {
  const size = Math.min(...matrix("svd", x, row, column, false))
  const part = <P extends string>(part: "left" | "values" | "right", gone: ReadonlyArray<string>): Tensor<D, P> =>
    typed(x.dtype, new Map([...Axis.without(x.axes, gone), [rank, size]]), { op: "factorise", x, row, column, factor: { kind: "svd", part, rank } })
  return { left: part("left", [column]), values: part("values", [row, column]), right: part("right", [row]) }
}

/** The thin QR decomposition, with a non-negative diagonal of R, over a new axis. */
export const qr = <D extends Float, A extends string, R extends A, C extends A, K extends string>(x: Tensor<D, A>, row: R, column: C, rank: K): {
  readonly orthogonal: Tensor<D, Exclude<A, C> | K>
  readonly upper: Tensor<D, Exclude<A, R> | K>
} => {
  const size = Math.min(...matrix("qr", x, row, column, false))
  const part = <P extends string>(part: "orthogonal" | "upper", gone: string, first: boolean): Tensor<D, P> => {
    const rest = Array.from(Axis.without(x.axes, [gone]))
    return typed(x.dtype, new Map(first ? [[rank, size], ...rest] : [...rest, [rank, size]]), { op: "factorise", x, row, column, factor: { kind: "qr", part, rank } })
  }
  return { orthogonal: part("orthogonal", column, false), upper: part("upper", row, true) }
}

/** Y with T Y = B, for a triangular T over `row` x `column` and B over `row`; Y is over `column`. */
export const solve = <D extends Float, A extends string, B extends string, R extends A & B, C extends A>(
  triangular: Tensor<D, A>, b: Tensor<NoInfer<D>, B>, row: R, column: C, triangle: "lower" | "upper"
): Tensor<D, Exclude<A | B, R | C> | C> => {
  const [rows] = matrix("solve", triangular, row, column, true)
  if (b.axes.has(column)) Axis.refuse("solve", `the right-hand side has the axis "${column}" already`, triangular.axes, b.axes)
  const batch = Axis.align("solve", b.axes, Axis.without(triangular.axes, [column]))
  return typed(b.dtype, Axis.replace(batch, row, [[column, rows]]), { op: "solve", x: triangular, y: b, row, column, triangle })
}
