/** Reverse mode through indices: gathering and adding at indices are each other's adjoint. */
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import * as U from "../untyped.ts"
import { full } from "./cotangent.ts"
import type { Rule } from "./rule.ts"

export const gather: Rule<"gather"> = ({ x, y, axis }, node, cotangent) => {
  const over = Array.from(y.axes.keys()).filter((name) => !x.axes.has(name))
  return [U.scatter(U.fill(cotangent.dtype, x.axes, 0), y, full(cotangent, node.axes), axis, over, "add"), undefined]
}

/** Where an update is the last that is written to its place. */
const stays = (
  x: Expression, y: Expression, updates: Expression, axis: string, over: ReadonlyArray<string>
): Expression => {
  let number = U.fill("i32", new Map(), 0)
  for (const name of over) {
    const size = Axis.sizeOf("gradient", updates.axes, name)
    number = U.add(U.multiply(number, size), U.iota("i32", name, size))
  }
  const written = U.scatter(U.fill("i32", x.axes, -1), y, full(number, updates.axes), axis, over, "set")
  return U.equal(U.gather(written, y, axis), number)
}

export const scatter: Rule<"scatter"> = ({ mode, x, y, z, axis, over }, node, cotangent) => {
  const wide = full(cotangent, node.axes)
  const updates = U.gather(wide, y, axis)
  if (mode === "add") return [cotangent, undefined, updates]
  const kept = U.scatter(wide, y, U.fill(wide.dtype, z.axes, 0), axis, over, "set")
  return [kept, undefined, over.length === 0 ? updates : U.where(stays(x, y, z, axis, over), updates, 0)]
}
