/**
 * How fast fused loops run: an elementwise chain, a softmax and a layer norm against other software on the same values
 * in the same process. Contestants take turns in every round, so a busy machine slows all of them alike; beside medians
 * stands the median of each round's ratio to the first. Bytes are those read and written once.
 * `node bench/fused.ts [milliseconds a contestant] [threads of onnxruntime-web]`
 */
import { Effect, ManagedRuntime } from "effect"
import { Backend } from "../src/algebra/backend.ts"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import { geluTanh } from "../src/algebra/derived/activation.ts"
import { layerNorm } from "../src/algebra/derived/norm.ts"
import { softmax } from "../src/algebra/derived/softmax.ts"
import type { Tensor } from "../src/algebra/tensor.ts"
import { add, input, multiply } from "../src/algebra/tensor.ts"
import type { Contestant } from "./peers.ts"
import type { Task } from "./fused-peers.ts"
import { jax, onnxNode, onnxWeb, tasks, tfjs } from "./fused-peers.ts"

const [milliseconds = 1500, webThreads = 1] = process.argv.slice(2).map(Number)

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
  return { name: `noether cpu, ${threads} thread${threads > 1 ? "s" : ""}`, run }
}

const median = (values: readonly number[]): number => values.toSorted((x, y) => x - y)[values.length >> 1] ?? NaN

const race = async (title: string, bytes: number, contestants: ReadonlyArray<Contestant>): Promise<void> => {
  const times: ReadonlyArray<number[]> = contestants.map(() => [])
  // engines compile hot code again in the background, which on a busy machine takes a second or two
  for (const { run } of contestants) {
    const warm = performance.now() + 2000
    while (performance.now() < warm) await run()
  }
  const end = performance.now() + milliseconds * contestants.length
  for (let round = 0; round < 7 || (performance.now() < end && round < 500); round++) {
    for (const [index, { run }] of contestants.entries()) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      const start = performance.now()
      await run()
      times[index]?.push(performance.now() - start)
    }
  }
  console.log(`\n${title}\n${"".padEnd(36)} GB/s median (best)   time over the first (median of rounds)`)
  contestants.forEach(({ name }, index) => {
    const own = times[index] ?? []
    const ratio = median(own.map((time, round) => time / (times[0]?.[round] ?? NaN)))
    console.log(
      `${name.padEnd(36)} ${(bytes / median(own) / 1e6).toFixed(2).padStart(6)} (${(bytes / Math.min(...own) / 1e6).toFixed(2)})`.padEnd(
        60
      ) + ratio.toFixed(2)
    )
  })
}

for (const task of tasks) {
  const contestants: Array<Contestant> = [await ours(1, task), await ours(2, task)]
  for (const peer of [jax, tfjs, onnxWeb(webThreads), onnxNode(1), onnxNode(2)]) {
    try {
      contestants.push(await peer(task))
    } catch (cause) {
      console.log(`a peer does not take part in ${task.title}: ${String(cause)}`)
    }
  }
  await race(task.title, task.bytes, contestants)
}
process.exit(0)
