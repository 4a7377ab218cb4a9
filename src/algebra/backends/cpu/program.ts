/**
 * A compiled graph: its steps with their kernels, a plan of where every stored expression lies in one arena, and the
 * run that goes through them. A donated input's block becomes an output's where each element is read before its place
 * is written. Laws: laws/algebra/backends/cpu/program.law.ts.
 */
import { Effect, type Scope } from "effect"
import * as Axis from "../../axis.ts"
import type { HostArray } from "../../dtype.ts"
import { byteSize, view } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import type { Graph } from "../../graph.ts"
import type { Factors } from "../factorisation/index.ts"
import { factorise, place, solve } from "../factorisation/index.ts"
import { argsort } from "../reference/indexing.ts"
import { bindContraction } from "./contraction.ts"
import { bytesEach } from "./contraction-stored.ts"
import type { Kernels } from "./kernels.ts"
import { unitsOf } from "./loops.ts"
import type { Memory, OutOfMemory } from "./memory.ts"
import { allocateScoped } from "./memory.ts"
import { layout } from "../fusion/plan.ts"
import { steps } from "../fusion/steps.ts"
import type { Threads } from "./threads.ts"

/** A block of the backend's memory that holds a tensor. */
export class Block {
  readonly pointer: number
  readonly dtype: Expression["dtype"]
  readonly length: number
  live = true
  constructor(pointer: number, dtype: Expression["dtype"], length: number) {
    this.pointer = pointer
    this.dtype = dtype
    this.length = length
  }
}

/** Bytes of the block of an expression. */
export const bytesOf = ({ dtype, axes }: Expression): number => byteSize(dtype) * Axis.count(axes)

const hostView = (memory: Memory, node: Expression, pointer: number): HostArray =>
  view(node.dtype, memory.wasm.buffer, pointer, Axis.count(node.axes))

/** Operations that run on the host, over views of the memory. */
const host = (
  memory: Memory,
  node: Expression,
  address: (of: Expression) => number,
  factors: Map<string, ReadonlyArray<Factors>>
): HostArray => {
  const { operation } = node
  const data = (of: Expression): HostArray => hostView(memory, of, address(of))
  switch (operation.op) {
    case "argsort":
      return argsort(node, operation.x, operation.axis, operation.descending, data(operation.x))
    case "factorise": {
      const key = [address(operation.x), operation.row, operation.column, operation.factor.kind].join("|")
      const known = factors.get(key) ?? factorise(operation, data(operation.x))
      factors.set(key, known)
      return place(node, operation, known)
    }
    case "solve":
      return solve(node, operation, data(operation.x), data(operation.y))
    default:
      throw new RangeError(`a ${operation.op} is not done on the host`)
  }
}

/** Work of this many operations is worth a chunk of its own. */
const chunkWork = 40_000

type Run = (addresses: Float64Array, factors: Map<string, ReadonlyArray<Factors>>) => void

/** Everything needed to run a graph. */
export interface Program {
  /** Takes a block an input and gives one an output; donated blocks are gone after it, even when it throws. */
  readonly run: (inputs: ReadonlyArray<Block>) => ReadonlyArray<Block>
  /** Bytes that a run needs beside its inputs. */
  readonly bytes: number
}

export const compile = (
  graph: Graph,
  threads: Threads,
  kernels: Kernels,
  options: { readonly fuse: boolean }
): Effect.Effect<Program, OutOfMemory, Scope.Scope> =>
  Effect.gen(function* () {
    const { memory } = threads
    const { before, each } = steps(graph, { fuse: options.fuse, packed: true })
    const all = [...before, ...each]
    const compiled = kernels.load(all.flatMap((step) => (step.kind === "kernel" ? [step.kernel] : [])))
    const plan = layout(graph, before, each)
    const number = (node: Expression): number => plan.places.get(node)?.number ?? 0

    const tableLength = all.reduce((sum, step) => sum + (step.kind === "kernel" ? step.slots.length : 0), 0)
    const table = yield* allocateScoped(memory, tableLength * 4)
    const numbers: Array<number> = []
    const runs: Array<Run> = []
    let kernelNumber = 0
    for (const step of all) {
      switch (step.kind) {
        case "kernel": {
          const kernel = compiled[kernelNumber++]
          const units = unitsOf(step.kernel)
          const args = table + numbers.length * 4
          numbers.push(...step.slots.map(number))
          const work =
            step.kernel.sizes.reduce((product, size) => product * size, 1) * Math.max(4, step.kernel.text.length / 40)
          const perUnit = Math.max(1, work / Math.max(1, units))
          const grain = Math.max(
            1,
            Math.ceil(chunkWork / perUnit),
            Math.min(Math.ceil(units / 32), Math.ceil((chunkWork * 8) / perUnit))
          )
          const skipped = plan.skipped.has(step)
          runs.push(() => {
            if (!skipped && kernel !== undefined) threads.dispatch(kernel, units, args, grain)
          })
          break
        }
        case "contract": {
          const bound = yield* bindContraction(threads, step.lowered.contraction)
          const { a, b, contraction: { storage } } = step.lowered
          const scale = step.lowered.scale ?? { node: step.target, offset: 0 }
          const size = byteSize(step.target.dtype)
          const bytes = (operand: "a" | "b"): number =>
            storage?.operand === operand ? bytesEach[storage.format] : size
          const [from, other, scales, to] = [number(a.node), number(b.node), number(scale.node), number(step.target)]
          const [fromOffset, otherOffset] = [a.offset * bytes("a"), b.offset * bytes("b")]
          const scaleOffset = scale.offset * 4
          if (Axis.count(step.target.axes) === 0) runs.push(() => undefined)
          else runs.push((addresses) => bound.run(
            addresses[from]! + fromOffset, addresses[other]! + otherOffset, addresses[to]!, // every number has a place
            addresses[scales]! + scaleOffset
          ))
          break
        }
        case "host": {
          const { node } = step
          runs.push((addresses, factors) => {
            const address = (of: Expression): number => addresses[number(of)] ?? 0
            hostView(memory, node, address(node)).set(host(memory, node, address, factors))
          })
          break
        }
      }
    }

    const addresses = new Float64Array(plan.places.size)
    const slots = Int32Array.from(numbers)
    const words = memory.i32(table, Math.max(1, slots.length))
    const point = (): void => {
      for (let slot = 0; slot < slots.length; slot++) words[slot] = addresses[slots[slot]!]!
    }
    // what needs no input is computed here, once, and stays as long as the program
    for (const [node, place] of plan.places) {
      if (place.kind !== "kept") continue
      const pointer = yield* allocateScoped(memory, bytesOf(node))
      addresses[place.number] = pointer
      if (node.operation.op === "literal") hostView(memory, node, pointer).set(node.operation.data)
    }
    point()
    const factors = new Map<string, ReadonlyArray<Factors>>()
    for (const run of runs.slice(0, before.length)) run(addresses, factors)
    const later = runs.slice(before.length)

    const indexOf = new Map(graph.inputs.map((node, index) => [node, index]))
    const inputPlaces: Array<readonly [number, number]> = []
    const arenaPlaces: Array<readonly [number, number]> = []
    const outputPlaces: Array<readonly [number, number]> = []
    for (const [node, place] of plan.places) {
      const index = indexOf.get(node)
      if (place.kind === "input" && index !== undefined) inputPlaces.push([place.number, index])
      else if (place.kind === "arena") arenaPlaces.push([place.number, place.offset])
      else if (place.kind === "output") outputPlaces.push([place.number, place.output])
    }
    const donated = graph.inputs.flatMap((node, index) => (graph.donated.has(node) ? [index] : []))
    const planned = plan.outputs.map(({ node, takes }) => ({
      node, takes: takes === undefined ? -1 : indexOf.get(takes) ?? -1, bytes: bytesOf(node),
      length: Axis.count(node.axes)
    }))

    const outputBytes = plan.outputs.reduce((sum, { node }) => sum + bytesOf(node), 0)
    const run = (inputs: ReadonlyArray<Block>): ReadonlyArray<Block> => {
      const owned = new Set<Block>()
      for (const index of donated) {
        const block = inputs[index]
        if (block !== undefined) owned.add(block)
      }
      const made: Array<Block> = []
      let arena = 0
      let finished = false
      try {
        arena = memory.allocateOrThrow(plan.arenaBytes)
        const outputs = planned.map(({ node, takes, bytes, length }) => {
          const block = inputs[takes]
          const pointer = block !== undefined && owned.delete(block) ? block.pointer : memory.allocateOrThrow(bytes)
          const output = new Block(pointer, node.dtype, length)
          made.push(output)
          return output
        })
        for (const [number, index] of inputPlaces) addresses[number] = inputs[index]?.pointer ?? 0
        for (const [number, offset] of arenaPlaces) addresses[number] = arena + offset
        for (const [number, output] of outputPlaces) addresses[number] = outputs[output]?.pointer ?? 0
        point()
        const shared = new Map<string, ReadonlyArray<Factors>>()
        for (const step of later) step(addresses, shared)
        for (const { output, from } of plan.copies) {
          const target = outputs[output]
          const source = addresses[number(from)] ?? 0
          if (target !== undefined && target.pointer !== source)
            memory.u8(target.pointer, bytesOf(from)).set(memory.u8(source, bytesOf(from)))
        }
        finished = true
        return outputs
      } finally {
        if (arena !== 0) memory.free(arena)
        if (!finished) for (const block of made) memory.free(block.pointer)
        for (const block of owned) memory.free(block.pointer)
        for (const index of donated) {
          const block = inputs[index]
          if (block !== undefined) block.live = false
        }
      }
    }
    return { run, bytes: plan.arenaBytes + outputBytes }
  })
