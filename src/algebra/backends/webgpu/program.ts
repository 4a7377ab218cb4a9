/**
 * A compiled graph: the fusion's steps as dispatches over buffers. Intermediate results share one buffer, in which
 * those whose lives do not overlap share bytes; a run takes it from the pool and gives it back. A donated input's
 * buffer becomes an output's where each element is read before its place is written. What runs on the host reads its
 * operands back. Laws: laws/algebra/backends/webgpu/.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import * as Axis from "../../axis.ts"
import type { BackendError } from "../../backend.ts"
import { OutOfMemory } from "../../backend.ts"
import type { HostArray } from "../../dtype.ts"
import type { Expression } from "../../expression.ts"
import { operands } from "../../expression.ts"
import type { Graph } from "../../graph.ts"
import type { Factors } from "../factorisation/index.ts"
import { layout } from "../fusion/plan.ts"
import type { Step } from "../fusion/steps.ts"
import { steps } from "../fusion/steps.ts"
import { name } from "./device.ts"
import { onHost } from "./host.ts"
import type { Module } from "./kernel.ts"
import type { Memory } from "./memory.ts"
import { Block } from "./memory.ts"
import type { Style } from "./modules.ts"
import { abilities, moduleOf } from "./modules.ts"
import type { Pipeline, Pipelines } from "./pipelines.ts"
import type { Slot } from "./slots.ts"
import { bytesOfNode, pack, perWord, unpack } from "./storage.ts"

/** What a program is compiled for. */
export interface Machine extends Style {
  readonly memory: Memory
  readonly pipelines: Pipelines
}

/** Part of a buffer. */
interface Part {
  readonly buffer: GPUBuffer
  readonly offset: number
}

type Action =
  | {
      readonly kind: "dispatch"
      readonly pipeline: Pipeline
      readonly module: Module
      /** For each binding, the number of its place and its bytes. */
      readonly parts: ReadonlyArray<{ readonly place: number; readonly bytes: number }>
      /** The buffers of the last run, and the group that binds them. */
      bound: { readonly buffers: ReadonlyArray<GPUBuffer>; readonly group: GPUBindGroup } | undefined
    }
  | { readonly kind: "clear"; readonly place: number; readonly bytes: number }
  | { readonly kind: "host"; readonly node: Expression }

export interface Program {
  /** Takes a block an input and gives one an output; donated blocks are gone after it, even when it fails. */
  readonly run: (inputs: ReadonlyArray<Block>) => Effect.Effect<ReadonlyArray<Block>, BackendError>
}

export const compile = (graph: Graph, machine: Machine): Effect.Effect<Program, BackendError, Scope.Scope> =>
  Effect.gen(function* () {
    const { device, memory, pipelines } = machine
    const { gpu, limits } = device
    const { before, each } = steps(graph, abilities(machine))
    const plan = layout(graph, before, each, {
      bytes: bytesOfNode,
      alignment: limits.alignment,
      inPlace: (dtype) => perWord(dtype) === 1
    })

    for (const node of plan.places.keys())
      if (bytesOfNode(node) > limits.binding) {
        const message = `a tensor ${node.dtype} ${Axis.show(node.axes)} has ${bytesOfNode(node)} bytes, and a kernel of this adapter sees at most ${limits.binding}`
        return yield* new OutOfMemory({ backend: name, bytes: bytesOfNode(node), message: `${name}: ${message}` })
      }

    /** Places by number; an output that takes an input's buffer is that input. */
    const number = (node: Expression): number => {
      const found = plan.places.get(node)
      const takes = found?.kind === "output" ? plan.outputs[found.output]?.takes : undefined
      return (takes === undefined ? found : plan.places.get(takes))?.number ?? -1
    }
    const slotOf = (node: Expression): Slot =>
      ({ dtype: node.dtype, place: number(node), shared: plan.places.get(node)?.kind === "arena" })

    const cleared = new Set<Expression>()
    const bytesAt = new Map([...plan.places.keys()].map((node) => [number(node), bytesOfNode(node)]))
    const actionsOf = (step: Step) => Effect.gen(function* () {
      if (plan.skipped.has(step)) return []
      const clears = step.writes.filter((node) => perWord(node.dtype) > 1 && !cleared.has(node)).map((node): Action => {
        cleared.add(node)
        return { kind: "clear", place: number(node), bytes: bytesOfNode(node) }
      })
      const module = moduleOf(step, machine, slotOf)
      if (module === undefined)
        return step.kind === "host" ? [{ kind: "host", node: step.node } satisfies Action] : clears
      const pipeline = yield* pipelines.load(module)
      const parts = module.bindings.map((binding) => ({ place: binding.place, bytes: bytesAt.get(binding.place) ?? 4 }))
      return [...clears, { kind: "dispatch", pipeline, module, parts, bound: undefined } satisfies Action]
    })
    const load = (all: ReadonlyArray<Step>): Effect.Effect<ReadonlyArray<Action>, BackendError> =>
      Effect.map(Effect.forEach(all, actionsOf, { concurrency: "unbounded" }), (found) => found.flat())

    const bindGroup = (action: Extract<Action, { kind: "dispatch" }>, parts: ReadonlyArray<Part>): GPUBindGroup => {
      const found = action.parts.map(({ place }) => parts[place]!)
      const { bound } = action
      if (bound !== undefined && found.every(({ buffer }, at) => buffer === bound.buffers[at])) return bound.group
      const group = gpu.createBindGroup({
        layout: action.pipeline.layout,
        entries: found.map(({ buffer, offset }, binding) => ({
          binding,
          resource: { buffer, offset, size: action.parts[binding]?.bytes ?? 4 }
        }))
      })
      action.bound = { buffers: found.map(({ buffer }) => buffer), group }
      return group
    }

    const download = (node: Expression, parts: ReadonlyArray<Part>): Effect.Effect<HostArray, BackendError> => {
      const { buffer, offset } = parts[number(node)]!
      return Effect.map(memory.download(buffer, offset, bytesOfNode(node)), (bytes) =>
        unpack(node.dtype, bytes, Axis.count(node.axes)))
    }

    /** Goes through actions, and then `finish`es the last commands. */
    const perform = (
      actions: ReadonlyArray<Action>,
      parts: ReadonlyArray<Part>,
      finish: (encoder: GPUCommandEncoder) => void = () => undefined
    ): Effect.Effect<void, BackendError> =>
      Effect.gen(function* () {
        const factors = new Map<string, ReadonlyArray<Factors>>()
        let encoder = gpu.createCommandEncoder()
        let pass: GPUComputePassEncoder | undefined
        const rest = (): void => {
          pass?.end()
          pass = undefined
        }
        for (const action of actions)
          switch (action.kind) {
            case "dispatch": {
              pass ??= encoder.beginComputePass()
              const { width, height } = action.module.grid
              pass.setPipeline(action.pipeline.pipeline)
              pass.setBindGroup(0, bindGroup(action, parts))
              pass.dispatchWorkgroups(width, height)
              break
            }
            case "clear": {
              rest()
              const { buffer, offset } = parts[action.place]!
              encoder.clearBuffer(buffer, offset, action.bytes)
              break
            }
            case "host": {
              rest()
              gpu.queue.submit([encoder.finish()])
              encoder = gpu.createCommandEncoder()
              const { node } = action
              if (Axis.count(node.axes) === 0) break
              const given = yield* Effect.forEach(operands(node), (operand) => download(operand, parts))
              const value = onHost(node, given, factors, number)
              const { buffer, offset } = parts[number(node)]!
              gpu.queue.writeBuffer(buffer, offset, pack(node.dtype, value))
              break
            }
          }
        rest()
        finish(encoder)
        gpu.queue.submit([encoder.finish()])
      })

    // what needs no input is computed here, once, and stays as long as the program
    const keptParts: Array<Part> = []
    const keptBuffers: Array<GPUBuffer> = []
    yield* Effect.addFinalizer(() => Effect.sync(() => keptBuffers.forEach(memory.free)))
    yield* memory.allocating(() => {
      for (const [node, found] of plan.places) {
        if (found.kind !== "kept") continue
        const buffer = memory.allocate(bytesOfNode(node))
        keptBuffers.push(buffer)
        keptParts[found.number] = { buffer, offset: 0 }
        if (node.operation.op === "literal") memory.upload(buffer, pack(node.dtype, node.operation.data))
      }
    }, () => undefined)
    yield* perform(yield* load(before), keptParts)
    const actions = yield* load(each)

    const run = (inputs: ReadonlyArray<Block>): Effect.Effect<ReadonlyArray<Block>, BackendError> =>
      Effect.suspend(() => {
        const given = new Map<Expression, Block>()
        const owned = new Set<Block>()
        graph.inputs.forEach((node, index) => {
          const block = inputs[index]
          if (block === undefined) return
          given.set(node, block)
          if (graph.donated.has(node)) owned.add(block)
        })
        const made: Array<GPUBuffer> = []
        const fresh = (bytes: number): GPUBuffer => {
          const buffer = memory.allocate(bytes)
          made.push(buffer)
          return buffer
        }
        const release = (): void => made.splice(0).forEach(memory.free)
        const settle = (): void => {
          for (const block of owned) memory.free(block.buffer)
          graph.inputs.forEach((node, index) => {
            const block = inputs[index]
            if (block !== undefined && graph.donated.has(node)) block.live = false
          })
        }
        /** The block of an input that others may still need is not taken, but copied. */
        const isShared = (block: Block): boolean => inputs.filter((each) => each === block).length > 1
        const copied: Array<readonly [from: GPUBuffer, to: GPUBuffer]> = []
        const allocate = () => {
          const parts = keptParts.slice()
          const arena = plan.arenaBytes === 0 ? undefined : fresh(plan.arenaBytes)
          const outputs = plan.outputs.map(({ node, takes }) => {
            const length = Axis.count(node.axes)
            const block = takes === undefined ? undefined : given.get(takes)
            if (block === undefined || !owned.has(block) || isShared(block)) {
              const buffer = fresh(bytesOfNode(node))
              if (block !== undefined) copied.push([block.buffer, buffer])
              return new Block(buffer, node.dtype, length)
            }
            owned.delete(block)
            made.push(block.buffer)
            return new Block(block.buffer, node.dtype, length)
          })
          for (const [node, found] of plan.places) {
            const buffer = found.kind === "input" ? given.get(node)?.buffer
              : found.kind === "arena" ? arena : found.kind === "output" ? outputs[found.output]?.buffer : undefined
            if (buffer !== undefined)
              parts[found.number] = { buffer, offset: found.kind === "arena" ? found.offset : 0 }
          }
          // an input whose buffer an output takes is read and written in one place, wherever that is now
          plan.outputs.forEach(({ takes }, at) => {
            const buffer = outputs[at]?.buffer
            const place = takes === undefined ? undefined : plan.places.get(takes)
            if (buffer !== undefined && place !== undefined) parts[place.number] = { buffer, offset: 0 }
          })
          return { parts, outputs, arena }
        }
        return memory.allocating(allocate, release).pipe(
          Effect.flatMap(({ parts, outputs, arena }) => {
            if (copied.length > 0) {
              const encoder = gpu.createCommandEncoder()
              for (const [from, to] of copied) encoder.copyBufferToBuffer(from, 0, to, 0, Math.min(from.size, to.size))
              gpu.queue.submit([encoder.finish()])
            }
            return Effect.map(
              perform(actions, parts, (encoder) => {
                for (const { output, from } of plan.copies) {
                  const source = parts[number(from)]!
                  const target = outputs[output]
                  if (target !== undefined && target.buffer !== source.buffer)
                    encoder.copyBufferToBuffer(source.buffer, source.offset, target.buffer, 0, bytesOfNode(from))
                }
              }),
              () => {
                device.check()
                made.length = 0
                if (arena !== undefined) memory.free(arena)
                return outputs
              }
            )
          }),
          Effect.ensuring(Effect.sync(() => {
            release()
            settle()
          }))
        )
      })
    return { run }
  })
