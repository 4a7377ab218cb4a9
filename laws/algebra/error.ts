/**
 * How far two backends may differ: a running error analysis (Higham, Accuracy and Stability of Numerical Algorithms,
 * ch. 3), as an interpreter. From a program it makes the program, in float64, of a bound on the difference of each
 * value between any two evaluations that round every operation to its dtype and sum in any order.
 */
import * as Axis from "../../src/algebra/axis.ts"
import { epsilon, isFloat } from "../../src/algebra/dtype.ts"
import type { Expression } from "../../src/algebra/expression.ts"
import { expression, operands, topological } from "../../src/algebra/expression.ts"
import { full } from "../../src/algebra/interpreters/gradient/cotangent.ts"
import * as U from "../../src/algebra/interpreters/untyped.ts"

type Bound = (of: Expression) => Expression

/**
 * Units in the last place that an elementary function may be off, on top of its rounding. The widest is WGSL's square
 * root, which is 1 over a reciprocal root of 2 units by a division of 2.5 (WebGPU Shading Language, 15.7.4).
 */
const units = 5
/** Those that a division may be off: WGSL's by 2.5, and the other by half of one. */
const divisionUnits = 3

const absolute = (x: Expression): Expression => U.unary("absolute", x)
const wide = (x: Expression): Expression => U.cast(x, "f64")
const nothing = (of: Expression): Expression => U.fill("f64", of.axes, 0)
const larger = (x: Expression, y: Expression): Expression => U.binary("maximum", x, y)

/** The same movement of elements, of the bounds. */
const moved = (node: Expression, bounds: ReadonlyArray<Expression>): Expression => {
  const [x] = bounds
  const { operation } = node
  if (operation.op === "concatenate") return expression("f64", node.axes, { ...operation, parts: bounds })
  if (x === undefined || !("x" in operation)) return nothing(node)
  if (operation.op === "pad") return expression("f64", node.axes, { ...operation, value: 0, x })
  return expression("f64", node.axes, { ...operation, x })
}

const unary = (node: Expression, kind: string, x: Expression, E: Expression, u: number): Expression => {
  const [value, argument] = [absolute(wide(node)), absolute(wide(x))]
  const rounding = U.multiply(value, units * u)
  switch (kind) {
    case "negate":
    case "absolute":
      return E
    case "sign":
      // certain unless the argument may be on the other side of 0
      return U.where(U.or(U.less(E, argument), U.equal(E, 0)), U.multiply(E, 0), 2)
    case "sine":
    case "cosine":
    case "tangentHyperbolic":
      return U.add(E, U.add(rounding, u))
    case "errorFunction":
      return U.add(U.multiply(E, 2), U.add(rounding, u))
    case "exponential":
      return U.add(U.multiply(value, U.subtract(U.unary("exponential", E), 1)), rounding)
    case "logarithm":
      return U.add(U.divide(E, U.subtract(argument, E)), U.add(rounding, u))
    case "squareRoot":
      return U.add(U.divide(E, value), rounding)
    case "reciprocal":
      return U.add(U.divide(U.multiply(E, value), U.subtract(argument, E)), rounding)
    default:
      throw new Error(`no bound is known for ${kind}`)
  }
}

const binary = (
  kind: string, node: Expression, x: Expression, y: Expression, Ex: Expression, Ey: Expression, u: number
): Expression => {
  const value = absolute(wide(node))
  const [left, right] = [absolute(wide(x)), absolute(wide(y))]
  const rounding = U.multiply(value, u)
  switch (kind) {
    case "add":
    case "subtract":
      return U.add(U.add(Ex, Ey), rounding)
    case "multiply":
      return U.add(U.add(U.multiply(U.add(left, Ex), Ey), U.multiply(right, Ex)), rounding)
    case "divide":
      return U.add(U.divide(U.add(Ex, U.multiply(value, Ey)), U.subtract(right, Ey)),
        U.multiply(rounding, divisionUnits))
    case "maximum":
    case "minimum":
      return larger(Ex, Ey)
    case "power": {
      const logarithm = absolute(U.unary("logarithm", left))
      const exponent =
        U.add(U.divide(U.multiply(U.add(right, Ey), Ex), U.subtract(left, Ex)), U.multiply(logarithm, Ey))
      return U.add(U.multiply(value, U.subtract(U.unary("exponential", exponent), 1)),
        U.multiply(rounding, U.add(U.multiply(U.multiply(right, logarithm), units), units)))
    }
    default:
      throw new Error(`no bound is known for ${kind}`)
  }
}

/** The bound of a node, those of its operands given. Discrete operations must have exact operands, comparisons may be
 *  uncertain: then the bound of what they choose is infinite. */
const bound = (node: Expression, of: Bound): Expression => {
  const { operation } = node
  const u = node.dtype === "f32" || node.dtype === "f64" ? epsilon(node.dtype) : 0
  switch (operation.op) {
    case "unary":
      return unary(node, operation.kind, operation.x, of(operation.x), u)
    case "binary": {
      const { x, y, kind } = operation
      if (isFloat(node.dtype)) return binary(kind, node, x, y, of(x), of(y), u)
      if (!isFloat(x.dtype)) return nothing(node)
      const apart = absolute(U.subtract(wide(x), wide(y)))
      const either = U.add(of(x), of(y))
      return U.where(U.or(U.less(either, apart), U.equal(either, 0)), 0, U.fill("f64", new Map(), Infinity))
    }
    case "select":
      return U.add(of(operation.x), U.where(operation.x, of(operation.y), of(operation.z)))
    case "cast":
      return isFloat(node.dtype) ? U.add(of(operation.x), U.multiply(absolute(wide(node)), u)) : nothing(node)
    case "contract": {
      const { x, y, over } = operation
      const [left, right] = [absolute(wide(x)), absolute(wide(y))]
      const [Ex, Ey] = [full(of(x), x.axes), full(of(y), y.axes)]
      const terms = over.reduce((count, name) => count * Axis.sizeOf("bound", x.axes, name), 2)
      return U.add(U.add(U.contract(U.add(left, Ex), Ey, over), U.contract(Ex, right, over)),
        U.multiply(U.contract(left, right, over), terms * u))
    }
    case "reduce": {
      const { x, kind, over } = operation
      const [value, E] = [absolute(wide(x)), full(of(x), x.axes)]
      const terms = over.reduce((count, name) => count * Axis.sizeOf("bound", x.axes, name), 2)
      if (kind === "sum") return U.add(U.sum(E, over), U.multiply(U.sum(value, over), terms * u))
      if (kind === "product") {
        const most = U.product(U.add(value, E), over)
        return U.add(U.subtract(most, U.product(value, over)), U.multiply(most, terms * u))
      }
      return expression("f64", node.axes, { op: "reduce", kind: "maximum", x: E, over })
    }
    case "scatter": {
      const { x, y, z, axis, over, mode } = operation
      const [Ex, Ez] = [full(of(x), x.axes), full(of(z), z.axes)]
      const propagated = U.scatter(Ex, y, Ez, axis, over, mode)
      if (mode === "set") return propagated
      const sizes = U.scatter(absolute(wide(x)), y, absolute(wide(z)), axis, over, mode)
      return U.add(propagated, U.multiply(sizes, u * (2 + Axis.count(y.axes))))
    }
    case "input":
    case "literal":
    case "fill":
    case "iota":
    case "argsort":
      return nothing(node)
    case "factorise":
    case "solve":
      throw new Error("no bound is known for factorisations")
    default:
      return moved(node,
        operands(node).slice(0,
          operation.op === "gather" ? 1 : undefined).map((operand) => full(of(operand), operand.axes)))
  }
}

/** For each output of a program the bound of its difference, as a program of the same inputs. */
export const bounds = (outputs: ReadonlyArray<Expression>): ReadonlyArray<Expression> => {
  const known = new Map<Expression, Expression>()
  const of: Bound = (node) => known.get(node) ?? nothing(node)
  for (const node of topological(outputs)) known.set(node, full(bound(node, of), node.axes))
  return outputs.map(of)
}
