/**
 * What a rule of reverse mode is: from a node and its cotangent to the cotangents of its operands, in their order. An
 * operand without one (an index, a condition, a step function's) is `undefined`.
 */
import type { Expression, Operation } from "../../expression.ts"

/** The operation of this name. */
export type Named<Op extends Operation["op"]> = Extract<Operation, { readonly op: Op }>

export type Cotangents = ReadonlyArray<Expression | undefined>
export type Rule<Op extends Operation["op"]> = (operation: Named<Op>, node: Expression, cotangent: Expression) =>
  Cotangents

/** One rule for every primitive: a primitive without one does not compile. */
export type Rules = { readonly [Op in Operation["op"]]: Rule<Op> }
