/**
 * What a backend compiles: the expressions that the outputs need, each once and operands before uses. Equal operations
 * on equal operands are one node (common subexpressions), and what needs no computation is gone (a cast to the same
 * dtype, an empty rename). The simplifications keep every value to the bit.
 */
import { identical } from "./axis.ts"
import type { Expression } from "./expression.ts"
import { operands, topological, withOperands } from "./expression.ts"

/** A whole program as data; `inputs` and `outputs` are in the order that a run takes and gives buffers. */
export interface Graph {
  readonly nodes: ReadonlyArray<Expression>
  readonly inputs: ReadonlyArray<Expression>
  readonly outputs: ReadonlyArray<Expression>
  /** Inputs whose buffers the run may reuse or free. */
  readonly donated: ReadonlySet<Expression>
}

/** What an expression is, given names for its operands; equal texts are equal values. */
const signature = (node: Expression, name: (of: Expression) => number): string => {
  const plain = Object.entries(node.operation).map(([field, value]): unknown => {
    if (field === "x" || field === "y" || field === "z" || field === "parts") return ""
    return value instanceof Map
      ? [...value]
      : field === "value" && typeof value === "number"
        ? `${Object.is(value, -0) ? "-0" : value}`
        : value
  })
  return `${node.dtype}|${JSON.stringify([...node.axes])}|${JSON.stringify(plain)}|${operands(node).map(name).join(",")}`
}

const simplify = (node: Expression): Expression => {
  const { operation } = node
  if (operation.op === "cast" && operation.x.dtype === node.dtype && identical(operation.x.axes, node.axes))
    return operation.x
  if (operation.op === "rename" && identical(operation.x.axes, node.axes)) return operation.x
  return node
}

/** The graph of some outputs. Every input that the outputs use must be listed; one that they do not use may be. */
export const make = (
  inputs: ReadonlyArray<Expression>, outputs: ReadonlyArray<Expression>, donated: ReadonlySet<Expression> = new Set()
): Graph => {
  const canonical = new Map<Expression, Expression>()
  const numbers = new Map<Expression, number>()
  const known = new Map<string, Expression>()
  const resolve = (node: Expression): Expression => canonical.get(node) ?? node
  for (const node of topological(outputs)) {
    const given = operands(node)
    const resolved = given.map(resolve)
    const rebuilt = simplify(
      resolved.every((operand, index) => operand === given[index]) ? node : withOperands(node, resolved)
    )
    const { op } = rebuilt.operation
    // inputs and literals are themselves: two inputs of one shape are two values, and a literal's data is not compared
    const text = op === "input" || op === "literal" ? undefined : signature(rebuilt, (of) => numbers.get(of) ?? -1)
    const chosen = numbers.has(rebuilt) ? rebuilt : text === undefined ? rebuilt : known.get(text) ?? rebuilt
    if (!numbers.has(chosen)) numbers.set(chosen, numbers.size)
    if (text !== undefined) known.set(text, chosen)
    canonical.set(node, chosen)
  }
  const roots = outputs.map(resolve)
  return { nodes: topological([...inputs, ...roots]), inputs, outputs: roots, donated }
}
