/**
 * How fast contractions run: against the machine's own multiply-add rate, against other software on the same shapes
 * (square, few rows, batched, strided), and against themselves as operands are turned, strided and batched.
 * `npm run bench -- --only arrays`
 */
import { Effect, Option } from "effect"
import { type Axis, bindContraction, type Contraction } from "../src/algebra/backends/cpu/contraction.ts"
import { makeMemory } from "../src/algebra/backends/cpu/memory.ts"
import { makeThreads, type Threads } from "../src/algebra/backends/cpu/threads.ts"
import { native as machineCode } from "../src/algebra/backends/native/index.ts"
import { calibration } from "./calibration.ts"
import { jax, onnxNode, onnxWeb, type Peer, type Product, tfjs } from "./peers.ts"
import { type Entrant, race } from "./race.ts"
import { native, type Row } from "./row.ts"
import { type Settings, suite } from "./suite.ts"

const random = (view: Float32Array<ArrayBufferLike> | Float64Array<ArrayBufferLike>): void => {
  for (let i = 0; i < view.length; i++) view[i] = Math.sin(i)
}

const prepared = (name: string, threads: Threads, contraction: Contraction) => Effect.gen(function* () {
  const { memory } = threads
  const reach = (operand: "a" | "b" | "c"): number => {
    const { batch, m, n, k } = contraction
    return [...batch, ...m, ...n, ...k].reduce((sum, axis) => sum + (axis.size - 1) * axis[operand], 1)
  }
  const bytes = contraction.dtype === "f32" ? 4 : 8
  const place = (operand: "a" | "b" | "c") => Effect.map(
    Effect.acquireRelease(memory.allocate(reach(operand) * bytes),
      (pointer) => Effect.sync(() => memory.free(pointer))),
    (pointer) => {
      random(memory[contraction.dtype](pointer, reach(operand)))
      return pointer
    })
  const [a, b, c] = [yield* place("a"), yield* place("b"), yield* place("c")]
  const bound = yield* bindContraction(threads, contraction)
  const entrant: Entrant = {
    name, threads: threads.count, work: bound.flops / 1e9, run: () => bound.run(a, b, c)
  }
  return entrant
})

/**
 * A product of square matrices; `a` and `b` say whether an operand is transposed, `step` how far apart elements lie.
 */
const square = (dtype: "f32" | "f64", size: number, a = false, b = false, step = 1): Contraction => ({
  dtype, batch: [],
  m: [{ size, a: (a ? 1 : size) * step, b: 0, c: size }],
  n: [{ size, a: 0, b: (b ? size : 1) * step, c: 1 }],
  k: [{ size, a: (a ? size : 1) * step, b: (b ? 1 : size) * step, c: 0 }]
})

/** `count` products of square matrices that lie side by side in the rows of one wide matrix, as attention heads do. */
const batched = (dtype: "f32" | "f64", size: number, count: number): Contraction => {
  const row = size * count
  const axis = (a: number, b: number, c: number): Axis => ({ size, a, b, c })
  return {
    dtype, batch: [{ size: count, a: size, b: size, c: size }], m: [axis(row, 0, row)], n: [axis(0, 1, 1)], k: [axis(1,
      row, 0)]
  }
}

/** A product as it lies for the peers. */
const contractionOf = ({ dtype, batch, m, n, k, interleaved }: Product): Contraction => {
  const [rowA, rowB, rowC] = interleaved ? [batch * k, batch * n, batch * n] : [k, n, n]
  const each: Axis = interleaved ? { size: batch, a: k, b: n, c: n } : { size: batch, a: m * k, b: k * n, c: m * n }
  return {
    dtype, batch: [each], m: [{ size: m, a: rowA, b: 0, c: rowC }], n: [{ size: n, a: 0, b: 1, c: 1 }],
    k: [{ size: k, a: 1, b: rowB, c: 0 }]
  }
}

/** Shapes besides square ones: few rows, a batch of small matrices, and heads side by side. */
const otherProducts: ReadonlyArray<readonly [string, Omit<Product, "dtype">]> = [
  ["16 x 2048 x 2048, few rows", { batch: 1, m: 16, n: 2048, k: 2048, interleaved: false }],
  ["64 of 128 x 128 x 128, batched", { batch: 64, m: 128, n: 128, k: 128, interleaved: false }],
  ["8 heads side by side, 512 x 512 x 64, strided", { batch: 8, m: 512, n: 512, k: 64, interleaved: true }]
]

const report = (group: string, contestants: ReadonlyArray<Entrant>, { milliseconds }: Settings) =>
  Effect.promise(() => race({
    suite: "contraction", group, unit: "GFLOP/s", milliseconds, warmUp: milliseconds / 2, contestants
  }))

const against = (title: string, product: Product, pools: readonly Threads[], settings: Settings) =>
  Effect.scoped(Effect.gen(function* () {
    const contestants: Entrant[] = []
    for (const pool of pools)
      contestants.push(yield* prepared(pool.native ? native : "noether", pool, contractionOf(product)))
    const { dtype, batch, m, n, k } = product
    const work = 2 * batch * m * n * k / 1e9
    const [one] = pools
    if (one !== undefined) {
      const { flops, run } = calibration(one, dtype, work * 1e9)
      contestants.push({ name: "multiply-adds in cache", threads: 1, work: flops / 1e9, run })
    }
    const peers: readonly Peer[] = [jax, tfjs, onnxWeb(settings.webThreads), onnxNode(1), onnxNode(2)]
    for (const peer of peers) {
      const made = yield* Effect.promise(() => peer(product).catch((reason: unknown) => String(reason)))
      if (typeof made === "string") console.log(`left out: ${made}`)
      else contestants.push({ ...made, work })
    }
    return yield* report(`${dtype} ${title}`, contestants, settings)
  }))

/** By how operands lie, on one thread; the first is the plain case. */
const variants = (dtype: "f32" | "f64", size: number, threads: Threads, settings: Settings) =>
  Effect.scoped(Effect.gen(function* () {
    const shapes: readonly (readonly [string, Contraction])[] = [
      ["plain", square(dtype, size)],
      ["A transposed", square(dtype, size, true)],
      ["B transposed", square(dtype, size, false, true)],
      ["both transposed", square(dtype, size, true, true)],
      ["every second element", square(dtype, size, false, false, 2)],
      ["8 heads side by side", batched(dtype, size / 4, 8)]
    ]
    const contestants: Entrant[] = []
    for (const [name, shape] of shapes) contestants.push(yield* prepared(name, threads, shape))
    return yield* report(`${dtype} ${size} by layout`, contestants, settings)
  }))

/** One token through a layer: a matrix that lies as it is summed over, or across it. At 2 GFLOP/s it reads 4 GB/s. */
const vector = (pools: readonly Threads[], settings: Settings) => Effect.scoped(Effect.gen(function* () {
  const [rows, columns, k] = [1, 4096, 4096]
  const weights = (turned: boolean): Contraction => ({
    dtype: "f32", batch: [], m: [{ size: rows, a: k, b: 0, c: columns }],
    n: [{ size: columns, a: 0, b: turned ? k : 1, c: 1 }], k: [{ size: k, a: 1, b: turned ? 1 : columns, c: 0 }]
  })
  const contestants: Entrant[] = []
  for (const pool of pools) for (const turned of [false, true])
    contestants.push(yield* prepared(turned ? "B transposed" : "plain", pool, weights(turned)))
  return yield* report("a vector of 4096 by f32 4096 x 4096 (64 MiB)", contestants, settings)
}))

const measured = (settings: Settings) => Effect.scoped(Effect.gen(function* () {
  const memory = yield* makeMemory()
  const one = yield* makeThreads(memory, 1)
  const two = yield* makeThreads(memory, 2)
  const machine = yield* Effect.option(machineCode(memory.wasm))
  const pools = [one, two]
  if (Option.isSome(machine))
    for (const threads of [1, 2]) pools.push(yield* makeThreads(memory, threads, machine.value))
  const rows: Row[] = []
  const squares = settings.quick ? { f32: [128, 512], f64: [512] } : { f32: [128, 512, 1024, 2048], f64: [512, 1024] }
  for (const dtype of ["f32", "f64"] as const) {
    for (const size of squares[dtype]) {
      const product = { dtype, batch: 1, m: size, n: size, k: size, interleaved: false }
      rows.push(...yield* against(`${size} x ${size} x ${size}`, product, pools, settings))
    }
    for (const [title, product] of otherProducts)
      rows.push(...yield* against(title, { dtype, ...product }, pools, settings))
  }
  for (const size of settings.quick ? [512] : [512, 1024]) rows.push(...yield* variants("f32", size, one, settings))
  rows.push(...yield* vector([one, two], settings))
  return rows
}))

await suite((settings) => Effect.runPromise(measured(settings)))
