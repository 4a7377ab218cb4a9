/**
 * Programs as text: one line a node, operands before their uses, a shared node once. `%2 = contract(%0, %1) over model
 * : f32 [time 8, head 4]`; and the same graph for Graphviz.
 */
import * as Axis from "../axis.ts"
import type { Expression, Operation } from "../expression.ts"
import { operands, topological } from "../expression.ts"
import { tensors } from "./untyped.ts"

type Named<Op extends Operation["op"]> = Extract<Operation, { readonly op: Op }>
type Description = readonly [name: string, rest?: string]
type Rules = { readonly [Op in Operation["op"]]: (operation: Named<Op>) => Description }

const list = (names: ReadonlyArray<string>): string => (names.length === 0 ? "nothing" : names.join(", "))

/** What a node is called, and what stands after its operands. */
const rules: Rules = {
  input: ({ name }) => [`input ${JSON.stringify(name)}`],
  literal: ({ data }) => [`literal ${Array.from(data.slice(0, 4)).join(", ")}${data.length > 4 ? ", ..." : ""}`],
  fill: ({ value }) => [`fill ${Object.is(value, -0) ? "-0" : value}`],
  iota: ({ axis }) => [`iota over ${axis}`],
  unary: ({ kind }) => [kind],
  binary: ({ kind }) => [kind],
  select: () => ["where"],
  cast: () => ["cast"],
  contract: ({ over }) => ["contract", `over ${list(over)}`],
  reduce: ({ kind, over }) => [kind, `over ${list(over)}`],
  rename: ({ names }) => ["rename", list(Array.from(names, ([old, now]) => `${old} to ${now}`))],
  split: ({ axis, into }) => ["split", `${axis} into ${Axis.show(into)}`],
  merge: ({ from, axis }) => ["merge", `${list(from)} into ${axis}`],
  slice: ({ axis, start, step }) => ["slice", `${axis} from ${start}${step === 1 ? "" : ` by ${step}`}`],
  concatenate: ({ axis }) => ["concatenate", `along ${axis}`],
  pad: ({ axis, before, value }) => ["pad", `${axis} with ${before} before of ${value}`],
  tile: ({ axis, times }) => ["tile", `${axis} ${times} times`],
  expand: ({ axis }) => ["expand", `by ${axis}`],
  gather: ({ axis }) => ["gather", `along ${axis}`],
  scatter: ({ mode, axis, over }) => ["scatter", `${mode} along ${axis} over ${list(over)}`],
  argsort: ({ axis, descending }) => ["argsort", `${axis} ${descending ? "descending" : "ascending"}`],
  factorise: ({ row, column, factor }) => [`${factor.kind} ${factor.part}`, `of ${row} by ${column}`],
  solve: ({ row, column, triangle }) => ["solve", `${triangle} of ${row} by ${column}`]
}

const describe = ({ operation }: Expression): Description => {
  // the table's type pairs each operation with its rule, which indexing it forgets
  const rule = rules[operation.op] as (operation: Operation) => Description
  return rule(operation)
}

const numbered = (outputs: unknown) => {
  const roots = tensors.leaves(outputs)
  const nodes = topological(roots.map(({ value }) => value))
  const numbers = new Map(nodes.map((node, index) => [node, index]))
  const name = (node: Expression): string => `%${numbers.get(node) ?? "?"}`
  return { roots, nodes, name }
}

const label = (path: string): string => (path === "" ? "" : `${path} = `)

/** The program of a tree of outputs, which the last lines name. */
export const print = (outputs: unknown): string => {
  const { roots, nodes, name } = numbered(outputs)
  const lines = nodes.map((node) => {
    const [operation, rest] = describe(node)
    const given = operands(node)
    const call = given.length === 0 ? operation : `${operation}(${given.map(name).join(", ")})`
    return `${name(node)} = ${call}${rest === undefined ? "" : ` ${rest}`} : ${node.dtype} ${Axis.show(node.axes)}`
  })
  return [...lines, ...roots.map(({ path, value }) => `return ${label(path)}${name(value)}`)].join("\n")
}

/** The same graph in Graphviz's language. */
export const dot = (outputs: unknown): string => {
  const { roots, nodes, name } = numbered(outputs)
  const box = (node: Expression): string => {
    const text = `${describe(node).join(" ")}\n${node.dtype} ${Axis.show(node.axes)}`
    return `  ${JSON.stringify(name(node))} [label=${JSON.stringify(text)}]`
  }
  const arrows = nodes.flatMap((node) => operands(node).map((operand) =>
    `  ${JSON.stringify(name(operand))} -> ${JSON.stringify(name(node))}`))
  const ends = roots.map(({ path, value }) => `  ${JSON.stringify(name(value))} -> ${JSON.stringify(`return ${path}`)}`)
  return ["digraph {", ...nodes.map(box), ...arrows, ...ends, "}"].join("\n")
}
