/** What no kernel computes: factorisations, triangular systems, and the order of long axes, on what was read back. */
import type { HostArray } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import type { Factors } from "../factorisation/index.ts"
import { factorise, place, solve } from "../factorisation/index.ts"
import { argsort } from "../reference/indexing.ts"

/** The value of an expression, given its operands'; `factors` are those that a run has made, by operand and kind. */
export const onHost = (
  node: Expression,
  given: ReadonlyArray<HostArray>,
  factors: Map<string, ReadonlyArray<Factors>>,
  number: (of: Expression) => number
): HostArray => {
  const { operation } = node
  const [x = new Float32Array(), y = x] = given
  switch (operation.op) {
    case "argsort":
      return argsort(node, operation.x, operation.axis, operation.descending, x)
    case "factorise": {
      const key = [number(operation.x), operation.row, operation.column, operation.factor.kind].join("|")
      const known = factors.get(key) ?? factorise(operation, x)
      factors.set(key, known)
      return place(node, operation, known)
    }
    case "solve":
      return solve(node, operation, x, y)
    default:
      throw new RangeError(`a ${operation.op} is not done on the host`)
  }
}
