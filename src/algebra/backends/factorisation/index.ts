/**
 * The factorisations of the algebra on host memory, in float64 whatever the tensor's float: shared by the backends that
 * compute on the host. Input and output are dense, row-major in the order of their expressions' axes.
 */
import * as Axis from "../../axis.ts"
import type { HostArray } from "../../dtype.ts"
import { zeros } from "../../dtype.ts"
import type { Expression, Factorisation, Operation } from "../../expression.ts"
import { offsets } from "../strided.ts"
import { cholesky } from "./cholesky.ts"
import type { Matrix } from "./matrix.ts"
import { load, store } from "./matrix.ts"
import { qr } from "./orthogonal.ts"
import { svd } from "./singular.ts"
import { eigh } from "./symmetric.ts"
import { substitute } from "./triangular.ts"

export type Factorise = Extract<Operation, { op: "factorise" }>
export type Solve = Extract<Operation, { op: "solve" }>

/** Every factor of one matrix, by the name of its part. */
export type Factors = { readonly [Part in Factorisation["part"]]?: Matrix }

const algorithms: { readonly [Kind in Factorisation["kind"]]: (matrix: Matrix) => Factors } = {
  cholesky: (matrix) => ({ lower: cholesky(matrix) }), eigh, svd, qr
}

/** The factors of every matrix of a batch; the expressions that ask for parts of one factorisation may share them. */
export const factorise = ({ x, row, column, factor }: Factorise, data: HostArray): ReadonlyArray<Factors> => {
  const strides = Axis.strides(x.axes)
  const rows = Axis.sizeOf("factorise", x.axes, row)
  const columns = Axis.sizeOf("factorise", x.axes, column)
  const starts = offsets(Axis.without(x.axes, [row, column]), strides)
  return Array.from(starts, (start) =>
    algorithms[factor.kind](load(data, start, rows, strides.get(row) ?? 0, columns, strides.get(column) ?? 0)))
}

/** Which axes of the result are the rows and the columns of a factor; values are one column. */
const sides = ({ row, column, factor }: Factorise): readonly [string, string | undefined] => {
  switch (factor.kind) {
    case "cholesky":
      return [row, column]
    case "eigh":
      return factor.part === "values" ? [column, undefined] : [row, column]
    case "svd":
      return factor.part === "values" ? [factor.rank, undefined] : [factor.part === "left" ? row : column, factor.rank]
    case "qr":
      return factor.part === "orthogonal" ? [row, factor.rank] : [factor.rank, column]
  }
}

/** The values of a `factorise` expression, out of the factors of its batch. */
export const place = (node: Expression, operation: Factorise, factors: ReadonlyArray<Factors>): HostArray => {
  const out = zeros(node.dtype, Axis.count(node.axes))
  const [row, column] = sides(operation)
  const strides = Axis.strides(node.axes)
  const starts = offsets(Axis.without(operation.x.axes, [operation.row, operation.column]), strides)
  for (const [index, start] of starts.entries()) {
    const matrix = factors[index]?.[operation.factor.part]
    if (matrix) store(matrix, out, start, strides.get(row) ?? 0, column === undefined ? 0 : strides.get(column) ?? 0)
  }
  return out
}

/** The values of a `solve` expression. */
export const solve = (
  node: Expression, { x, y, row, column, triangle }: Solve, t: HostArray, b: HostArray
): HostArray => {
  const out = zeros(node.dtype, Axis.count(node.axes))
  const n = Axis.sizeOf("solve", x.axes, row)
  const [tStrides, bStrides, yStrides] = [x.axes, y.axes, node.axes].map(Axis.strides) as
    [ReadonlyMap<string, number>, ReadonlyMap<string, number>, ReadonlyMap<string, number>] // map keeps the length
  const systems = Axis.without(node.axes, [column])
  const [ts, bs, ys] = [offsets(systems, tStrides), offsets(systems, bStrides), offsets(systems, yStrides)]
  const work = new Float64Array(n)
  for (let system = 0; system < ts.length; system++)
    substitute(
      triangle, n, t, ts[system]!, tStrides.get(row) ?? 0, tStrides.get(column) ?? 0,
      { data: b, offset: bs[system]!, stride: bStrides.get(row) ?? 0 },
      { data: out, offset: ys[system]!, stride: yStrides.get(column) ?? 0 }, work
    )
  return out
}
