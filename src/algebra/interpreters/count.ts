/**
 * What a program costs, before it runs: arithmetic operations, and bytes moved if every node were computed by itself
 * (a backend that fuses moves fewer). Costs add up as a monoid, so models are priced piece by piece. Factorisations are
 * counted to leading order (Golub and Van Loan, Matrix Computations). Laws: laws/algebra/count.law.ts.
 */
import type { Monoid } from "fp-ts/lib/Monoid.js"
import { concatAll, struct } from "fp-ts/lib/Monoid.js"
import { MonoidSum } from "fp-ts/lib/number.js"
import type { Axes } from "../axis.ts"
import * as Axis from "../axis.ts"
import { byteSize } from "../dtype.ts"
import type { Expression, Operation } from "../expression.ts"
import { operands, topological } from "../expression.ts"
import * as Graph from "../graph.ts"
import { tensors } from "./untyped.ts"

export interface Cost {
  /** Additions, multiplications, comparisons and function calls; a multiply-add is two. */
  readonly operations: number
  /** Bytes that nodes read of their operands. */
  readonly read: number
  /** Bytes that nodes write. */
  readonly written: number
  /** Elements of the inputs. */
  readonly parameters: number
}

/** Costs add. */
export const costs: Monoid<Cost> =
  struct({ operations: MonoidSum, read: MonoidSum, written: MonoidSum, parameters: MonoidSum })

type Named<Op extends Operation["op"]> = Extract<Operation, { readonly op: Op }>
type Rules = { readonly [Op in Operation["op"]]: (operation: Named<Op>, node: Expression) => number }

const free = () => 0
const each = (_: unknown, { axes }: Expression): number => Axis.count(axes)

/** Matrices in a batch, and rows and columns of each. */
const matrices = (axes: Axes, row: string, column: string): readonly [batch: number, rows: number, columns: number] => {
  const [rows, columns] = [Axis.sizeOf("count", axes, row), Axis.sizeOf("count", axes, column)]
  return [Axis.count(Axis.without(axes, [row, column])), rows, columns]
}

const factorise = ({ x, row, column, factor }: Named<"factorise">): number => {
  const [batch, rows, columns] = matrices(x.axes, row, column)
  const [m, n] = [Math.max(rows, columns), Math.min(rows, columns)]
  switch (factor.kind) {
    case "cholesky":
      return batch * n ** 3 / 3
    case "eigh":
      return batch * (factor.part === "values" ? 4 / 3 : 9) * n ** 3
    case "svd":
      return batch * (factor.part === "values" ? 4 * m * n ** 2 - 4 / 3 * n ** 3 : 14 * m * n ** 2 + 8 * n ** 3)
    case "qr":
      return batch * (2 * m * n ** 2 - 2 / 3 * n ** 3) * (factor.part === "upper" ? 1 : 2)
  }
}

const operations: Rules = {
  input: free,
  literal: free,
  fill: free,
  iota: free,
  unary: each,
  binary: each,
  select: each,
  cast: each,
  contract: ({ x, over }, { axes }) =>
    2 * over.reduce((total, name) => total * Axis.sizeOf("count", x.axes, name), Axis.count(axes)),
  reduce: ({ x }) => Axis.count(x.axes),
  rename: free,
  split: free,
  merge: free,
  slice: free,
  concatenate: free,
  pad: free,
  tile: free,
  expand: free,
  gather: free,
  scatter: ({ mode, z }) => (mode === "add" ? Axis.count(z.axes) : 0),
  argsort: ({ x, axis }) => Axis.count(x.axes) * Math.ceil(Math.log2(Math.max(1, Axis.sizeOf("count", x.axes, axis)))),
  factorise,
  solve: ({ x, row }, { axes }) => Axis.count(axes) * Axis.sizeOf("count", x.axes, row)
}

const bytes = ({ dtype, axes }: Expression): number => byteSize(dtype) * Axis.count(axes)

/** Bytes read: of a slice or a gather what it takes, of a renaming nothing. */
const read = (node: Expression): number => {
  const { operation } = node
  if (operation.op === "rename") return 0
  if (operation.op === "slice") return bytes(node)
  if (operation.op === "gather") return bytes(node) + bytes(operation.y)
  return operands(node).reduce((total, operand) => total + bytes(operand), 0)
}

/** The cost of a node, its operands given. */
export const costOf = (node: Expression): Cost => {
  const { operation } = node
  // the table's type pairs each operation with its rule, which indexing it forgets
  const rule = operations[operation.op] as (operation: Operation, node: Expression) => number
  const stored = operation.op === "input" || operation.op === "literal" || operation.op === "rename"
  return {
    operations: rule(operation, node),
    read: read(node),
    written: stored ? 0 : bytes(node),
    parameters: operation.op === "input" ? Axis.count(node.axes) : 0
  }
}

/** The cost of a tree of outputs; what they share, or compute twice alike, is counted once. */
export const count = (outputs: unknown): Cost => {
  const roots = tensors.leaves(outputs).map(({ value }) => value)
  const inputs = topological(roots).filter(({ operation }) => operation.op === "input")
  return concatAll(costs)(Graph.make(inputs, roots).nodes.map(costOf))
}

/** The number of elements of a tree of tensors: a model's parameters. */
export const elements = (tree: unknown): number =>
  tensors.leaves(tree).reduce((total, { value }) => total + Axis.count(value.axes), 0)
