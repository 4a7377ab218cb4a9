/**
 * A pool of threads over one shared memory. A kernel is a WebAssembly export (begin, end, args, scratch) that does the
 * work units [begin, end); `dispatch` runs one over all threads, the calling one included, and returns when it is done.
 * Which thread does which units is not fixed, so a kernel must give the same result for every division of its units.
 */
import { Data, Effect, type Scope } from "effect"
import { type Addresses, procedures } from "../native/machine.ts"
import { control, instantiate, type Start } from "./job.ts"
import { cores, isNode } from "./machine.ts"
import type { Memory, OutOfMemory } from "./memory.ts"

/**
 * A worker could not start, was lost, or a kernel trapped in it. `thread` is 0 for the calling thread, -1 if unknown.
 */
export class ThreadError extends Data.TaggedError("ThreadError")<{
  readonly thread: number
  readonly message: string
}> {}

/** A kernel of a loaded module. */
export interface Kernel {
  readonly name: string
  /** The module's number, address and length, and the export's place in it: what a worker needs to find it. */
  readonly module: number
  readonly pointer: number
  readonly length: number
  readonly index: number
  /** Runs units [begin, end) here and now. */
  readonly call: (begin: number, end: number, args: number, scratch: number) => void
}

/** The kernels of a loaded module by export name. */
export interface LoadedModule {
  readonly kernel: (name: string) => Kernel
}

export interface Threads {
  /** How many threads take part, the calling one included. */
  readonly count: number
  readonly memory: Memory
  /** Whether modules may import machine code. */
  readonly native: boolean
  /**
   * Makes a module available on every thread; loading the same bytes under the same `key` again gives the loaded one.
   * `scratch` is how many bytes of scratch its kernels need on each thread. Throws OutOfMemory.
   */
  readonly load: (bytes: Uint8Array<ArrayBuffer>, options?: { readonly scratch?: number; readonly key?: string }) =>
    LoadedModule
  /** Makes every thread's scratch area at least this large. Throws OutOfMemory. */
  readonly reserveScratch: (bytes: number) => void
  /**
   * Runs `kernel` over units [0, units) in chunks of `grain` units, taken as threads get free; a single chunk runs
   * here. `args` is the address of the kernel's i32 arguments. Throws ThreadError.
   */
  readonly dispatch: (kernel: Kernel, units: number, args: number, grain: number) => void
}

interface Worker {
  readonly ready: Promise<void>
  readonly onLost: (listener: (reason: string) => void) => void
  /** Resolves when it does nothing more. */
  readonly terminate: () => Promise<unknown>
}

/** The one function that knows what a worker is made of. */
const startWorker = async (start: Start): Promise<Worker> => {
  if (isNode) {
    // the file's ending is that of this file: .ts from source, .js built
    const url = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url)
    const { Worker: NodeWorker } = await import("node:worker_threads")
    const worker = new NodeWorker(url, { workerData: start, execArgv: [], name: `noether-${start.thread}` })
    const lost: ((reason: string) => void)[] = []
    worker.on("error", (error) => lost.forEach((listener) => listener(String(error))))
    worker.on("exit", (code) => lost.forEach((listener) => listener(`exited with code ${code}`)))
    worker.unref()
    return {
      ready: new Promise((resolve, reject) => {
        worker.ref()
        worker.once("message", () => {
          worker.unref()
          resolve()
        })
        lost.push((reason) => reject(new Error(reason)))
      }),
      onLost: (listener) => lost.push(listener),
      terminate: () => worker.terminate()
    }
  }
  // spelled out as bundlers look for it; they take worker.ts for worker.js where they bundle the source
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" })
  const ready = new Promise<void>((resolve, reject) => {
    worker.addEventListener("message", () => resolve(), { once: true })
    worker.addEventListener("error", (event) => reject(new Error(event.message)), { once: true })
  })
  worker.postMessage(start)
  return {
    ready,
    onLost: (listener) => worker.addEventListener("error", (event) => listener(event.message)),
    terminate: async () => worker.terminate()
  }
}

/** How long `dispatch` waits for a chunk that another thread holds before it counts that thread as lost. */
const patienceMilliseconds = 60_000

const defaultThreads = (): number => Math.max(1, Math.min(8, cores()))

const unsafePool = (memory: Memory, pointer: number, native: Addresses | undefined, workers: () => number) => {
  const machine = native === undefined ? undefined : procedures(native)
  const words = memory.i32(pointer, control.bytes / 4)
  words.fill(0)
  words[control.joined] = control.closed
  const modules = new Map<string, LoadedModule>()
  const blocks: number[] = []
  const lost: ThreadError[] = []
  const scratch: number[] = []
  let scratchBytes = 0
  let made = 0
  let broken = false

  const reserveScratch = (bytes: number, count: number): void => {
    if (bytes <= scratchBytes && scratch.length >= count) return
    const size = Math.max(bytes, scratchBytes)
    for (const old of scratch.splice(0)) memory.free(old)
    scratchBytes = 0
    for (let thread = 0; thread < count; thread++) {
      const area = memory.allocateOrThrow(size)
      scratch.push(area)
      words[control.scratch + thread] = area
    }
    scratchBytes = size
  }

  const load = (bytes: Uint8Array<ArrayBuffer>, key: string): LoadedModule => {
    const known = modules.get(key)
    if (known !== undefined) return known
    const address = memory.allocateOrThrow(bytes.length)
    blocks.push(address)
    memory.u8(address, bytes.length).set(bytes)
    const id = ++made
    const names = WebAssembly.Module.exports(new WebAssembly.Module(bytes)).map(({ name }) => name)
    const exported = instantiate(bytes, memory.wasm, machine)
    const kernels = new Map<string, Kernel>()
    exported.forEach((value, index) => {
      const name = names[index] ?? ""
      // a WebAssembly export has no static type; kernels take four i32 by contract
      const call = value as Kernel["call"]
      kernels.set(name, { name, module: id, pointer: address, length: bytes.length, index, call })
    })
    const module: LoadedModule = {
      kernel: (name) => {
        const kernel = kernels.get(name)
        if (kernel !== undefined) return kernel
        throw new RangeError(`module has no kernel ${name}, only ${[...kernels.keys()].join(", ")}`)
      }
    }
    modules.set(key, module)
    return module
  }

  const failure = (): ThreadError => {
    const length = Atomics.load(words, control.failed) - 1
    const text = new TextDecoder().decode(memory.u8(pointer + control.bytes, length).slice())
    Atomics.store(words, control.failed, 0)
    return new ThreadError({ thread: -1, message: `a kernel failed in a worker: ${text}` })
  }

  const alone = (kernel: Kernel, units: number, args: number): void => {
    try {
      kernel.call(0, units, args, words[control.scratch] ?? 0)
    } catch (error) {
      throw new ThreadError({ thread: 0, message: `kernel ${kernel.name} failed: ${String(error)}` })
    }
  }

  const join = (): void => {
    let patience = 0
    let deadline = 0
    while ((Atomics.load(words, control.joined) & ~control.closed) !== 0) {
      if (++patience % 65536 !== 0) continue
      const now = performance.now()
      if (patience === 65536) deadline = now + patienceMilliseconds
      if (now > deadline) {
        broken = true
        throw new ThreadError({ thread: -1, message: `a worker did not finish its part in ${patienceMilliseconds} ms` })
      }
    }
  }

  const dispatch = (kernel: Kernel, units: number, args: number, grain: number): void => {
    if (broken) throw new ThreadError({ thread: -1, message: "the pool was given up after a worker did not finish" })
    const gone = lost.pop()
    if (gone !== undefined) throw gone
    if (units <= 0) return
    if (units <= grain || workers() === 0) return alone(kernel, units, args)
    words[control.module] = kernel.module
    words[control.modulePointer] = kernel.pointer
    words[control.moduleLength] = kernel.length
    words[control.kernel] = kernel.index
    words[control.units] = units
    words[control.grain] = grain
    words[control.args] = args
    Atomics.store(words, control.next, 0)
    Atomics.and(words, control.joined, ~control.closed)
    Atomics.add(words, control.epoch, 1)
    if (Atomics.load(words, control.sleeping) > 0) Atomics.notify(words, control.epoch)
    try {
      const area = words[control.scratch] ?? 0
      for (;;) {
        const begin = Atomics.add(words, control.next, grain)
        if (begin >= units || begin < 0) break
        kernel.call(begin, Math.min(begin + grain, units), args, area)
      }
    } catch (error) {
      Atomics.store(words, control.next, 0x40000000)
      Atomics.store(words, control.failed, 0)
      throw new ThreadError({ thread: 0, message: `kernel ${kernel.name} failed: ${String(error)}` })
    } finally {
      Atomics.or(words, control.joined, control.closed)
      join()
    }
    if (Atomics.load(words, control.failed) !== 0) throw failure()
  }

  const stop = (): void => {
    Atomics.store(words, control.stop, 1)
    Atomics.add(words, control.epoch, 1)
    Atomics.notify(words, control.epoch)
  }
  const release = (): void => {
    for (const block of [...blocks, ...scratch]) memory.free(block)
  }
  return { reserveScratch, load, dispatch, stop, release, lost }
}

const textOf = (bytes: Uint8Array): string => {
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/**
 * Starts a pool over `memory` that ends with the scope. `threads` counts the calling thread (1 starts no worker) and is
 * by default the machine's cores, at most 8: contractions gain little beyond. Idle workers sleep, and do not keep a
 * process alive. Kernels call machine code at the addresses of `native`, if there are any.
 */
export const makeThreads = (
  memory: Memory, threads: number = defaultThreads(), native?: Addresses
): Effect.Effect<Threads, ThreadError | OutOfMemory, Scope.Scope> => Effect.gen(function* () {
  const count = Math.max(1, Math.min(control.maximumThreads, Math.floor(threads)))
  const pointer = yield* Effect.acquireRelease(
    memory.allocate(control.bytes + control.messageBytes), (block) => Effect.sync(() => memory.free(block))
  )
  let alive = 0
  const pool = unsafePool(memory, pointer, native, () => alive)
  yield* Effect.addFinalizer(() => Effect.sync(pool.release))
  let closing = false
  yield* Effect.forEach(Array.from({ length: count - 1 }, (_, i) => i + 1), (thread) => Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const worker = await startWorker({ memory: memory.wasm, pointer, thread, native })
        await worker.ready
        alive += 1
        worker.onLost((reason) => {
          if (closing) return
          alive -= 1
          pool.lost.push(new ThreadError({ thread, message: `worker ${thread} was lost: ${reason}` }))
        })
        return worker
      },
      catch: (cause) => new ThreadError({ thread, message: `worker ${thread} did not start: ${String(cause)}` })
    }),
    (worker) => Effect.promise(() => {
      closing = true
      pool.stop()
      return worker.terminate()
    })
  ), { concurrency: "unbounded" })
  pool.reserveScratch(65536, count)
  return {
    count, memory, native: native !== undefined,
    load: (bytes, options = {}) => {
      pool.reserveScratch(options.scratch ?? 0, count)
      return pool.load(bytes, options.key ?? textOf(bytes))
    },
    reserveScratch: (bytes) => pool.reserveScratch(bytes, count),
    dispatch: pool.dispatch
  }
})
