/** Factorisations of matrices over two named axes, one for every index of all others, and triangular systems. */
import * as Axis from "../axis.ts"
import type { Float } from "../dtype.ts"
import type { Expression } from "../expression.ts"
import type { Tensor } from "./typed.ts"
import { typed } from "./typed.ts"

const matrix = (
  operation: string,
  x: Expression,
  row: string,
  column: string,
  square: boolean
): readonly [number, number] => {
  const rows = Axis.sizeOf(operation, x.axes, row)
  const columns = Axis.sizeOf(operation, x.axes, column)
  if (row === column || (square && rows !== columns))
    Axis.refuse(operation, `"${row}" by "${column}" is not a square matrix`, x.axes)
  return [rows, columns]
}

/** The lower Cholesky factor over `row` x `column` of a symmetric positive definite tensor; NaN where it is not. */
export const cholesky = <D extends Float, A extends string, R extends A, C extends A>(
  x: Tensor<D, A>,
  row: R,
  column: C
): Tensor<D, A> => {
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
    values: typed(x.dtype, Axis.without(x.axes, [row]), {
      op: "factorise",
      x,
      row,
      column,
      factor: { kind: "eigh", part: "values" }
    }),
    vectors: typed(x.dtype, x.axes, { op: "factorise", x, row, column, factor: { kind: "eigh", part: "vectors" } })
  }
}

/** The thin singular value decomposition: left and right singular vectors and descending values over a new axis. */
export const svd = <D extends Float, A extends string, R extends A, C extends A, K extends string>(
  x: Tensor<D, A>,
  row: R,
  column: C,
  rank: K
): {
  readonly left: Tensor<D, Exclude<A, C> | K>
  readonly values: Tensor<D, Exclude<A, R | C> | K>
  readonly right: Tensor<D, Exclude<A, R> | K>
} => {
  const size = Math.min(...matrix("svd", x, row, column, false))
  const part = <P extends string>(part: "left" | "values" | "right", gone: ReadonlyArray<string>): Tensor<D, P> =>
    typed(x.dtype, new Map([...Axis.without(x.axes, gone), [rank, size]]), {
      op: "factorise",
      x,
      row,
      column,
      factor: { kind: "svd", part, rank }
    })
  return { left: part("left", [column]), values: part("values", [row, column]), right: part("right", [row]) }
}

/** The thin QR decomposition, with a non-negative diagonal of R, over a new axis. */
export const qr = <D extends Float, A extends string, R extends A, C extends A, K extends string>(
  x: Tensor<D, A>,
  row: R,
  column: C,
  rank: K
): {
  readonly orthogonal: Tensor<D, Exclude<A, C> | K>
  readonly upper: Tensor<D, Exclude<A, R> | K>
} => {
  const size = Math.min(...matrix("qr", x, row, column, false))
  const part = <P extends string>(part: "orthogonal" | "upper", gone: string, first: boolean): Tensor<D, P> => {
    const rest = Array.from(Axis.without(x.axes, [gone]))
    return typed(x.dtype, new Map(first ? [[rank, size], ...rest] : [...rest, [rank, size]]), {
      op: "factorise",
      x,
      row,
      column,
      factor: { kind: "qr", part, rank }
    })
  }
  return { orthogonal: part("orthogonal", column, false), upper: part("upper", row, true) }
}

/** Y with T Y = B, for a triangular T over `row` x `column` and B over `row`; Y is over `column`. */
export const solve = <D extends Float, A extends string, B extends string, R extends A & B, C extends A>(
  triangular: Tensor<D, A>, b: Tensor<NoInfer<D>, B>, row: R, column: C, triangle: "lower" | "upper"
): Tensor<D, Exclude<A | B, R | C> | C> => {
  const [rows] = matrix("solve", triangular, row, column, true)
  if (b.axes.has(column))
    Axis.refuse("solve", `the right-hand side has the axis "${column}" already`, triangular.axes, b.axes)
  const batch = Axis.align("solve", b.axes, Axis.without(triangular.axes, [column]))
  return typed(b.dtype, Axis.replace(batch, row, [[column, rows]]), {
    op: "solve",
    x: triangular,
    y: b,
    row,
    column,
    triangle
  })
}
