/**
 * How fast square products are on one thread in WebAssembly, in machine code, in numpy and in PyTorch, by the processor
 * time that they take, which other work on the machine disturbs less than the clock on the wall. Prints the table of
 * docs/native.md: `node bench/native.ts PYTHON`, for a Python that has both.
 */
import { execFileSync } from "node:child_process"
import path from "node:path"
import { Effect } from "effect"
import { bindContraction } from "../src/algebra/backends/cpu/contraction.ts"
import { makeMemory } from "../src/algebra/backends/cpu/memory.ts"
import { makeThreads, type Threads } from "../src/algebra/backends/cpu/threads.ts"
import { native } from "../src/algebra/backends/native/index.ts"
import { folder } from "./machine.ts"
import { median } from "./row.ts"

const [python = "python3"] = process.argv.slice(2)
const products = (["f32", "f64"] as const).flatMap((dtype) =>
  [128, 256, 512, 1024, 2048].map((size) => ({ dtype, size })))
/** Operations of a run, at least, and how many runs there are. */
const [work, runs] = [3e9, 7]

// newer than the types of the oldest Node that the library runs on
const { threadCpuUsage } = process as unknown as {
  readonly threadCpuUsage: () => { readonly user: number; readonly system: number }
}
const seconds = (): number => {
  const { user, system } = threadCpuUsage()
  return (user + system) / 1e6
}

const rates = (threads: Threads, { dtype, size }: (typeof products)[number]) => Effect.scoped(Effect.gen(function* () {
  const { memory } = threads
  const bytes = size * size * (dtype === "f32" ? 4 : 8)
  const matrix = Effect.acquireRelease(memory.allocate(bytes), (pointer) => Effect.sync(() => memory.free(pointer)))
  const [a, c] = [yield* matrix, yield* matrix]
  const values = memory[dtype](a, size * size)
  for (let i = 0; i < values.length; i++) values[i] = Math.sin(i)
  const { flops, run } = yield* bindContraction(threads, {
    dtype, batch: [], m: [{ size, a: size, b: 0, c: size }], n: [{ size, a: 0, b: 1, c: 1 }],
    k: [{ size, a: 1, b: size, c: 0 }]
  })
  const repeats = Math.max(1, Math.floor(work / flops))
  for (let i = 0; i < repeats; i++) run(a, a, c)
  return Array.from({ length: runs }, () => {
    const start = seconds()
    for (let i = 0; i < repeats; i++) run(a, a, c)
    return 1e-9 * flops * repeats / (seconds() - start)
  })
}))

const measured = Effect.scoped(Effect.gen(function* () {
  const memory = yield* makeMemory()
  const pools = [yield* makeThreads(memory, 1), yield* makeThreads(memory, 1, yield* native(memory.wasm))]
  return yield* Effect.forEach(products, (product) => Effect.forEach(pools, (pool) => rates(pool, product)))
}))

const others = (): ReadonlyArray<ReadonlyArray<ReadonlyArray<number>>> => {
  const given = JSON.stringify({ work, runs, products: products.map(({ dtype, size }) => [dtype, size]) })
  return execFileSync(python, [path.join(folder, "native.py"), given], { encoding: "utf8" }).trim().split("\n")
    // a line of the script beside this file
    .map((line) => Object.values(JSON.parse(line) as Readonly<Record<string, ReadonlyArray<number>>>))
}

const ours = await Effect.runPromise(measured)
const theirs = others()
console.log("| | WebAssembly | native | numpy | PyTorch |\n|---|---:|---:|---:|---:|")
for (const [index, { dtype, size }] of products.entries()) {
  const cells = [...ours[index] ?? [], ...theirs[index] ?? []].map((found) =>
    `${median(found).toFixed(0)} (${Math.max(...found).toFixed(0)})`)
  console.log(`| ${dtype} ${size} | ${cells.join(" | ")} |`)
}
process.exit(0)
