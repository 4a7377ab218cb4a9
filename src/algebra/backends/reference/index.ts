/**
 * The reference backend: every primitive as a plain loop over plain arrays, in float64 and rounded once, slow and
 * obviously right. It is the oracle that every other backend is held to.
 */
import { Effect, Layer } from "effect"
import * as Axis from "../../axis.ts"
import type { BackendError, Engine, Memory } from "../../backend.ts"
import { Backend, BackendFailure, InvalidBuffer, OutOfMemory, bytes } from "../../backend.ts"
import type { DType, HostArray } from "../../dtype.ts"
import { zeros } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import { operands } from "../../expression.ts"
import type { Graph } from "../../graph.ts"
import type { Factors } from "../factorisation/index.ts"
import { factorise, place, solve } from "../factorisation/index.ts"
import * as Contraction from "./contraction.ts"
import * as Elementwise from "./elementwise.ts"
import * as Indexing from "./indexing.ts"
import * as Movement from "./movement.ts"

const name = "reference"
const dtypes: ReadonlySet<DType> = new Set<DType>(["f32", "f64", "i32", "u32", "bool", "f16", "bf16", "i8"])

/** A block of memory; without data once it was freed or donated. */
class Block {
  data: HostArray | undefined
  constructor(data: HostArray) {
    this.data = data
  }
}

const dataOf = (memory: Memory): HostArray => {
  if (memory instanceof Block && memory.data !== undefined) return memory.data
  throw new InvalidBuffer({ name, message: `${name}: a block was freed or donated, or is not this backend's` })
}

/** One run: the values so far, and the factors that several expressions share. */
interface Run {
  readonly value: (of: Expression) => HostArray
  readonly factors: Map<string, ReadonlyArray<Factors>>
  readonly number: (of: Expression) => number
}

const evaluate = (node: Expression, { value, factors, number }: Run): HostArray => {
  const { operation } = node
  switch (operation.op) {
    case "input":
      return value(node)
    case "literal":
      return operation.data
    case "fill":
      return zeros(node.dtype, Axis.count(node.axes)).fill(operation.value)
    case "iota":
      return zeros(node.dtype, Axis.count(node.axes)).map((_: number, index: number) => index)
    case "unary":
      return Elementwise.unary(node, operation.kind, operation.x, value(operation.x))
    case "binary":
      return Elementwise.binary(node, operation.kind, operation.x, operation.y, value(operation.x), value(operation.y))
    case "select": {
      const { x, y, z } = operation
      return Elementwise.select(node, [x, y, z], value(x), value(y), value(z))
    }
    case "cast":
      return Elementwise.cast(node, operation.x, value(operation.x))
    case "contract":
      return Contraction.contract(
        node, operation.x, operation.y, operation.over, value(operation.x), value(operation.y))
    case "reduce":
      return Contraction.reduce(node, operation.kind, operation.x, operation.over, value(operation.x))
    case "rename":
      return Movement.rename(node, operation.x, operation.names, value(operation.x))
    case "split":
      return Movement.split(node, operation.x, operation.axis, operation.into, value(operation.x))
    case "merge":
      return Movement.merge(node, operation.x, operation.from, operation.axis, value(operation.x))
    case "slice":
      return Movement.slice(node, operation.x, operation.axis, operation.start, operation.step, value(operation.x))
    case "concatenate":
      return Movement.concatenate(node, operation.parts, operation.axis, operation.parts.map(value))
    case "pad":
      return Movement.pad(node, operation.x, operation.axis, operation.before, operation.value, value(operation.x))
    case "tile":
      return Movement.tile(node, operation.x, operation.axis, value(operation.x))
    case "expand":
      return Movement.expand(node, operation.x, value(operation.x))
    case "gather":
      return Indexing.gather(node, operation.x, operation.y, operation.axis, value(operation.x), value(operation.y))
    case "scatter": {
      const { x, y, z, axis, over, mode } = operation
      return Indexing.scatter(node, y, z, axis, over, mode, Movement.expand(node, x, value(x)), value(y), value(z))
    }
    case "argsort":
      return Indexing.argsort(node, operation.x, operation.axis, operation.descending, value(operation.x))
    case "factorise": {
      const { x, row, column, factor } = operation
      const key = [number(x), row, column, factor.kind].join("|")
      const known = factors.get(key) ?? factorise(operation, value(x))
      factors.set(key, known)
      return place(node, operation, known)
    }
    case "solve":
      return solve(node, operation, value(operation.x), value(operation.y))
  }
}

/** For each node, the operands that no later node reads. */
const lastUses = (graph: Graph): ReadonlyMap<Expression, ReadonlyArray<Expression>> => {
  const kept = new Set(graph.outputs)
  const dying = new Map<Expression, ReadonlyArray<Expression>>()
  for (const node of graph.nodes.toReversed()) {
    dying.set(node, operands(node).filter((operand) => !kept.has(operand)))
    for (const operand of operands(node)) kept.add(operand)
  }
  return dying
}

const runs = (graph: Graph) => {
  const dying = lastUses(graph)
  const numbers = new Map(graph.nodes.map((node, index) => [node, index]))
  return (inputs: ReadonlyArray<Memory>): ReadonlyArray<Memory> => {
    const values = new Map<Expression, HostArray>()
    const value = (of: Expression): HostArray => {
      const data = values.get(of)
      if (data !== undefined) return data
      const message = `${name}: a ${of.operation.op} was used before it was computed`
      throw new BackendFailure({ backend: name, message })
    }
    const run: Run = { value, factors: new Map(), number: (of) => numbers.get(of) ?? -1 }
    for (const [index, node] of graph.inputs.entries()) values.set(node, dataOf(inputs[index] ?? {}))
    for (const node of graph.nodes) {
      if (!values.has(node)) values.set(node, evaluate(node, run))
      for (const operand of dying.get(node) ?? []) values.delete(operand)
    }
    return graph.outputs.map((node) => new Block(value(node).slice()))
  }
}

const forget = (memory: Memory | undefined): void => {
  if (memory instanceof Block) memory.data = undefined
}

const refused = (needed: number) => (cause: unknown): BackendError => {
  if (cause instanceof InvalidBuffer || cause instanceof BackendFailure) return cause
  if (cause instanceof RangeError)
    return new OutOfMemory({ backend: name, bytes: needed, message: `${name}: no memory for ${needed} bytes` })
  throw cause
}

/** The engine: see `Engine`. Every dtype; donated blocks are forgotten, not reused. */
export const reference: Engine = {
  name,
  dtypes,
  compile: (graph) => Effect.sync(() => {
    const evaluated = runs(graph)
    return {
      run: (inputs) => Effect.ensuring(
        Effect.try({ try: () => evaluated(inputs), catch: refused(bytes(graph.nodes)) }),
        Effect.sync(() => graph.inputs.forEach((node, index) => graph.donated.has(node) && forget(inputs[index])))
      )
    }
  }),
  write: (_dtype, data) => Effect.try({ try: () => new Block(data.slice()), catch: refused(data.byteLength) }),
  read: (memory) => Effect.try({ try: () => dataOf(memory).slice(), catch: refused(0) }),
  free: forget
}

/** The backend of this engine. */
export const layer: Layer.Layer<Backend> = Layer.succeed(Backend, Backend.make(reference))
