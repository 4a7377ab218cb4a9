/**
 * The typed constructors seen without axis names in their types, for interpreters that build expressions out of
 * expressions. They check sizes as always.
 */
import type { Axes } from "../axis.ts"
import type { DType } from "../dtype.ts"
import type { BinaryKind, Expression, UnaryKind } from "../expression.ts"
import { expression } from "../expression.ts"
import * as Typed from "../tensor.ts"
import * as Tree from "../tree.ts"

type Names = ReadonlyArray<string>
type Two = (x: Expression | number, y: Expression | number) => Expression

interface Untyped {
  readonly unary: (kind: UnaryKind, x: Expression) => Expression
  readonly binary: (kind: BinaryKind, x: Expression | number, y: Expression | number) => Expression
  readonly add: Two
  readonly subtract: Two
  readonly multiply: Two
  readonly divide: Two
  readonly less: Two
  readonly lessEqual: Two
  readonly equal: Two
  readonly notEqual: Two
  readonly and: Two
  readonly or: Two
  readonly where: (condition: Expression, x: Expression | number, y: Expression | number) => Expression
  readonly cast: (x: Expression, dtype: DType) => Expression
  readonly iota: (dtype: DType, axis: string, size: number) => Expression
  readonly contract: (x: Expression, y: Expression, over: Names) => Expression
  readonly sum: (x: Expression, over: Names) => Expression
  readonly product: (x: Expression, over: Names) => Expression
  readonly largest: (x: Expression, over: Names) => Expression
  readonly rename: (x: Expression, names: { readonly [old: string]: string }) => Expression
  readonly split: (x: Expression, axis: string, into: { readonly [axis: string]: number }) => Expression
  readonly merge: (x: Expression, from: Names, axis: string) => Expression
  readonly slice: (x: Expression, axis: string, start: number, size: number, step?: number) => Expression
  readonly pad: (x: Expression, axis: string, before: number, after: number, value?: number) => Expression
  readonly expand: (x: Expression, axis: string, size: number) => Expression
  readonly gather: (x: Expression, indices: Expression, axis: string) => Expression
  readonly scatter: (
    x: Expression, indices: Expression, updates: Expression, axis: string, over: Names, mode: "add" | "set"
  ) => Expression
  readonly solve: (t: Expression, b: Expression, row: string, column: string, triangle: "lower" | "upper") => Expression
}

// the same functions with the type-level names forgotten; the table above is the only place where that happens
const untyped = Typed as unknown as Untyped

export const {
  unary, binary, add, subtract, multiply, divide, less, lessEqual, equal, notEqual, and, or, where, cast, iota,
  contract, sum, product, largest, rename, split, merge, slice, pad, expand, gather, scatter, solve
} = untyped

/** A constant of these axes. */
export const fill = (dtype: DType, axes: Axes, value: number): Expression =>
  expression(dtype, axes, { op: "fill", value })

/** An axis name that none of the axes has. */
export const fresh = (base: string, ...taken: ReadonlyArray<Axes>): string => {
  let name = base
  while (taken.some((axes) => axes.has(name))) name += "'"
  return name
}

const isExpression = (value: unknown): value is Expression => typeof value === "object" && value !== null
  && "operation" in value

/** Trees with expressions for leaves. */
export const tensors = Tree.make<Expression>(isExpression)
