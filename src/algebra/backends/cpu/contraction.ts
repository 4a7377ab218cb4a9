/**
 * Contractions on the cpu backend: any batched, strided sum of products C[batch, m, n] = sum_k A[batch, m, k] B[batch,
 * k, n], without transposing. A contraction is bound once to a pool (its offset tables and arguments go into shared
 * memory) and run many times. Conserves bits: the same result for every number of threads.
 */
import { Effect, type Scope } from "effect"
import { argument, elements, panelGroup, rows, unroll } from "./contraction-element.ts"
import { packedModule } from "./contraction-kernels.ts"
import type { Contraction } from "../fusion/contraction.ts"
import { layout, type Layout } from "./contraction-plan.ts"
import { storedSkinnyModule, storedSkinnyScratch } from "./contraction-stored-skinny.ts"
import { bytesEach, storedScratch } from "./contraction-stored.ts"
import { combineColumns, skinnyModule, skinnyScratch } from "./contraction-skinny.ts"
import { OutOfMemory } from "./memory.ts"
import type { LoadedModule, Threads } from "./threads.ts"

export type { Axis, Contraction } from "../fusion/contraction.ts"

/** A contraction bound to a pool. */
export interface BoundContraction {
  /** Multiplications and additions, 2 a product. */
  readonly flops: number
  /**
   * Computes C from A and B at these addresses (of the elements that all-zero indices name), and the scales of a stored
   * operand. C may not overlap the others.
   * Throws ThreadError, or OutOfMemory where the packed operands do not fit.
   */
  readonly run: (a: number, b: number, c: number, scale?: number) => void
}

/** How many bytes of packed operands may exist at a time: more is packed and multiplied in parts. */
const defaultPackedLimit = 2 ** 27
/** Packed operands of one batch up to this size stay in a thread's second-level cache. */
const cacheResident = 2 ** 19
/** Up to this many panels of rows (64 rows) a tile spans all of them. */
const onceRows = 16
/** For a stored operand it does up to 1024 rows: a block of A of 1 MiB streams from the caches. */
const onceStoredRows = 256
/** Fewer products than this are not worth waking a thread for. */
const worthSharing = 100_000
/** Products that make a chunk of work long enough to hide taking it. */
const chunkProducts = 200_000

const ceil = (size: number, unit: number): number => Math.ceil(size / unit)

/** Tiles of C in panels: 64 rows by 512 columns, cut smaller until every thread of a common machine has some. */
const tiling = (plan: Layout, depth: number): { readonly down: number; readonly across: number } => {
  const [panelsA, panelsB] = [ceil(plan.m, rows), ceil(plan.n, elements[plan.dtype].columns)]
  let down = Math.min(panelsA, 16)
  let across = Math.min(panelsB, 64)
  const count = (): number => plan.batch * ceil(panelsA, down) * ceil(panelsB, across)
  const products = (): number => down * rows * across * elements[plan.dtype].columns * depth
  while (count() < 16 && products() > 2 * chunkProducts) {
    if (across > 8) across = ceil(across, 2)
    else if (down > 4) down = ceil(down, 2)
    else break
  }
  return { down, across }
}

/** Chunks of units that are each `products` long. */
const chunk = (plan: Layout, units: number, products: number): number => plan.products < worthSharing
  ? units
  : Math.max(1, Math.min(ceil(units, 8), Math.floor(chunkProducts / products)))

const emitted = new Map<string, Uint8Array<ArrayBuffer>>()

/** The module of that name on every thread of the pool; its bytes are written once a process. */
const loaded = (threads: Threads, key: string, emit: () => Uint8Array<ArrayBuffer>): LoadedModule => {
  const bytes = emitted.get(key) ?? emit()
  emitted.set(key, bytes)
  return threads.load(bytes, { key })
}

/** Runs a plan's packed kernels with the argument block at `args`. */
const packed = (threads: Threads, plan: Layout, args: number, packedLimit: number): (() => void) => {
  const { bytes, columns } = elements[plan.dtype]
  const format = plan.stored?.format
  // a call of machine code takes about as long as this many products
  const native = threads.native && plan.products / plan.batch > 4096
  const module = loaded(threads, `contraction ${plan.dtype} ${format ?? ""}${native ? " native" : ""}`,
    () => packedModule(plan.dtype, format, native))
  const words = threads.memory.i32(args, argument.words)
  const [panelsA, panelsB] = [ceil(plan.m, rows), ceil(plan.n, columns)]
  const packedBytes = (panels: number, width: number, depth: number): number =>
    panels * width * ceil(depth, unroll) * unroll * bytes
  const bytesA = (depth: number): number => packedBytes(panelsA, rows, depth)
  const bytesB = (depth: number): number => packedBytes(panelsB, columns, depth)
  const space = rows * columns * bytes + (format === undefined ? 0 : storedScratch)

  const blockBytes = bytesA(plan.kBlock) + bytesB(plan.kBlock)
  if (blockBytes <= cacheResident && (plan.batch >= 8 || plan.products < worthSharing)) {
    threads.reserveScratch(space + blockBytes)
    const whole = module.kernel("whole")
    const grain = chunk(plan, plan.batch, plan.products / plan.batch)
    return () => threads.dispatch(whole, plan.batch, args, grain)
  }

  // few rows: B is used once, so each tile packs its own part of it; what is stored is not widened as a whole
  const once = panelsA <= (format === undefined ? onceRows : onceStoredRows)
  const batchesAtOnce = Math.max(1, Math.min(plan.batch, Math.floor(packedLimit / (bytesA(plan.k) + bytesB(plan.k)))))
  const blocksAtOnce = Math.max(1, Math.floor(packedLimit / blockBytes))
  const depthAtOnce = batchesAtOnce > 1 ? plan.k : Math.min(plan.k, blocksAtOnce * plan.kBlock)
  const { down, across } = once
    ? { down: panelsA, across: Math.max(4, Math.min(16, ceil(panelsB * plan.batch, 16))) }
    : tiling(plan, depthAtOnce)
  const [tilesDown, tilesAcross] = [ceil(panelsA, down), ceil(panelsB, across)]
  const [groupsA, groupsB] = [ceil(panelsA, panelGroup), once ? 0 : ceil(panelsB, panelGroup)]
  threads.reserveScratch(space + (once ? packedBytes(across, columns, plan.kBlock) : 0))
  const pack = module.kernel("pack")
  const multiply = module.kernel(once ? "columns" : "multiply")

  return () => {
    const sizeA = bytesA(depthAtOnce) * batchesAtOnce
    const area = threads.memory.allocateOrThrow(sizeA + (once ? 0 : bytesB(depthAtOnce) * batchesAtOnce))
    const [aBatch = 0, bBatch = 0, cBatch = 0] = words.subarray(argument.aBatch, argument.aBatch + 3)
    const [aSum = 0, bSum = 0] = words.subarray(argument.aSum, argument.aSum + 2)
    const { [argument.b]: b = 0, [argument.sSum]: sSum = 0 } = words
    const codeBytes = format === undefined ? 0 : bytesEach[format]
    try {
      for (let batch = 0; batch < plan.batch; batch += batchesAtOnce) {
        const batches = Math.min(batchesAtOnce, plan.batch - batch)
        for (let first = 0; first < plan.k; first += depthAtOnce) {
          const depth = Math.min(depthAtOnce, plan.k - first)
          const kBlocks = ceil(depth, plan.kBlock)
          const unitsA = groupsA * kBlocks * batches
          const unitsB = groupsB * kBlocks * batches
          const tiles = tilesDown * tilesAcross * batches
          const now = words
          now.set([aBatch, bBatch, cBatch].map((pointer) => pointer + batch * 4), argument.aBatch)
          now.set([aSum + first * 4, bSum + first * 4], argument.aSum)
          // codes are walked without the table
          now[argument.b] = b + first * codeBytes
          now[argument.sSum] = sSum + first * 4
          now[argument.k] = depth
          now[argument.accumulate] = plan.accumulate || first > 0 ? 1 : 0
          now.set([area, area + sizeA, bytesA(depth), bytesB(depth)], argument.packedA)
          now.set([down, across, tilesDown, tilesAcross, groupsA, groupsB, kBlocks, unitsA], argument.tileRows)
          threads.dispatch(pack, unitsA + unitsB, args, chunk(plan, unitsA + unitsB,
            plan.kBlock * panelGroup * columns * 8))
          threads.dispatch(multiply, tiles, args, chunk(plan, tiles, down * rows * across * columns * depth))
        }
      }
    } finally {
      words.set([aBatch, bBatch, cBatch], argument.aBatch)
      words.set([aSum, bSum], argument.aSum)
      words[argument.sSum] = sSum
      threads.memory.free(area)
    }
  }
}

/** Runs a plan of few rows. */
const skinny = (threads: Threads, plan: Layout, kind: "dot" | "stream" | "combine", args: number): (() => void) => {
  const { stored } = plan
  const module = stored === undefined
    ? loaded(threads, `contraction ${plan.dtype} of ${plan.m} rows`, () => skinnyModule(plan.dtype, plan.m))
    : loaded(threads, `contraction ${stored.format} ${stored.scaled ? "scaled " : ""}of ${plan.m} rows`,
      () => storedSkinnyModule(stored.format, plan.m, stored.scaled))
  threads.reserveScratch(stored === undefined
    ? skinnyScratch(plan.dtype, plan.m, plan.k) : storedSkinnyScratch(plan.m, plan.k))
  const kernel = module.kernel(kind)
  const { columns } = elements[plan.dtype]
  // the sums do not depend on the division, so it may depend on the threads
  const share = ceil(plan.n, threads.count * (kind === "combine" ? 1 : 8))
  const wanted = Math.max(share, ceil(chunkProducts / 4, plan.k * plan.m))
  const across = Math.min(combineColumns, ceil(wanted, 4 * columns) * 4 * columns)
  const tiles = ceil(plan.n, across)
  const words = threads.memory.i32(args, argument.words)
  words[argument.tileColumns] = across
  words[argument.tilesAcross] = tiles
  const units = tiles * plan.batch
  const grain = chunk(plan, units, across * plan.k * plan.m)
  return () => threads.dispatch(kernel, units, args, grain)
}

/** A sum over no k is zero everywhere. */
const zeros = (threads: Threads, plan: Layout, target: number): void => {
  if (plan.accumulate) return
  const { bytes } = elements[plan.dtype]
  for (const batch of plan.cBatch) {
    for (const row of plan.cRow) {
      for (const column of plan.cColumn) threads.memory.u8(target + batch + row + column, bytes).fill(0)
    }
  }
}

/**
 * Binds a contraction to a pool for the time of the scope: loads the kernels it needs (once a pool) and places its
 * offset tables. Running it then costs no more than one or two dispatches, or a few more where packing both operands
 * would take more than `packedLimit` bytes (128 MiB).
 */
export const bindContraction = (
  threads: Threads, contraction: Contraction, packedLimit: number = defaultPackedLimit
): Effect.Effect<BoundContraction, OutOfMemory, Scope.Scope> => Effect.gen(function* () {
  const plan = layout(contraction)
  const flops = 2 * plan.products
  if (plan.batch * plan.m * plan.n === 0) return { flops, run: () => undefined }
  if (plan.k === 0) return { flops, run: (_a: number, _b: number, c: number) => zeros(threads, plan, c) }

  const { memory } = threads
  const tables = [
    ["aRow", plan.aRow], ["aSum", plan.aSum], ["bSum", plan.bSum], ["bColumn", plan.bColumn], ["cRow", plan.cRow],
    ["cColumn", plan.cColumn], ["aBatch", plan.aBatch], ["bBatch", plan.bBatch], ["cBatch", plan.cBatch],
    ...plan.stored ? [["sColumn", plan.stored.sColumn] as const, ["sSum", plan.stored.sSum] as const] : []
  ] as const
  const length = tables.reduce((total, [, table]) => total + table.length, 0)
  const block = yield* Effect.acquireRelease(
    memory.allocate((argument.words + length) * 4), (pointer) => Effect.sync(() => memory.free(pointer))
  )
  const words = memory.i32(block, argument.words + length)
  words.fill(0, 0, argument.words)
  let at: number = argument.words
  for (const [name, table] of tables) {
    words[argument[name]] = block + at * 4
    words.set(table, at)
    at += table.length
  }
  words.set([plan.m, plan.n, plan.k, plan.kBlock, plan.aGather, plan.bGather, plan.accumulate ? 1 : 0,
    plan.denseC ? 1 : 0],
    argument.m)
  words[argument.aDense] = plan.aDense ? 1 : 0
  words[argument.scaled] = plan.stored?.scaled === true ? 1 : 0
  const start = yield* Effect.suspend(() => {
    try {
      return Effect.succeed(
        plan.skinny === "none" ? packed(threads, plan, block, packedLimit) : skinny(threads, plan, plan.skinny, block))
    } catch (error) {
      return error instanceof OutOfMemory ? Effect.fail(error) : Effect.die(error)
    }
  })
  const [first, second] = plan.swapped ? [argument.b, argument.a] as const : [argument.a, argument.b] as const
  return {
    flops,
    run: (a: number, b: number, c: number, scale = 0) => {
      words[first] = a
      words[second] = b
      words[argument.c] = c
      words[argument.scale] = scale
      start()
    }
  }
})
