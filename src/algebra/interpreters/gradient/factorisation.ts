/**
 * Reverse mode through matrix factorisations (Giles 2008, Collected matrix derivative results; Murray 2016 for
 * Cholesky; Townsend 2016 for the SVD; Liao et al. 2019 and Roberts and Roberts 2020 for QR). Cholesky and eigh read
 * the lower triangle alone, so their gradient lies there. Where eigenvalues or singular values coincide to rounding,
 * their vectors are not functions of the matrix: the terms that would be infinite are left out, which is right for a
 * sum of all those values or the projector on all those vectors, and for nothing that tells them apart. A singular
 * value 0 likewise; QR of a matrix without full rank has no derivative.
 */
import * as Axis from "../../axis.ts"
import { epsilon } from "../../dtype.ts"
import type { Expression, Factorisation } from "../../expression.ts"
import { expression, floatOf } from "../../expression.ts"
import * as U from "../untyped.ts"
import { full, sumOver } from "./cotangent.ts"
import type { Named, Rule } from "./rule.ts"

const size = (of: Expression, axis: string): number => Axis.sizeOf("gradient", of.axes, axis)

/** A comparison of the places along two axes. */
const places =
  (of: Expression, left: string, right: string, test: (x: Expression, y: Expression) => Expression): Expression =>
  test(U.iota("i32", left, size(of, left)), U.iota("i32", right, size(of, right)))

const transposed = (x: Expression, row: string, column: string): Expression =>
  U.rename(x, { [row]: column, [column]: row })

/** The gradient by the lower triangle, given one by all elements. */
const folded = (x: Expression, row: string, column: string): Expression => {
  const both = U.add(x, transposed(x, row, column))
  return U.where(places(x, column, row, U.less), both, U.where(places(x, row, column, U.equal), x, 0))
}

/** 1 / x, and 0 where x is. */
const inverseOrZero = (x: Expression): Expression =>
  U.where(U.equal(x, 0), 0, U.divide(1, U.where(U.equal(x, 0), 1, x)))

/**
 * 1 over the differences of the values along an axis, those along `axis` less those along `p`, and 0 where they are the
 * same
 * to rounding.
 */
const inverseGaps = (values: Expression, axis: string, p: string): Expression => {
  const gaps = U.subtract(values, U.rename(values, { [axis]: p }))
  const rounding = U.multiply(U.largest(U.unary("absolute", values), [axis]), 16 * epsilon(floatOf(values)))
  return inverseOrZero(U.where(U.less(rounding, U.unary("absolute", gaps)), gaps, 0))
}

const cholesky = ({ row, column }: Named<"factorise">, L: Expression, cotangent: Expression): Expression => {
  const p = U.fresh("p", L.axes)
  const product = U.contract(U.rename(L, { [column]: p }), cotangent, [row])
  const phi = U.where(places(product, column, p, U.less), product,
    U.where(places(product, p, column, U.equal), U.multiply(product, 0.5), 0))
  const left = U.solve(U.rename(L, { [column]: p }), phi, p, row, "upper")
  const S = U.rename(U.solve(U.rename(L, { [row]: p }), left, column, p, "upper"), { [p]: column })
  return folded(S, row, column)
}

/** The factor of another name of the same matrix. */
const sibling = (
  operation: Named<"factorise">, factor: Factorisation, gone: ReadonlyArray<string>, rank?: string
): Expression => {
  const { x, row, column } = operation
  const axes = new Map(Axis.without(x.axes, gone))
  if (rank !== undefined) axes.set(rank, Math.min(size(x, row), size(x, column)))
  return expression(x.dtype, axes, { ...operation, factor })
}

const eigh = (operation: Named<"factorise">, part: "values" | "vectors", cotangent: Expression): Expression => {
  const { row, column } = operation
  const V = sibling(operation, { kind: "eigh", part: "vectors" }, [])
  const p = U.fresh("p", V.axes)
  /** V M V^T over `row` and `column`, for M over p and `column`. */
  const rotated = (VM: Expression): Expression =>
    folded(U.rename(U.contract(VM, U.rename(V, { [row]: p }), [column]), { [p]: column }), row, column)
  if (part === "values") return rotated(U.multiply(V, cotangent))
  const w = sibling(operation, { kind: "eigh", part: "values" }, [row])
  const gaps = inverseGaps(w, column, p)
  const turned = U.rename(V, { [column]: p })
  return rotated(U.contract(turned, U.multiply(gaps, U.contract(turned, cotangent, [row])), [p]))
}

const svd = (
  operation: Named<"factorise">, part: "left" | "values" | "right", rank: string, cotangent: Expression
): Expression => {
  const { row, column } = operation
  const kind = "svd"
  const left = sibling(operation, { kind, part: "left", rank }, [column], rank)
  const values = sibling(operation, { kind, part: "values", rank }, [row, column], rank)
  const right = sibling(operation, { kind, part: "right", rank }, [row], rank)
  if (part === "values") return U.contract(U.multiply(left, cotangent), right, [rank])
  // U and V enter alike, with rows and columns exchanged
  const [own, other, side] = part === "left" ? [left, right, row] : [right, left, column]
  const p = U.fresh("p", left.axes, right.axes)
  const square = U.multiply(values, values)
  const gaps = inverseGaps(square, rank, p)
  const ownByP = U.rename(own, { [rank]: p })
  const inner = U.contract(ownByP, cotangent, [side])
  const turning = U.multiply(gaps, U.subtract(inner, transposed(inner, p, rank)))
  const within = U.multiply(U.contract(ownByP, turning, [p]), values)
  const beyond = U.multiply(U.subtract(cotangent, U.contract(ownByP, inner, [p])), inverseOrZero(values))
  return U.contract(U.add(within, beyond), other, [rank])
}

const qr = (
  operation: Named<"factorise">, part: "orthogonal" | "upper", rank: string, cotangent: Expression
): Expression => {
  const { row, column } = operation
  const kind = "qr"
  const Q = sibling(operation, { kind, part: "orthogonal", rank }, [column], rank)
  const R = sibling(operation, { kind, part: "upper", rank }, [row], rank)
  const n = size(Q, rank)
  const wide = size(R, column) - n
  const p = U.fresh("p", Q.axes, R.axes)
  /** The gradient by a square or tall matrix with factors Q and `upper`; M is R dR^T - dQ^T Q over rank and p. */
  const gradient = (upper: Expression, dQ: Expression | undefined, M: Expression): Expression => {
    const mirrored = U.where(places(M, p, rank, U.lessEqual), M, transposed(M, rank, p))
    const own = U.contract(U.rename(Q, { [rank]: p }), mirrored, [p])
    return U.solve(upper, dQ === undefined ? own : U.add(dQ, own), rank, column, "upper")
  }
  const overlap = (dQ: Expression): Expression => U.unary("negate", U.contract(dQ, U.rename(Q, { [rank]: p }), [row]))
  const byUpper = (upper: Expression, dUpper: Expression): Expression =>
    U.contract(upper, U.rename(dUpper, { [rank]: p }), [column])
  const square = wide > 0 ? U.slice(R, column, 0, n) : R
  if (part === "orthogonal") {
    const found = gradient(square, cotangent, overlap(cotangent))
    return wide > 0 ? U.pad(found, column, 0, wide) : found
  }
  if (wide === 0) return gradient(R, undefined, byUpper(R, cotangent))
  // A = [X Y] = Q [U V]: Y = X U^-1 V moves with Q
  const dU = U.slice(cotangent, column, 0, n)
  const dV = U.slice(cotangent, column, n, wide)
  const dQ = U.contract(U.slice(operation.x, column, n, wide), dV, [column])
  const dX = gradient(square, dQ, U.add(byUpper(square, dU), overlap(dQ)))
  return U.add(U.pad(dX, column, 0, wide), U.pad(U.contract(Q, dV, [rank]), column, n, 0))
}

export const factorise: Rule<"factorise"> = (operation, node, cotangent) => {
  const { factor } = operation
  const wide = full(cotangent, node.axes)
  switch (factor.kind) {
    case "cholesky":
      return [cholesky(operation, node, wide)]
    case "eigh":
      return [eigh(operation, factor.part, wide)]
    case "svd":
      return [svd(operation, factor.part, factor.rank, wide)]
    case "qr":
      return [qr(operation, factor.part, factor.rank, wide)]
  }
}

/** T Y = B: dB = T^-T dY, and dT = -dB Y^T within the triangle. */
export const solve: Rule<"solve"> = ({ x: T, y: B, row, column, triangle }, Y, cotangent) => {
  const dB = U.solve(T, full(cotangent, Y.axes), column, row, triangle === "lower" ? "upper" : "lower")
  const free = Array.from(Y.axes.keys()).filter((name) => !T.axes.has(name))
  const dT = U.unary("negate", free.length === 0 ? U.multiply(dB, Y) : U.contract(dB, Y, free))
  const inside = triangle === "lower" ? places(T, column, row, U.lessEqual) : places(T, row, column, U.lessEqual)
  return [U.where(inside, dT, 0), sumOver(dB, dB.axes, Array.from(dB.axes.keys()).filter((name) => !B.axes.has(name)))]
}
