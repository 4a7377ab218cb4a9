/**
 * One shared, growable WebAssembly memory (wasm32: up to 4 GiB) and its allocator. Free blocks sit in bins by size,
 * four to a power of two, and join their free neighbours at once, so a long training loop does not fragment: when
 * everything has been freed there is one free block. Only the thread that made the memory allocates.
 */
import { Data, Effect, type Scope } from "effect"

/** No block of that size is left under the memory's limit. All in bytes. */
export class OutOfMemory extends Data.TaggedError("OutOfMemory")<{
  readonly asked: number
  readonly inUse: number
  readonly limit: number
  readonly message: string
}> {}

const pageBytes = 65536
const alignment = 64
/** Address 0 is never handed out, so that it can mean nothing. */
const firstAddress = alignment

const roundUp = (bytes: number, unit: number): number => Math.ceil(bytes / unit) * unit

/**
 * The bin of a block size in units of `alignment`: sizes from 4 units on share a bin with those less than a quarter
 * larger.
 */
const binOf = (bytes: number): number => {
  const units = bytes / alignment
  if (units < 4) return units
  const exponent = 31 - Math.clz32(units)
  return exponent * 4 + (Math.floor(units / 2 ** (exponent - 2)) & 3) - 4
}
const bins = 128

/** The shared memory with its allocator. Pointers are byte addresses, multiples of 64, from 64 to below 2^32. */
export interface Memory {
  readonly wasm: WebAssembly.Memory
  /** Bytes allocated now, in whole blocks of 64. */
  readonly inUse: () => number
  /** The most that `inUse` has been. */
  readonly peak: () => number
  /** A block of at least `bytes`, its contents unspecified. */
  readonly allocate: (bytes: number) => Effect.Effect<number, OutOfMemory>
  /** The same outside Effect: throws `OutOfMemory`. */
  readonly allocateOrThrow: (bytes: number) => number
  /** Gives a block back; a pointer that is not an allocated block is a defect and throws RangeError. */
  readonly free: (pointer: number) => void
  /** Views on [pointer, pointer + length elements). They stay valid as the memory grows, and end with `free`. */
  readonly f32: (pointer: number, length: number) => Float32Array<ArrayBufferLike>
  readonly f64: (pointer: number, length: number) => Float64Array<ArrayBufferLike>
  readonly i32: (pointer: number, length: number) => Int32Array<ArrayBufferLike>
  readonly u32: (pointer: number, length: number) => Uint32Array<ArrayBufferLike>
  readonly u8: (pointer: number, length: number) => Uint8Array<ArrayBufferLike>
}

/**
 * The largest memory the engine will reserve: some refuse 4 GiB of address space, so half is asked for until one is
 * given.
 */
const reserve = (limit: number): WebAssembly.Memory => {
  const maximum = Math.max(1, Math.floor(limit / pageBytes))
  try {
    // every module imports a maximum of 65536 pages and any smaller maximum matches it
    return new WebAssembly.Memory({ initial: 1, maximum, shared: true })
  } catch (refusal) {
    if (maximum <= 256) throw refusal
    return reserve(limit / 2)
  }
}

const unsafeMake = (limit: number): Memory => {
  const wasm = reserve(limit)
  const sizes = new Map<number, number>()
  const freeByStart = new Map<number, number>()
  const freeByEnd = new Map<number, number>()
  const free = Array.from({ length: bins }, () => new Set<number>())
  let inUse = 0
  let peak = 0

  const binAt = (index: number): Set<number> => {
    const bin = free[index]
    if (bin === undefined) throw new RangeError(`no bin ${index}`)
    return bin
  }
  const take = (start: number, size: number): void => {
    freeByStart.delete(start)
    freeByEnd.delete(start + size)
    binAt(binOf(size)).delete(start)
  }
  const give = (start: number, size: number): void => {
    const before = freeByEnd.get(start)
    const from = before ?? start
    if (before !== undefined) take(before, start - before)
    const after = freeByStart.get(start + size)
    const to = start + size + (after ?? 0)
    if (after !== undefined) take(start + size, after)
    freeByStart.set(from, to - from)
    freeByEnd.set(to, from)
    binAt(binOf(to - from)).add(from)
  }
  const find = (size: number): { readonly start: number; readonly size: number } | undefined => {
    const exact = binOf(size)
    for (let index = exact; index < bins; index++) {
      for (const start of binAt(index)) {
        const found = freeByStart.get(start)
        if (found !== undefined && found >= size) return { start, size: found }
      }
    }
    return undefined
  }
  const grow = (size: number): boolean => {
    const end = wasm.buffer.byteLength
    const lastFree = freeByEnd.get(end)
    const missing = Math.ceil((size - (lastFree === undefined ? 0 : end - lastFree)) / pageBytes)
    const generous = Math.max(missing, Math.min(Math.floor(end / pageBytes / 4), 1024))
    for (const pages of generous > missing ? [generous, missing] : [missing]) {
      try {
        wasm.grow(pages)
        give(end, wasm.buffer.byteLength - end)
        return true
      } catch {
        // refused: a smaller growth may still be granted
      }
    }
    return false
  }
  const allocateOrThrow = (bytes: number): number => {
    const size = Math.max(alignment, roundUp(bytes, alignment))
    const refuse = (): never => {
      throw new OutOfMemory({
        asked: bytes, inUse, limit,
        message: `out of memory: asked for ${bytes} bytes with ${inUse} of at most ${limit} in use`
      })
    }
    if (!(bytes >= 0) || size > limit) return refuse()
    const block = find(size) ?? (grow(size) ? find(size) : undefined)
    if (block === undefined) return refuse()
    take(block.start, block.size)
    if (block.size > size) give(block.start + size, block.size - size)
    sizes.set(block.start, size)
    inUse += size
    peak = Math.max(peak, inUse)
    return block.start
  }

  give(firstAddress, wasm.buffer.byteLength - firstAddress)
  return {
    wasm,
    inUse: () => inUse,
    peak: () => peak,
    allocateOrThrow,
    allocate: (bytes) => Effect.suspend(() => {
      try {
        return Effect.succeed(allocateOrThrow(bytes))
      } catch (error) {
        return error instanceof OutOfMemory ? Effect.fail(error) : Effect.die(error)
      }
    }),
    free: (pointer) => {
      const size = sizes.get(pointer)
      if (size === undefined) throw new RangeError(`free of ${pointer}, which is not an allocated block`)
      sizes.delete(pointer)
      inUse -= size
      give(pointer, size)
    },
    f32: (pointer, length) => new Float32Array(wasm.buffer, pointer, length),
    f64: (pointer, length) => new Float64Array(wasm.buffer, pointer, length),
    i32: (pointer, length) => new Int32Array(wasm.buffer, pointer, length),
    u32: (pointer, length) => new Uint32Array(wasm.buffer, pointer, length),
    u8: (pointer, length) => new Uint8Array(wasm.buffer, pointer, length)
  }
}

/**
 * Makes a memory that may grow to `limit` bytes (default 4 GiB, all that wasm32 can address; it is reserved as address
 * space, not used). Nothing has to be released: the engine collects it when no thread and no view holds it.
 */
export const makeMemory = (limit: number = 2 ** 32): Effect.Effect<Memory> => Effect.sync(() => unsafeMake(limit))

/** A block for the time of a scope. */
export const allocateScoped = (memory: Memory, bytes: number): Effect.Effect<number, OutOfMemory, Scope.Scope> =>
  Effect.acquireRelease(memory.allocate(bytes), (pointer) => Effect.sync(() => memory.free(pointer)))
