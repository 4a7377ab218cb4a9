/**
 * How fast fused loops run: an elementwise chain, a softmax and a layer norm against other software on the same values
 * in the same process. Bytes are those read and written once. `npm run bench -- --only fused`
 */
import { Effect, ManagedRuntime } from "effect"
import { Backend } from "../src/algebra/backend.ts"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import { geluTanh } from "../src/algebra/derived/activation.ts"
import { layerNorm } from "../src/algebra/derived/norm.ts"
import { softmax } from "../src/algebra/derived/softmax.ts"
import type { Tensor } from "../src/algebra/tensor.ts"
import { add, input, multiply } from "../src/algebra/tensor.ts"
import type { Task } from "./fused-peers.ts"
import { jax, onnxNode, onnxWeb, tasks, tfjs } from "./fused-peers.ts"
import type { Contestant, Entrant } from "./race.ts"
import { race } from "./race.ts"
import type { Row } from "./row.ts"
import { suite } from "./suite.ts"

type Matrix = Tensor<"f32", "row" | "column">

const functions: { readonly [Name in Task["name"]]: (inputs: ReadonlyArray<Matrix>) => Matrix } = {
  chain: ([a, b, c]) => geluTanh(add(multiply(a ?? given("a"), b ?? given("b")), c ?? given("c"))),
  softmax: ([x]) => softmax(x ?? given("x"), "column"),
  layerNorm: ([x]) => layerNorm(x ?? given("x"), "column", 1e-5)
}
const given = (name: string): Matrix => input("f32", { row: 2048, column: 2048 }, name)

const ours = async (threads: number, { name, inputs }: Task): Promise<Contestant> => {
  const runtime = ManagedRuntime.make(layerWith({ threads }))
  const placeholders = inputs.map((_, index) => given(`x${index}`))
  let run: () => Promise<void> = async () => undefined
  await new Promise<void>((ready, failed) => {
    runtime
      .runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const backend = yield* Backend
            const program = yield* backend.compile(placeholders, { y: functions[name](placeholders) })
            const buffers = yield* Effect.forEach(inputs, (data) =>
              backend.put("f32", { row: 2048, column: 2048 }, data)
            )
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
  return { name: "noether", threads, run }
}

await suite(async ({ milliseconds, quick, webThreads }) => {
  const rows: Array<Row> = []
  for (const task of tasks) {
    const work = task.bytes / 1e9
    const contestants: Array<Entrant> = []
    for (const threads of [1, 2]) contestants.push({ ...await ours(threads, task), work })
    for (const peer of [jax, tfjs, onnxWeb(webThreads), onnxNode(1), onnxNode(2)]) {
      try {
        contestants.push({ ...await peer(task), work })
      } catch (cause) {
        console.log(`a peer does not take part in ${task.title}: ${String(cause)}`)
      }
    }
    // on a busy machine it takes a second or two until hot code is compiled again
    const warmUp = quick ? 100 : 2000
    rows.push(...await race({ suite: "fused", group: task.title, unit: "GB/s", milliseconds, warmUp, contestants }))
  }
  return rows
})
