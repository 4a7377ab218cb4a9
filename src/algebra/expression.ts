/**
 * Expressions: immutable descriptions of tensors, and the closed set of primitives they are made of. Building one
 * computes nothing; interpreters (evaluate, differentiate, count, print) give it meaning, one rule a primitive. Here
 * nothing is checked or typed by axis: the typed constructors are in `tensor.ts`.
 */
import type { Axes } from "./axis.ts"
import type { DType, Float, HostArray } from "./dtype.ts"

/** Elementwise functions of one operand. `not` is for bool and integers (bitwise). */
export type UnaryKind =
  | "negate" | "absolute" | "sign" | "floor" | "reciprocal" | "squareRoot"
  | "exponential" | "logarithm" | "sine" | "cosine" | "tangentHyperbolic" | "errorFunction" | "not"

/** Elementwise functions of two operands of one dtype; integers wrap, and `divide` on them truncates. */
export type ArithmeticKind = "add" | "subtract" | "multiply" | "divide" | "power" | "maximum" | "minimum" | "remainder"
/** On integers bitwise, on bool logical. Shifts are logical on u32, arithmetic on i32, by the count modulo 32. */
export type BitKind = "and" | "or" | "xor" | "shiftLeft" | "shiftRight"
/** Give bool; a comparison with NaN is false, `notEqual` true. */
export type ComparisonKind = "less" | "lessEqual" | "equal" | "notEqual"
export type BinaryKind = ArithmeticKind | BitKind | ComparisonKind

export type ReduceKind = "sum" | "product" | "maximum" | "minimum"

/** Matrix factorisations over two axes, batched over all others; `part` says which factor this expression is. */
export type Factorisation =
  /** A = L L^T: `lower` keeps the axes; the strict upper triangle of A is not read. */
  | { readonly kind: "cholesky"; readonly part: "lower" }
  /**
   * A = V diag(w) V^T, ascending w, the lower triangle read: `values` over `column`, `vectors` over `row`, `column`.
   */
  | { readonly kind: "eigh"; readonly part: "values" | "vectors" }
  /** A = U diag(s) V^T, descending s, thin: `left` row x rank, `values` rank, `right` column x rank. */
  | { readonly kind: "svd"; readonly part: "left" | "values" | "right"; readonly rank: string }
  /** A = Q R, thin, diagonal of R non-negative: `orthogonal` row x rank, `upper` rank x column. */
  | { readonly kind: "qr"; readonly part: "orthogonal" | "upper"; readonly rank: string }

/** The primitives. Operands always stand under `x`, `y`, `z` or `parts`. */
export type Operation =
  /** A value given when the program runs. `name` is for people; identity is the expression itself. */
  | { readonly op: "input"; readonly name: string }
  /** Host data in the order of the axes, row-major. */
  | { readonly op: "literal"; readonly data: HostArray }
  /** One number everywhere. */
  | { readonly op: "fill"; readonly value: number }
  /** 0, 1, 2, ... along its one axis. */
  | { readonly op: "iota"; readonly axis: string }
  | { readonly op: "unary"; readonly kind: UnaryKind; readonly x: Expression }
  /** Shared axes align; an axis of one operand alone is broadcast over the other. */
  | { readonly op: "binary"; readonly kind: BinaryKind; readonly x: Expression; readonly y: Expression }
  /** `y` where the bool `x` is true, else `z`; axes align as in `binary`. */
  | { readonly op: "select"; readonly x: Expression; readonly y: Expression; readonly z: Expression }
  /**
   * To float: exact or rounded to nearest even. To integer: truncates toward zero, saturates, NaN is 0. To bool: not 0.
   */
  | { readonly op: "cast"; readonly x: Expression }
  /** Sum over the `over` axes, which both have, of the product; every other axis of either stays, shared ones align. */
  | { readonly op: "contract"; readonly x: Expression; readonly y: Expression; readonly over: ReadonlyArray<string> }
  /** An empty axis gives 0, 1, -Infinity or Infinity (integers: their extremes). Any NaN gives NaN. */
  | { readonly op: "reduce"; readonly kind: ReduceKind; readonly x: Expression; readonly over: ReadonlyArray<string> }
  /** New names, old to new, one-to-one; axes not named keep theirs. The order of the result's axes is free. */
  | { readonly op: "rename"; readonly x: Expression; readonly names: ReadonlyMap<string, string> }
  /** One axis as several, the first varying slowest. */
  | { readonly op: "split"; readonly x: Expression; readonly axis: string; readonly into: Axes }
  /** Several axes as one, the first varying slowest. */
  | { readonly op: "merge"; readonly x: Expression; readonly from: ReadonlyArray<string>; readonly axis: string }
  /** Elements `start`, `start + step`, ... of an axis, as many as the result's axis is long; `step` may be negative. */
  | {
      readonly op: "slice"
      readonly x: Expression
      readonly axis: string
      readonly start: number
      readonly step: number
    }
  | { readonly op: "concatenate"; readonly parts: ReadonlyArray<Expression>; readonly axis: string }
  | {
      readonly op: "pad"
      readonly x: Expression
      readonly axis: string
      readonly before: number
      readonly value: number
    }
  /** The axis repeated whole: element i of the result is element i modulo the old size. */
  | { readonly op: "tile"; readonly x: Expression; readonly axis: string; readonly times: number }
  /** A new axis along which nothing changes. */
  | { readonly op: "expand"; readonly x: Expression; readonly axis: string }
  /** `x` at the i32 indices `y` along `axis`: the axis goes, those of the indices come; shared axes align.
   *  An index out of range reads 0 (false). */
  | { readonly op: "gather"; readonly x: Expression; readonly y: Expression; readonly axis: string }
  /** `x` with the updates `z` added or set at the i32 indices `y` along `axis`; axes of `y` named in `over` run over
   *  the updates, all its others align. An index out of range is dropped; among equal ones the last `set` stays. */
  | {
      readonly op: "scatter"
      readonly mode: "add" | "set"
      readonly x: Expression
      readonly y: Expression
      readonly z: Expression
      readonly axis: string
      readonly over: ReadonlyArray<string>
    }
  /** i32 places that order `axis` (stable; NaN last), as many of the first as the result's axis is long. */
  | { readonly op: "argsort"; readonly x: Expression; readonly axis: string; readonly descending: boolean }
  | {
      readonly op: "factorise"
      readonly x: Expression
      readonly row: string
      readonly column: string
      readonly factor: Factorisation
    }
  /**
   * Y with T Y = B for triangular T = `x` over `row` x `column`, B = `y` over `row`: the result has `column` for `row`.
   */
  | {
      readonly op: "solve"
      readonly x: Expression
      readonly y: Expression
      readonly row: string
      readonly column: string
      readonly triangle: "lower" | "upper"
    }

export interface Expression {
  readonly dtype: DType
  readonly axes: Axes
  readonly operation: Operation
}

/** An expression with this operation: the one constructor. */
export const expression = (dtype: DType, axes: Axes, operation: Operation): Expression =>
  Object.freeze({ dtype, axes, operation })

/** The operands, in order. */
export const operands = ({ operation }: Expression): ReadonlyArray<Expression> => {
  switch (operation.op) {
    case "input":
    case "literal":
    case "fill":
    case "iota":
      return []
    case "concatenate":
      return operation.parts
    case "binary":
    case "contract":
    case "gather":
    case "solve":
      return [operation.x, operation.y]
    case "select":
    case "scatter":
      return [operation.x, operation.y, operation.z]
    default:
      return [operation.x]
  }
}

/** The same operation on other operands, given in the order of `operands`. */
export const withOperands = (of: Expression, given: ReadonlyArray<Expression>): Expression => {
  const { dtype, axes, operation } = of
  const [x, y, z] = given
  if (operation.op === "concatenate") return expression(dtype, axes, { ...operation, parts: given })
  if (x === undefined) return of
  if (operation.op === "select" || operation.op === "scatter")
    return y === undefined || z === undefined ? of : expression(dtype, axes, { ...operation, x, y, z })
  if (operation.op === "binary" || operation.op === "contract" || operation.op === "gather" || operation.op === "solve")
    return y === undefined ? of : expression(dtype, axes, { ...operation, x, y })
  return "x" in operation ? expression(dtype, axes, { ...operation, x }) : of
}

/** Everything the roots are made of, operands before their uses, each once. */
export const topological = (roots: ReadonlyArray<Expression>): ReadonlyArray<Expression> => {
  const order: Array<Expression> = []
  const seen = new Set<Expression>()
  const stack: Array<{ readonly node: Expression; readonly ready: boolean }> = []
  for (const root of roots) {
    stack.push({ node: root, ready: false })
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      if (top.ready) order.push(top.node)
      else if (!seen.has(top.node)) {
        seen.add(top.node)
        stack.push({ node: top.node, ready: true })
        for (const operand of operands(top.node)) if (!seen.has(operand)) stack.push({ node: operand, ready: false })
      }
    }
  }
  return order
}

/** The floating dtype of an expression that must have one; used by rules that only make sense there. */
export const floatOf = (of: Expression): Float => (of.dtype === "f64" ? "f64" : "f32")
