/**
 * Reverse-mode differentiation: the gradient of an expression is an expression, so every interpreter applies to it and
 * it can be differentiated again. One rule a primitive (`gradient/rules.ts`); what is not differentiable passes nothing
 * back (indices, comparisons, floor, sign), and rounding by a cast passes everything.
 * Laws: laws/algebra/gradient.law.ts.
 */
import * as Axis from "../axis.ts"
import { isConstant } from "../constant.ts"
import type { Float } from "../dtype.ts"
import type { Expression, Operation } from "../expression.ts"
import { expression, operands, topological } from "../expression.ts"
import type { Tensor } from "../tensor.ts"
import { cotangentOf, full } from "./gradient/cotangent.ts"
import type { Cotangents, Rule, Rules } from "./gradient/rule.ts"
import { rules } from "./gradient/rules.ts"
import * as U from "./untyped.ts"

export interface Options {
  /** Tensors through which nothing flows back, beside those made by `constant`. */
  readonly constant?: ReadonlyArray<Expression>
}

/** A primitive's rule applied; the table's type pairs each operation with its rule, which indexing it forgets. */
const apply = <Op extends Operation["op"]>(table: Rules, node: Expression, cotangent: Expression): Cotangents =>
  (table[node.operation.op] as unknown as Rule<Op>)(node.operation as Extract<Operation, { op: Op }>, node, cotangent)

/** Nodes that depend on the wanted ones by a path along which there are cotangents. */
const active = (
  nodes: ReadonlyArray<Expression>, wanted: ReadonlySet<Expression>, constant: ReadonlySet<Expression>
): ReadonlySet<Expression> => {
  const found = new Set<Expression>()
  for (const node of nodes) {
    const depends = wanted.has(node) || (!constant.has(node) && operands(node).some((operand) => found.has(operand)))
    if (depends && cotangentOf(node.dtype) !== undefined) found.add(node)
  }
  return found
}

/** An expression with its axes in another order. */
const arranged = (x: Expression, like: Expression): Expression => {
  if (Axis.identical(x.axes, like.axes)) return x
  const { op } = x.operation
  if (op !== "input" && op !== "literal") return expression(x.dtype, like.axes, x.operation)
  // host data has its order, so it is read in another one
  const flat = U.fresh("flat", like.axes)
  return U.split(U.merge(x, Array.from(like.axes.keys()), flat), flat, Object.fromEntries(like.axes))
}

/** Reverse mode by a given table of rules, so that a law can be shown to catch a wrong one. */
export const reverse = (
  table: Rules, seeds: ReadonlyArray<readonly [output: Expression, cotangent: Expression]>,
  wanted: ReadonlyArray<Expression>, { constant = [] }: Options = {}
): ReadonlyArray<Expression> => {
  const nodes = topological(seeds.map(([output]) => output))
  const held = new Set([...nodes.filter(isConstant), ...constant])
  const flowing = active(nodes, new Set(wanted), held)
  const cotangents = new Map<Expression, Expression>()
  const accumulate = (node: Expression, cotangent: Expression): void => {
    const known = cotangents.get(node)
    cotangents.set(node, known === undefined ? cotangent : U.add(known, cotangent))
  }
  for (const [output, cotangent] of seeds) if (flowing.has(output)) accumulate(output, cotangent)
  for (const node of nodes.toReversed()) {
    const cotangent = cotangents.get(node)
    if (cotangent === undefined || held.has(node) || !operands(node).some((operand) => flowing.has(operand))) continue
    const found = apply(table, node, cotangent)
    for (const [index, operand] of operands(node).entries()) {
      const part = found[index]
      if (part !== undefined && flowing.has(operand)) accumulate(operand, part)
    }
  }
  return wanted.map((node) => {
    const cotangent = cotangents.get(node) ?? U.fill(cotangentOf(node.dtype) ?? node.dtype, node.axes, 0)
    const whole = arranged(full(cotangent, node.axes), node)
    return whole.dtype === node.dtype ? whole : U.cast(whole, node.dtype)
  })
}

const backwards = <W>(
  seeds: ReadonlyArray<readonly [Expression, Expression]>, withRespectTo: W, options?: Options
): W => {
  const leaves = U.tensors.leaves(withRespectTo)
  const found = reverse(rules, seeds, leaves.map(({ value }) => value), options)
  const byPath = new Map(leaves.map(({ path }, index) => [path, found[index]]))
  // the same tree, with a tensor of the same dtype and axes in each place
  return U.tensors.map(withRespectTo, (_, path) => byPath.get(path)) as W
}

/**
 * The gradient of a number by every tensor of a tree, as the same tree: each has the dtype and axes of its tensor,
 * and is zero where the number does not depend on it. The tensors may be inputs or any part of the expression.
 * Ties of a maximum or minimum share the gradient equally.
 */
export const gradient = <D extends Float, const W>(output: Tensor<D, never>, withRespectTo: W, options?: Options): W =>
  backwards([[output, U.fill(output.dtype, output.axes, 1)]], withRespectTo, options)

/**
 * The vector-Jacobian product: the gradient of the sum over all outputs of output times cotangent. Cotangents are a
 * tree like the outputs.
 */
export const pullback = <const O, const W>(
  outputs: O, cotangents: NoInfer<O>, withRespectTo: W, options?: Options
): W => {
  const given = new Map(U.tensors.leaves(cotangents).map(({ path, value }) => [path, value]))
  const seeds = U.tensors.leaves(outputs).map(({ path, value }): readonly [Expression, Expression] => {
    const cotangent = given.get(path)
      ?? Axis.refuse("pullback", `there is no cotangent for the output "${path}"`, value.axes)
    const aligned = Axis.align("pullback", value.axes, cotangent.axes)
    if (!Axis.same(aligned, value.axes))
      Axis.refuse("pullback", `the cotangent of "${path}" has axes that it lacks`, value.axes, cotangent.axes)
    return [value, cotangent]
  })
  return backwards(seeds, withRespectTo, options)
}
