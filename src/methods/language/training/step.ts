/**
 * One update of a model's weights as compiled programs: loss, gradients by reverse mode, clipping and AdamW. The state
 * is donated, so weights and moments are updated in place. Several micro-batches are summed before one update, each
 * token counted once: k micro-batches give the update of the one batch that holds them all.
 */
import { Effect, Scope } from "effect"
import type { Buffer } from "../../../algebra/backend.ts"
import { Backend, building } from "../../../algebra/backend.ts"
import { gradient } from "../../../algebra/interpreters/gradient.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { add, divide, input, multiply } from "../../../algebra/tensor.ts"
import * as Tree from "../../../algebra/tree.ts"
import type { Weighted, Windows } from "../corpus.ts"
import type { Rows } from "../transformer.ts"
import type { Group, Pace, Settings } from "./adamw.ts"
import { update } from "./adamw.ts"
import { factor, globalNorm } from "./clip.ts"
import type { Total } from "./objective.ts"

type Leaf = Tensor<"f32", string>
type Values = ReadonlyArray<Buffer<"f32", string>>

/** A batch of windows as inputs of a program. */
export interface BatchTensors {
  readonly inputs: Rows
  readonly targets: Rows
  readonly weights: Tensor<"f32", "batch" | "time">
}

/** What a loss reads and training leaves as it is: inputs of the program, and a buffer for each. */
export interface Frozen {
  readonly inputs: ReadonlyArray<Leaf>
  readonly values: Values
}

/** What is trained: placeholders of the weights, a tree of any shape, and the loss that they give. */
export interface Task<W> {
  readonly weights: W
  readonly frozen?: Frozen
  readonly total: (weights: W, batch: BatchTensors) => Total<Tensor<"f32", never>>
}

const nothing: Frozen = { inputs: [], values: [] }

/** Weights and moments in the backend's memory, in the order of the leaves of the task's tree. */
export interface State {
  readonly weights: Values
  readonly first: Values
  readonly second: Values
}

/** How the optimiser is set; `groupOf` is asked once for each path of the tree. */
export interface Optimiser extends Settings {
  readonly clip: number | null
  readonly groupOf: (path: string) => Group
}

/** What an update gives: the state after it, the loss before it, and the gradient's global norm before clipping. */
export interface Updated {
  readonly state: State
  readonly total: Total<number>
  readonly gradientNorm: number
}

const trees = Tree.make<Leaf>((value): value is Leaf =>
  typeof value === "object" && value !== null && "operation" in value)

/** The weights of a task with their paths. */
export const leavesOf = <W>(task: Task<W>): ReadonlyArray<Tree.Leaf<Leaf>> => trees.leaves(task.weights)

const batchInputs = ({ batch, time }: Windows): BatchTensors => ({
  inputs: input<"i32", "batch" | "time">("i32", { batch, time }, "inputs"),
  targets: input<"i32", "batch" | "time">("i32", { batch, time }, "targets"),
  weights: input<"f32", "batch" | "time">("f32", { batch, time }, "weights")
})

const paceInputs = (): Pace<Tensor<"f32", never>> => ({
  rate: input("f32", {}, "rate"),
  correction1: input("f32", {}, "correction1"),
  rootCorrection2: input("f32", {}, "rootCorrection2")
})

const put = (backend: Backend["Service"], { batch, time, inputs, targets, weights }: Weighted) => Effect.all({
  inputs: backend.put("i32", { batch, time }, inputs),
  targets: backend.put("i32", { batch, time }, targets),
  weights: backend.put("f32", { batch, time }, weights)
})

const scalar = (backend: Backend["Service"], buffer: Buffer<"f32", never>) =>
  Effect.map(backend.read(buffer), ({ data: [value = NaN] }) => value)

/** The mean gradient, clipping and AdamW on every leaf, as expressions. */
const optimise = (
  paths: ReadonlyArray<string>,
  optimiser: Optimiser,
  { weights, first, second, sums }: { readonly [Field in keyof State | "sums"]: ReadonlyArray<Leaf> },
  count: Tensor<"f32", never>,
  pace: Pace<Tensor<"f32", never>>
) => {
  const gradients = sums.map((sum): Leaf => divide(sum, count))
  const gradientNorm = globalNorm("f32", gradients)
  const shrink = optimiser.clip === null ? undefined : factor(gradientNorm, optimiser.clip)
  const moved = paths.map((path, index) => {
    const [weight, m, v, g] = [weights[index], first[index], second[index], gradients[index]]
    if (weight === undefined || m === undefined || v === undefined || g === undefined) throw new RangeError(path)
    const clipped: Leaf = shrink === undefined ? g : multiply(g, shrink)
    return update({ weight, first: m, second: v }, clipped, pace, optimiser, optimiser.groupOf(path))
  })
  return {
    weights: moved.map(({ weight }) => weight),
    first: moved.map(({ first: m }) => m),
    second: moved.map(({ second: v }) => v),
    gradientNorm
  }
}

/** A model's loss on batches of one shape, compiled. */
export const compileLoss = <W>(task: Task<W>, windows: Windows) => Effect.gen(function* () {
  const backend = yield* Backend
  const batch = batchInputs(windows)
  const total = yield* building(() => task.total(task.weights, batch))
  const weights = leavesOf(task).map(({ value }) => value)
  const { inputs, values: frozen } = task.frozen ?? nothing
  const program = yield* backend.compile({ weights, frozen: inputs, batch }, total)
  return (weights: Values, data: Weighted) => Effect.scoped(Effect.gen(function* () {
    const { nats, count } = yield* program.run({ weights, frozen, batch: yield* put(backend, data) })
    return { nats: yield* scalar(backend, nats), count: yield* scalar(backend, count) }
  }))
})

/**
 * The update of a task on micro-batches of one shape, compiled. New states belong to the Scope of the compilation; the
 * state that is given is consumed. An update is not interrupted half-way.
 */
export const compileUpdate = <W>(task: Task<W>, windows: Windows, optimiser: Optimiser) => Effect.gen(function* () {
  const backend = yield* Backend
  const scope = yield* Effect.scope
  const leaves = leavesOf(task)
  const like = (name: string) => leaves.map(({ path, value }): Leaf =>
    input("f32", Object.fromEntries(value.axes), `${name} of ${path}`))
  const state = { weights: leaves.map(({ value }) => value), first: like("first"), second: like("second") }
  const batch = batchInputs(windows)
  const before = { nats: input("f32", {}, "nats"), count: input("f32", {}, "count"), sums: like("gradient") }
  const pace = paceInputs()

  const { start, sum, next } = yield* building(() => {
    const total = task.total(task.weights, batch)
    const sums = gradient(total.nats, state.weights)
    return {
      start: { ...total, sums },
      sum: {
        nats: add(before.nats, total.nats),
        count: add(before.count, total.count),
        // the sum on the left, whose order of axes is that of the weights
        sums: before.sums.map((held, index): Leaf => add(held, sums[index] ?? 0))
      },
      next: optimise(leaves.map(({ path }) => path), optimiser, { ...state, sums: before.sums }, before.count, pace)
    }
  })
  const { weights } = state
  const { inputs, values: frozen } = task.frozen ?? nothing
  const first = yield* backend.compile({ weights, frozen: inputs, batch }, start)
  // compiled when there is a second micro-batch
  const more = yield* Effect.cached(Effect.provideService(
    backend.compile({ weights, frozen: inputs, batch, before }, sum, { donate: ["before"] }), Scope.Scope, scope))
  const { sums, count } = before
  const apply = yield* backend.compile({ ...state, sums, count, pace }, next, {
    donate: ["weights", "first", "second", "sums"]
  })

  const scalarOf = (value: number) => backend.put<"f32", never>("f32", {}, Float32Array.of(value))
  return (now: State, batches: readonly [Weighted, ...ReadonlyArray<Weighted>], moment: Pace<number>) =>
    Effect.scoped(Effect.gen(function* () {
      const [head, ...tail] = batches
      let held = yield* first.run({ weights: now.weights, frozen, batch: yield* put(backend, head) })
      for (const data of tail)
        held = yield* (yield* more).run(
          { weights: now.weights, frozen, batch: yield* put(backend, data), before: held })
      const total = { nats: yield* scalar(backend, held.nats), count: yield* scalar(backend, held.count) }
      const pace = {
        rate: yield* scalarOf(moment.rate),
        correction1: yield* scalarOf(moment.correction1),
        rootCorrection2: yield* scalarOf(moment.rootCorrection2)
      }
      const { gradientNorm, ...state } = yield* Effect.provideService(
        apply.run({ ...now, sums: held.sums, count: held.count, pace }), Scope.Scope, scope)
      const updated: Updated = { state, total, gradientNorm: yield* scalar(backend, gradientNorm) }
      yield* backend.free(gradientNorm)
      return updated
    })).pipe(Effect.uninterruptible)
})
