/**
 * A graph as a list of steps over stored expressions: kernels, contractions, and operations done on the host. What
 * needs no input is apart, to be done once.
 */
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import { operands } from "../../expression.ts"
import type { Graph } from "../../graph.ts"
import * as Fuse from "./fuse.ts"
import type { Kernel } from "./kernel.ts"
import { lower } from "./lower.ts"
import type { Lowered } from "./lower.ts"
import type { LoweredContraction } from "./special.ts"
import * as Special from "./special.ts"
import * as StoredOperand from "./stored-operand.ts"

export type Step =
  | {
      readonly kind: "kernel"
      readonly kernel: Kernel
      readonly slots: ReadonlyArray<Expression>
      readonly writes: ReadonlyArray<Expression>
      readonly copies?: Expression
    }
  | {
      readonly kind: "contract"
      readonly lowered: LoweredContraction
      readonly target: Expression
      readonly writes: ReadonlyArray<Expression>
    }
  | { readonly kind: "host"; readonly node: Expression; readonly writes: ReadonlyArray<Expression> }

/** What a step reads. */
export const readsOf = (step: Step): ReadonlyArray<Expression> => {
  switch (step.kind) {
    case "kernel":
      return step.slots
    case "contract":
      return [step.lowered.a.node, step.lowered.b.node, ...(step.lowered.scale ? [step.lowered.scale.node] : [])]
    case "host":
      return operands(step.node)
  }
}

export interface Steps {
  /** Once, when the program is compiled. */
  readonly before: ReadonlyArray<Step>
  /** At every run. */
  readonly each: ReadonlyArray<Step>
}

/** What is computed once is kept; not more than this many elements. */
const keptLimit = 2 ** 22

const kernelStep = ({ kernel, slots, written }: Lowered): Step => ({ kind: "kernel", kernel, slots, writes: written })

/** What a backend can do beyond the least that is asked of one. */
export interface Abilities {
  /** Stored expressions may share kernels. */
  readonly fuse: boolean
  /** Contractions read bf16, bytes and half bytes as they are stored; default: they are computed into memory first. */
  readonly packed?: boolean
  /** Most stored expressions that a kernel reads and writes; default: any number. */
  readonly slots?: number
  /** Bytes of a row that a kernel over this space may keep to itself; default: 256 KiB. */
  readonly scratch?: (space: Fuse.Space) => number
}

/** What the operands of contractions are read through, where they look like stored ones. */
const candidates = (graph: Graph): Map<Expression, ReadonlyArray<Expression>> => new Map(graph.nodes.flatMap(
  ({ operation }) => (operation.op === "contract" ? [operation.x, operation.y] : [])
    .map((operand) => [operand, StoredOperand.between(operand)] as const).filter(([, path]) => path.length > 0)))

export const steps = (graph: Graph, { fuse, packed = false, slots = Infinity, scratch }: Abilities): Steps => {
  const extra = new Set<Expression>()
  const inPlace = packed ? candidates(graph) : new Map<Expression, ReadonlyArray<Expression>>()
  const store = (): ReadonlySet<Expression> => Fuse.stored(graph, extra, new Set([...inPlace.values()].flat()))
  let isStored = store()
  const contractions = new Map<Expression, LoweredContraction>()
  for (let again = true; again;) {
    again = false
    for (const node of graph.nodes) {
      const { operation } = node
      if (operation.op !== "contract" || contractions.has(node)) continue
      const lowered = Special.contract(node, operation, isStored, packed)
      const { x, y } = operation
      if (lowered !== undefined) contractions.set(node, lowered)
      else {
        // one that only looked like a stored operand is computed first, and tried again as a plain one
        const looked = [x, y].filter((operand) => inPlace.delete(operand))
        if (looked.length === 0) extra.add(x).add(y)
        again = true
      }
    }
    if (again) {
      isStored = store()
      contractions.clear()
    }
  }
  for (let wide = Fuse.tooWide(graph, isStored, slots - 1); wide.size > 0;
    wide = Fuse.tooWide(graph, isStored, slots - 1)) isStored = new Set([...isStored, ...wide])
  const groups = Fuse.groups(graph, isStored, fuse, slots)
  const readElsewhere = new Set<Expression>(graph.outputs)
  for (const { reads } of groups) for (const read of reads) readElsewhere.add(read)
  const constant = Fuse.constants(graph)
  const before: Array<Step> = []
  const each: Array<Step> = []
  const kept = new Set<Expression>()
  for (const { members, space, reads } of groups) {
    const [node] = members
    if (node === undefined) continue
    const once =
      members.every((member) => constant.has(member) && Axis.count(member.axes) <= keptLimit) &&
      [...reads].every((read) => read.operation.op === "literal" || kept.has(read))
    if (once) for (const member of members) kept.add(member)
    const list = once ? before : each
    const { operation } = node
    if (space !== undefined)
      list.push(kernelStep(lower(members, space, isStored, (member) => readElsewhere.has(member), scratch)))
    else if (operation.op === "contract") {
      const lowered = contractions.get(node)
      if (lowered !== undefined) list.push({ kind: "contract", lowered, target: node, writes: [node] })
    } else if (operation.op === "concatenate")
      list.push(...Special.concatenate(node, operation, isStored).map(kernelStep))
    else if (operation.op === "scatter") {
      const [copy, updates] = Special.scatter(node, operation, isStored)
      list.push(
        { kind: "kernel", kernel: copy.kernel, slots: copy.slots, writes: copy.written, copies: operation.x },
        kernelStep(updates)
      )
    } else list.push({ kind: "host", node, writes: [node] })
  }
  return { before, each }
}
