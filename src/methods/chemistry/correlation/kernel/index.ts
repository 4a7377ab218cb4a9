/**
 * The operator of sigma.ts with its products by a WebAssembly kernel, over threads that end with the scope. It gives
 * the same numbers up to rounding; plain code is its oracle, and faster where strings are few.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import { makeMemory } from "../../../../algebra/backends/cpu/memory.ts"
import { makeThreads } from "../../../../algebra/backends/cpu/threads.ts"
import type { Operator, Parity, Prepared } from "../sigma.ts"
import { symmetrised } from "../sigma.ts"
import { argument, productModule, scratchBytes, together } from "./product.ts"

let bytes: Uint8Array<ArrayBuffer> | undefined

/** Bytes that the kernel takes beside what plain code takes. */
export const kernelBytes = (strings: number, width: number, alone: number): number =>
  16 * strings ** 2 + 40 * strings * width + 12 * alone

/** The operator; its products block the thread that asks for them until they are there. */
export const operatorByKernel = (
  { size, pairs, alone, groups, over, place, integrals, diagonal }: Prepared, parity: Parity, threads: number
): Effect.Effect<Operator, never, Scope.Scope> => Effect.orDie(Effect.gen(function* () {
  const { to, pair, sign, width } = over
  const held = 16 * size * size + 40 * to.length + 16 * alone.value.length + 8 * integrals.length
  // one unit a thread, since each gathers columns for its own rows
  const rows = Math.ceil(size / threads)
  const scratch = scratchBytes(size, rows, width)
  const memory = yield* makeMemory(Math.min(2 ** 32, held + 2 * threads * scratch + 2 ** 24))
  const pool = yield* makeThreads(memory, threads)
  const put = (data: Float64Array | Uint32Array) => Effect.map(memory.allocate(data.byteLength + 16), (address) => {
    if (data instanceof Float64Array) memory.f64(address, data.length).set(data)
    else memory.u32(address, data.length).set(data)
    return address
  })
  const vector = yield* memory.allocate(8 * (size * size + together))
  const sigma = yield* memory.allocate(8 * size * size)
  const args = yield* memory.allocate(4 * argument.words)
  const given: Readonly<Record<Exclude<keyof typeof argument, "words">, number>> = {
    c: vector, sigma, size, rows, pairs, width,
    aloneStart: yield* put(alone.start), aloneColumn: yield* put(alone.column), aloneValue: yield* put(alone.value),
    start: yield* put(groups.start), from: yield* put(groups.from), to: yield* put(groups.to),
    sign: yield* put(Float64Array.from(groups.sign)),
    target: yield* put(to), pair: yield* put(pair.map((pq) => place[pq]!)),
    targetSign: yield* put(Float64Array.from(sign)), integrals: yield* put(integrals)
  }
  const words = memory.i32(args, argument.words)
  for (const [name, value] of Object.entries(given)) words[argument[name as keyof typeof given]] = value
  bytes ??= productModule()
  const kernel = pool.load(bytes, { scratch, key: "configuration interaction" }).kernel("product")
  return {
    dimension: size * size,
    diagonal,
    apply: (c) => {
      memory.f64(vector, c.length).set(c)
      pool.dispatch(kernel, Math.ceil(size / rows), args, 1)
      return symmetrised(memory.f64(sigma, c.length).slice(), size, parity)
    }
  }
}))
