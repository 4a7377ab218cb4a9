/**
 * How fast contractions run: against the machine's own multiply-add rate, against other software on the same sizes, and
 * against themselves as operands are turned, strided and batched. One process; contestants take turns in every round,
 * so a busy machine slows all of them alike, and beside medians stand each round's ratios. The others are installed by
 * `npm ci --prefix bench`. `node bench/contraction.ts [milliseconds a contestant] [threads of onnxruntime-web]`
 */
import { Effect } from "effect"
import { type Axis, bindContraction, type Contraction } from "../src/algebra/backends/cpu/contraction.ts"
import { hasRelaxedSimd } from "../src/algebra/backends/cpu/instructions.ts"
import { makeMemory, type Memory } from "../src/algebra/backends/cpu/memory.ts"
import { makeThreads, type Threads } from "../src/algebra/backends/cpu/threads.ts"
import { calibration } from "./calibration.ts"
import { type Contestant, jax, onnxNode, onnxWeb, type Peer, tfjs } from "./peers.ts"

const [milliseconds = 1000, webThreads = 1] = process.argv.slice(2).map(Number)

const sorted = (values: readonly number[]): readonly number[] => values.toSorted((x, y) => x - y)
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
/** Less processor time than this, in milliseconds, is not told: systems count it in steps of up to 10. */
const coarsest = 100
const median = (values: readonly number[]): number => sorted(values)[values.length >> 1] ?? NaN

interface Timed extends Contestant {
  readonly flops: number
}

/** What each round took, in milliseconds: on the clock, and of processor time by the calling thread. */
interface Times {
  readonly clock: number[]
  readonly processor: number[]
}

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time))

/** Milliseconds of processor time of this thread; Node's types do not know the call yet. */
const processorTime = (): number => {
  const { threadCpuUsage } = process as unknown as { readonly threadCpuUsage: typeof process.cpuUsage }
  const { user, system } = threadCpuUsage.call(process)
  return (user + system) / 1000
}

const race = async (contestants: readonly Timed[]): Promise<readonly Times[]> => {
  const times: readonly Times[] = contestants.map(() => ({ clock: [], processor: [] }))
  for (const { run } of contestants) for (let warm = 0; warm < 3; warm++) await run()
  let spent = 0
  for (let round = 0; round < 5 || (spent < milliseconds * contestants.length && round < 30); round++) {
    // native threads, which come last, go on looking for work for tens of milliseconds after theirs is done
    await pause(150)
    for (const [i, { run, flops }] of contestants.entries()) {
      await pause(5)
      if (flops < 5e8) await run()
      const before = processorTime()
      const start = performance.now()
      await run()
      const time = performance.now() - start
      spent += time
      times[i]?.clock.push(time)
      times[i]?.processor.push(processorTime() - before)
    }
  }
  return times
}

/**
 * Prints a race. Ratios are times over the first contestant's for the same work, medians over the rounds; the one of
 * processor time, from sums since that clock is coarse, says how one thread compares to one thread even while the
 * machine does other things, so only those have one.
 */
const report = async (title: string, contestants: readonly Timed[]): Promise<void> => {
  const times = await race(contestants)
  console.log(`\n${title}`)
  console.log(`${"".padEnd(36)} GFLOP/s median (min to max)    ratio  best ratio  processor GFLOP/s  ratio`)
  contestants.forEach(({ name, flops, alone }, i) => {
    const [own, first] = [times[i], times[0]]
    if (own === undefined || first === undefined) return
    const speed = (time: number | undefined): string => (flops / (time ?? NaN) / 1e6).toFixed(1)
    const each = flops / (contestants[0]?.flops ?? NaN)
    const order = sorted(own.clock)
    const ratio = median(own.clock.map((time, round) => time / (first.clock[round] ?? NaN) / each))
    const best = (order[0] ?? NaN) / (sorted(first.clock)[0] ?? NaN) / each
    const [mine, base] = [sum(own.processor), sum(first.processor)]
    const measurable = (alone ?? false) && Math.min(mine, base) > coarsest
    console.log([
      name.padEnd(36), speed(median(own.clock)).padStart(7),
      `(${speed(order.at(-1))} to ${speed(order[0])})`.padEnd(22),
      ratio.toFixed(2).padStart(6), best.toFixed(2).padStart(11),
      ...(measurable
        ? [speed(mine / own.processor.length).padStart(18), (mine / base / each).toFixed(2).padStart(6)]
        : [])
    ].join(" "))
  })
}

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
  return { name, alone: threads.count === 1, flops: bound.flops, run: () => bound.run(a, b, c) }
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

const against = (dtype: "f32" | "f64", size: number, peers: readonly Peer[], one: Threads, two: Threads) =>
  Effect.scoped(Effect.gen(function* () {
    const own = [
      yield* prepared("noether, 1 thread", one, square(dtype, size)), yield* prepared("noether, 2 threads", two,
        square(dtype, size))
    ]
    const peak = calibration(one, dtype, 2 * size ** 3)
    const others: Timed[] = []
    for (const peer of peers) {
      const made = yield* Effect.promise(() => peer(dtype, size).catch((reason: unknown) => String(reason)))
      if (typeof made === "string") console.log(`left out: ${made}`)
      else others.push({ ...made, flops: 2 * size ** 3 })
    }
    yield* Effect.promise(() => report(`${dtype} ${size} x ${size} x ${size}`, [
      ...own, { name: "multiply-adds in cache, 1 thread", alone: true, ...peak }, ...others
    ]))
  }))

const variants = (dtype: "f32" | "f64", size: number, threads: Threads) => Effect.scoped(Effect.gen(function* () {
  const shapes: readonly (readonly [string, Contraction])[] = [
    ["plain", square(dtype, size)], ["A transposed", square(dtype, size, true)], ["B transposed", square(dtype, size,
      false, true)],
    ["both transposed", square(dtype, size, true, true)], ["every second element", square(dtype, size, false, false,
      2)],
    ["8 heads side by side", batched(dtype, size / 4, 8)]
  ]
  const contestants: Timed[] = []
  for (const [name, shape] of shapes) contestants.push(yield* prepared(name, threads, shape))
  yield* Effect.promise(() => report(`${dtype} ${size}, one thread, by layout`, contestants))
}))

/** One token through a layer: speed in bytes of weights a second is 2 bytes a flop (f32). */
const decoding = (threads: readonly Threads[]) => Effect.scoped(Effect.gen(function* () {
  const [rows, columns, k] = [1, 4096, 4096]
  const weights = (turned: boolean): Contraction => ({
    dtype: "f32", batch: [], m: [{ size: rows, a: k, b: 0, c: columns }],
    n: [{ size: columns, a: 0, b: turned ? k : 1, c: 1 }], k: [{ size: k, a: 1, b: turned ? 1 : columns, c: 0 }]
  })
  const contestants: Timed[] = []
  for (const pool of threads) for (const turned of [false, true]) {
    contestants.push(yield* prepared(`${turned ? "dot" : "combine"}, ${pool.count} thread(s)`, pool, weights(turned)))
  }
  yield* Effect.promise(() => report("a vector of 4096 by f32 4096 x 4096 (64 MiB)", contestants))
}))

const program = Effect.scoped(Effect.gen(function* () {
  const memory: Memory = yield* makeMemory()
  const one = yield* makeThreads(memory, 1)
  const two = yield* makeThreads(memory, 2)
  console.log(`Node ${process.versions.node}, relaxed SIMD ${hasRelaxedSimd ? "on" : "off"}`)
  const peers = [jax, tfjs, onnxWeb(webThreads), onnxNode(1), onnxNode(2)]
  for (const size of [128, 512, 1024, 2048]) yield* against("f32", size, peers, one, two)
  for (const size of [512, 1024]) yield* against("f64", size, peers, one, two)
  for (const size of [512, 1024]) yield* variants("f32", size, one)
  yield* decoding([one, two])
}))

await Effect.runPromise(program)
process.exit(0)
