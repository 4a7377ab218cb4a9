/**
 * Places in order by counting: an element's place is how many of its row come before it, which every invocation finds
 * out for itself. It takes n comparisons an element, which many invocations make at once; long rows go to the host.
 */
import * as Axis from "../../axis.ts"
import type { Expression, Operation } from "../../expression.ts"
import { offset } from "./contraction-operand.ts"
import { entry, gridOf } from "./dispatch.ts"
import { definitionsFor } from "./functions.ts"
import type { Module } from "./kernel.ts"
import type { Slot } from "./slots.ts"
import { bind, declare } from "./slots.ts"

type Argsort = Extract<Operation, { op: "argsort" }>

/** Rows up to this long are put in order by counting. */
export const longest = 4096

const invocations = 64

/** The module of an `argsort`; the slots are those of its operand and of its result. */
export const argsort = (
  node: Expression,
  { x, axis, descending }: Argsort,
  slots: readonly [Slot, Slot],
  groups: number
): Module => {
  const [xStrides, outStrides] = [Axis.strides(x.axes), Axis.strides(node.axes)]
  const length = Axis.sizeOf("argsort", x.axes, axis)
  const kept = Axis.sizeOf("argsort", node.axes, axis)
  const rows = Array.from(Axis.without(x.axes, [axis]), ([name, size]) =>
    ({ size, a: xStrides.get(name) ?? 0, b: 0, c: outStrides.get(name) ?? 0 })).filter(({ size }) => size !== 1)
  const units = Axis.count(x.axes)
  const grid = gridOf(Math.ceil(units / invocations), groups)
  const bound = bind(slots, new Set([0, 1]), new Set([1]))
  const [from = 0, to = 0] = bound.bindingOf
  const [step, outStep] = [xStrides.get(axis) ?? 0, outStrides.get(axis) ?? 0]
  const isFloat = x.dtype === "f32"
  const isNan = (of: string): string => (isFloat ? `isNan(${of})` : "false")
  const body = [
    `let unit = i32(group * ${invocations}u + lane);`,
    `if (unit >= ${units}) { return; }`,
    `let place = unit % ${length};`,
    `let row = unit / ${length};`,
    `let start = ${offset(rows, "a", "row")};`,
    `let own = b${from}[start + place * ${step}];`,
    `let last = ${isNan("own")};`,
    "var before = 0;",
    `for (var i = 0; i < ${length}; i++) {`,
    `  let other = b${from}[start + i * ${step}];`,
    `  let otherLast = ${isNan("other")};`,
    `  let sooner = select(other ${descending ? ">" : "<"} own || (other == own && i < place), i < place, last);`,
    "  if (select(sooner || last, last && i < place, otherLast)) { before++; }",
    "}",
    `if (before < ${kept}) { b${to}[${offset(rows, "c", "row")} + before * ${outStep}] = place; }`
  ].join("\n  ")
  const code = `${definitionsFor(body)}\n${declare(bound.bindings)}\n${entry(invocations, grid)}\n  ${body}\n}`
  return { code, grid, bindings: bound.bindings }
}
