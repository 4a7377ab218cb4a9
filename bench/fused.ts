/**
 * How fast fused loops run: an elementwise chain, a softmax, norms and causal attention against other software on the
 * same values in the same process. Bytes are those read and written once. `npm run bench -- --only arrays`
 */
import { Effect, ManagedRuntime } from "effect"
import { Backend } from "../src/algebra/backend.ts"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import { native } from "../src/algebra/backends/native/index.ts"
import { geluTanh } from "../src/algebra/derived/activation.ts"
import { layerNorm, rootMeanSquareNorm } from "../src/algebra/derived/norm.ts"
import { softmax } from "../src/algebra/derived/softmax.ts"
import type { Expression } from "../src/algebra/expression.ts"
import type { Tensor } from "../src/algebra/tensor.ts"
import { add, contract, input, iota, lessEqual, multiply, rename, where } from "../src/algebra/tensor.ts"
import type { Task } from "./fused-peers.ts"
import { jax, onnxNode, onnxWeb, tasks, tfjs } from "./fused-peers.ts"
import type { Contestant, Entrant } from "./race.ts"
import { race } from "./race.ts"
import type { Row } from "./row.ts"
import { native as withNative } from "./row.ts"
import { suite } from "./suite.ts"

/** Every function is compiled from inputs of its own axes. */
interface Written {
  readonly axes: ReadonlyArray<string>
  readonly value: (inputs: ReadonlyArray<Expression>) => Expression
}
/** A function of matrices over rows and columns. */
const ofMatrices = (f: (...inputs: ReadonlyArray<Tensor<"f32", "row" | "column">>) => Expression): Written => ({
  axes: ["row", "column"],
  // the inputs are made with these axes, which the list of expressions forgets
  value: (inputs) => f(...inputs as ReadonlyArray<Tensor<"f32", "row" | "column">>)
})
type Heads = Tensor<"f32", "head" | "time" | "depth">

const attention = (query: Heads, key: Heads, value: Heads): Heads => {
  const { depth = 1, time: tokens = 0 } = Object.fromEntries(query.axes)
  const memory = (x: Heads) => rename(x, { time: "memory" })
  const scores = multiply(contract(query, memory(key), "depth"), 1 / Math.sqrt(depth))
  const past = lessEqual(iota("i32", "memory", tokens), iota("i32", "time", tokens))
  return contract(softmax(where(past, scores, -Infinity), "memory"), memory(value), "memory")
}

const absent = (): never => {
  throw new Error("an input is needed")
}
const functions: { readonly [Name in Task["name"]]: Written } = {
  chain: ofMatrices((a = absent(), b = absent(), c = absent()) => geluTanh(add(multiply(a, b), c))),
  softmax: ofMatrices((x = absent()) => softmax(x, "column")),
  layerNorm: ofMatrices((x = absent()) => layerNorm(x, "column", 1e-5)),
  rmsNorm: ofMatrices((x = absent()) => rootMeanSquareNorm(x, "column", 1e-5)),
  attention: {
    axes: ["head", "time", "depth"],
    // as above
    value: ([query = absent(), key = absent(), value = absent()]) =>
      attention(query as Heads, key as Heads, value as Heads)
  }
}

const ours = async (threads: number, { name, shape, inputs }: Task, native: boolean): Promise<Contestant> => {
  const runtime = ManagedRuntime.make(layerWith({ threads, native }))
  const { axes, value } = functions[name]
  const sizes = Object.fromEntries(axes.map((axis, index) => [axis, shape[index] ?? 1]))
  const placeholders = inputs.map((_, index) => input("f32", sizes, `x${index}`))
  let run: () => Promise<void> = async () => undefined
  await new Promise<void>((ready, failed) => {
    runtime
      .runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const backend = yield* Backend
            const program = yield* backend.compile(placeholders, { y: value(placeholders) })
            const buffers = yield* Effect.forEach(inputs, (data) => backend.put("f32", sizes, data))
            const once = Effect.scoped(
              Effect.gen(function* () {
                // the program takes a list of buffers as long as its list of placeholders
                yield* program.run(buffers as unknown as Parameters<typeof program.run>[0])
              })
            )
            run = () => runtime.runPromise(once)
            ready()
            yield* Effect.never
          })
        )
      )
      .catch(failed)
  })
  return { name: native ? withNative : "noether", threads, run }
}

const machineCode = await Effect.runPromise(Effect.isSuccess(Effect.suspend(() =>
  native(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })))))

await suite(async ({ milliseconds, quick, webThreads }) => {
  const rows: Array<Row> = []
  for (const task of tasks) {
    const { work, unit } = task
    const contestants: Array<Entrant> = []
    for (const threads of [1, 2]) contestants.push({ ...await ours(threads, task, false), work })
    if (task.name === "attention" && machineCode) for (const threads of [1, 2])
      contestants.push({ ...await ours(threads, task, true), work })
    for (const peer of [jax, tfjs, onnxWeb(webThreads), onnxNode(1), onnxNode(2)]) {
      try {
        contestants.push({ ...await peer(task), work })
      } catch (cause) {
        console.log(`a peer does not take part in ${task.title}: ${String(cause)}`)
      }
    }
    // on a busy machine it takes a second or two until hot code is compiled again
    const warmUp = quick ? 100 : 2000
    rows.push(...await race({ suite: "fused", group: task.title, unit, milliseconds, warmUp, contestants }))
  }
  return rows
})
