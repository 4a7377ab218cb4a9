/**
 * The cpu engine: compiles graphs to WebAssembly kernels over one shared memory and a pool of threads. It has every
 * dtype. Results are the same to the bit for every number of threads.
 */
import { Effect } from "effect"
import type { BackendError, Engine, Memory as Handle } from "../../backend.ts"
import { BackendFailure, InvalidBuffer, OutOfMemory } from "../../backend.ts"
import type { DType } from "../../dtype.ts"
import { byteSize, view } from "../../dtype.ts"
import * as Kernels from "./kernels.ts"
import * as Memory from "./memory.ts"
import { Block, compile } from "./program.ts"
import type { Threads } from "./threads.ts"
import { ThreadError } from "./threads.ts"

const name = "cpu"
const dtypes: ReadonlySet<DType> = new Set<DType>(["f32", "f64", "i32", "u32", "bool", "f16", "bf16", "i8"])

const blockOf = (memory: Handle): Block => {
  if (memory instanceof Block && memory.live) return memory
  throw new InvalidBuffer({ name, message: `${name}: a block was freed or donated, or is not this backend's` })
}

const failure = (cause: unknown): BackendError => {
  if (cause instanceof InvalidBuffer) return cause
  if (cause instanceof Memory.OutOfMemory)
    return new OutOfMemory({ backend: name, bytes: cause.asked, message: `${name}: ${cause.message}` })
  if (cause instanceof ThreadError) return new BackendFailure({ backend: name, message: `${name}: ${cause.message}` })
  if (cause instanceof WebAssembly.CompileError)
    return new BackendFailure({ backend: name, message: `${name}: a kernel was refused: ${cause.message}` })
  throw cause
}

const attempt = <T>(run: () => T): Effect.Effect<T, BackendError> => Effect.try({ try: run, catch: failure })

/** An engine over a pool. `fuse: false` gives every stored expression a kernel of its own. */
export const make = (threads: Threads, options: { readonly fuse?: boolean } = {}): Engine => {
  const { memory } = threads
  const kernels = Kernels.make(threads)
  return {
    name,
    dtypes,
    compile: (graph) =>
      Effect.gen(function* () {
        const program = yield* Effect.catchCause(
          Effect.mapError(compile(graph, threads, kernels, { fuse: options.fuse ?? true }), failure),
          (cause) => Effect.failCause(cause)
        )
        return { run: (inputs) => attempt(() => program.run(inputs.map(blockOf))) }
      }),
    write: (dtype, data) =>
      attempt(() => {
        const pointer = memory.allocateOrThrow(data.byteLength)
        view(dtype, memory.wasm.buffer, pointer, data.length).set(data)
        return new Block(pointer, dtype, data.length)
      }),
    read: (handle) =>
      attempt(() => {
        const { dtype, pointer, length } = blockOf(handle)
        const bytes = new Uint8Array(length * byteSize(dtype))
        bytes.set(memory.u8(pointer, bytes.length))
        return view(dtype, bytes.buffer, 0, length)
      }),
    free: (handle) => {
      if (!(handle instanceof Block) || !handle.live) return
      handle.live = false
      memory.free(handle.pointer)
    }
  }
}
