/**
 * The cpu backend: WebAssembly written at run time, with SIMD and threads over shared memory, the same in Node and in
 * browsers. Laws: laws/algebra/backends/cpu/.
 */
import { Effect, Layer } from "effect"
import type { BackendError } from "../../backend.ts"
import { Backend, BackendFailure, OutOfMemory } from "../../backend.ts"
import * as Engine from "./engine.ts"
import { makeMemory } from "./memory.ts"
import { native } from "../native/index.ts"
import { makeThreads, ThreadError } from "./threads.ts"

export interface Options {
  /** Threads, the calling one included; by default the machine's cores, at most 8. */
  readonly threads?: number
  /** Most bytes of memory; by default 4 GiB, all that can be addressed. */
  readonly memory?: number
  /** Whether expressions share kernels; by default they do. */
  readonly fuse?: boolean
  /**
   * Whether contractions run in machine code: by default wherever that can be had; if true they must, and the Layer
   * fails with the reason where they cannot; if false they do not.
   */
  readonly native?: boolean
}

/** Where machine code is to be had and wanted, its addresses. */
const machineCode = (memory: WebAssembly.Memory, wanted: boolean | undefined) => {
  if (wanted === false) return Effect.undefined
  return Effect.catch(native(memory), ({ message }) => wanted === true
    ? Effect.fail(new BackendFailure({ backend: "cpu", message: `cpu: no machine code: ${message}` }))
    : Effect.undefined)
}

/** The backend with these options; its threads and memory end with the Layer's scope. */
export const layerWith = (options: Options = {}): Layer.Layer<Backend, BackendError> =>
  Layer.effect(
    Backend,
    Effect.gen(function* () {
      const memory = yield* makeMemory(options.memory)
      const machine = yield* machineCode(memory.wasm, options.native)
      const threads = yield* Effect.mapError(makeThreads(memory, options.threads, machine), (cause) =>
        cause instanceof ThreadError
          ? new BackendFailure({ backend: "cpu", message: `cpu: ${cause.message}` })
          : new OutOfMemory({ backend: "cpu", bytes: cause.asked, message: `cpu: ${cause.message}` })
      )
      return Backend.make(Engine.make(threads, { fuse: options.fuse ?? true }))
    })
  )

/** The backend with its defaults. */
export const layer: Layer.Layer<Backend, BackendError> = layerWith()
