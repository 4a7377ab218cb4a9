/**
 * Repulsion integrals by the WebAssembly kernels, over threads that share one memory and end with the scope. Pairs of
 * shells are sorted by degree, a kernel for each two, and within a degree by their Schwarz bound. Degrees that no
 * kernel is written for (products with f functions) take the same path as small molecules, plain code.
 */
import { Clock, Effect } from "effect"
import { makeMemory } from "../../../../algebra/backends/cpu/memory.ts"
import type { Memory } from "../../../../algebra/backends/cpu/memory.ts"
import type { Threads } from "../../../../algebra/backends/cpu/threads.ts"
import { makeThreads } from "../../../../algebra/backends/cpu/threads.ts"
import type { Tracker } from "../../../../core/progress.ts"
import { hermiteCount } from "../hermite.ts"
import type { Packed } from "../packed.ts"
import { packedBytes, pairCount } from "../packed.ts"
import type { ShellPair } from "../pairs.ts"
import type { Screened } from "../repulsion.ts"
import { fillQuartet } from "../repulsion.ts"
import { boysTable, mostOrder } from "./boys.ts"
import { bytesOf, writeInner, writeOuter } from "./layout.ts"
import { argument, hermiteBytes, quartetModule } from "./quartets.ts"

/** The highest degree of a pair that kernels are written for: two d shells. */
export const mostDegree = mostOrder / 2

const modules = new Map<number, Uint8Array<ArrayBuffer>>()

const moduleOf = (inner: number, outer: number): Uint8Array<ArrayBuffer> => {
  const key = inner * (mostDegree + 1) + outer
  const known = modules.get(key) ?? quartetModule(inner, outer)
  modules.set(key, known)
  return known
}

/** Pairs of one degree in memory, in falling order of their bounds. */
interface Group {
  readonly degree: number
  readonly pairs: ReadonlyArray<ShellPair>
  readonly functions: number
  /** Addresses of the tables of records and bounds. */
  readonly inner: number
  readonly outer: number
  readonly bounds: number
}

/** About how long quartets of two groups take, the first one inside. */
const cost = (inner: Group, outer: Group): number => {
  const [hi, ho] = [hermiteCount(inner.degree), hermiteCount(outer.degree)]
  const mean = ({ pairs }: Group, of: (pair: ShellPair) => number): number =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length
  const [functions, others] = [mean(inner, (pair) => pair.functions), mean(outer, (pair) => pair.functions)]
  const vectors = mean(outer, (pair) => Math.ceil(pair.primitives / 2))
  return vectors * (mean(inner, (pair) => pair.primitives) * (40 + 3 * (hermiteCount(inner.degree + outer.degree))
    + 0.5 * functions * hi * ho) + functions * others * ho)
}

/** Bytes beside the integrals and the pairs: tables, and what threads need. */
const slack = 2 ** 24

/** Whether the kernels can hold so many bytes of integrals: they address 4 GiB. */
export const holds = (bytes: number): boolean => bytes < 3.5 * 2 ** 30

const written = (memory: Memory, pairs: ReadonlyArray<ShellPair>, bounds: ReadonlyArray<number>, degree: number) =>
  Effect.gen(function*() {
    const start = yield* memory.allocate(pairs.reduce((sum, pair) => sum + bytesOf(pair) + 32, 64))
    const writer = { view: new DataView(memory.wasm.buffer), address: start }
    const table = (write: (pair: ShellPair) => number) => Effect.gen(function*() {
      const address = yield* memory.allocate(4 * pairs.length)
      memory.u32(address, pairs.length).set(pairs.map(write))
      return address
    })
    const boundsAt = yield* memory.allocate(8 * pairs.length)
    memory.f64(boundsAt, pairs.length).set(bounds)
    return {
      degree, pairs, bounds: boundsAt,
      functions: pairs.reduce((most, pair) => Math.max(most, pair.functions), 0),
      inner: yield* table((pair) => writeInner(writer, pair)),
      outer: yield* table((pair) => writeOuter(writer, pair))
    } satisfies Group
  })

/** The pairs that kernels are written for, by degree. */
const groupsOf = (memory: Memory, { pairs, bounds }: Pick<Screened, "pairs" | "bounds">) => Effect.gen(function*() {
  const groups: Array<Group> = []
  for (let degree = 0; degree <= mostDegree; degree++) {
    const here = pairs.flatMap((pair, at) => (pair.degree === degree ? [{ pair, bound: bounds[at]! }] : []))
    if (here.length > 0)
      groups.push(yield* written(memory, here.map(({ pair }) => pair), here.map(({ bound }) => bound), degree))
  }
  return groups
})

/** A memory with room for results and pairs, the threads that share it, and what all kernels are told. */
const workshop = (results: number, pairs: ReadonlyArray<ShellPair>, threads: number) => Effect.gen(function*() {
  const records = pairs.reduce((sum, pair) => sum + bytesOf(pair) + 128, 0)
  const memory = yield* makeMemory(Math.min(2 ** 32, slack + 2 * records + results))
  const values = yield* memory.allocate(results)
  const table = boysTable()
  const tableAt = yield* memory.allocate(8 * table.length)
  memory.f64(tableAt, table.length).set(table)
  const pool = yield* makeThreads(memory, threads)
  const args = yield* memory.allocate(4 * argument.words)
  return { memory, values, table: tableAt, pool, args }
})

interface Job {
  readonly memory: Memory
  readonly values: number
  readonly table: number
  readonly pool: Threads
  readonly args: number
}

/** Runs one kernel over all units, a few milliseconds of work at a time; `tell` hears of quartets done. */
const run = (
  { memory, values, table, pool, args }: Job, inner: Group, outer: Group, stride: number,
  tell: (quartets: number) => Effect.Effect<void>
) => Effect.gen(function*() {
  const block = hermiteBytes(inner.degree + outer.degree)
  const half = block + 16 * inner.functions * hermiteCount(outer.degree)
  const module = pool.load(moduleOf(inner.degree, outer.degree), {
    scratch: half + 16 * inner.functions * outer.functions, key: `repulsion ${inner.degree} ${outer.degree}`
  })
  const kernel = module.kernel("repulsion")
  const words = memory.i32(args, argument.words)
  const given: Readonly<Record<Exclude<keyof typeof argument, "words" | "base">, number>> = {
    inner: inner.inner, outer: outer.outer, innerBounds: inner.bounds, outerBounds: outer.bounds,
    outers: inner === outer ? 0 : outer.pairs.length, table, values, half: block, block: half, stride
  }
  for (const [name, value] of Object.entries(given)) words[argument[name as keyof typeof given]] = value
  let slice = 4 * pool.count
  let told = yield* Clock.currentTimeMillis
  for (let base = 0, units = 0; base < inner.pairs.length; base += units) {
    units = Math.min(slice, inner.pairs.length - base)
    words[argument.base] = base
    pool.dispatch(kernel, units, args, 1)
    const now = yield* Clock.currentTimeMillis
    if (now - told < 20) slice *= 2
    told = now
    yield* tell(units * outer.pairs.length)
    yield* Effect.yieldNow
  }
})

/** The integrals of pairs of shells over `size` orbitals; `tracker` moves to how many pairs are done. */
export const repulsionByKernels = (screened: Screened, size: number, threads: number, tracker: Tracker) =>
  Effect.scoped(Effect.gen(function*() {
    const { pairs } = screened
    const job = yield* workshop(packedBytes(size), pairs, threads)
    const groups = yield* groupsOf(job.memory, screened)
    const held: Packed = { kind: "packed", size, values: job.memory.f64(job.values, packedBytes(size) / 8) }
    let done = 0
    for (const [row, left] of groups.entries())
      for (const right of groups.slice(0, row + 1)) {
        const [inner, outer] = left === right || cost(left, right) < cost(right, left) ? [left, right] : [right, left]
        yield* run(job, inner, outer, 0, (quartets) => {
          done += quartets / (left === right ? 2 : 1)
          return tracker.moveTo(Math.min(pairs.length - 1, Math.floor(2 * done / pairs.length)))
        })
      }
    for (const [at, pair] of pairs.entries()) {
      for (let other = 0; other <= at; other++)
        if (pair.degree > mostDegree || pairs[other]!.degree > mostDegree)
          if (!fillQuartet(screened, at, other, held)) break
      if (pair.degree > mostDegree) yield* Effect.yieldNow
    }
    yield* tracker.moveTo(pairs.length)
    return held
  }))

/**
 * (P|ij) for fitting functions P, as pairs with unity, and pairs of orbitals, row-major: those whose degrees kernels
 * are written for. What the others are is left 0.
 */
export const fittingByKernels = (
  fitting: Pick<Screened, "pairs" | "bounds">, count: number, screened: Screened, size: number, threads: number,
  tracker: Tracker
) =>
  Effect.scoped(Effect.gen(function*() {
    const bytes = 8 * count * pairCount(size)
    const job = yield* workshop(bytes, [...fitting.pairs, ...screened.pairs], threads)
    const total = fitting.pairs.length * screened.pairs.length
    let done = 0
    for (const outer of yield* groupsOf(job.memory, screened))
      for (const inner of yield* groupsOf(job.memory, fitting))
        yield* run(job, inner, outer, pairCount(size), (quartets) => {
          done += quartets
          return tracker.moveTo(Math.floor(screened.pairs.length * done / total))
        })
    return job.memory.f64(job.values, bytes / 8)
  }))
