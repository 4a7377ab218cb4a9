/**
 * The webgpu engine: compiles graphs to WGSL kernels. It has every dtype but f64. A run only submits its commands;
 * reading a result waits for them.
 */
import { Effect } from "effect"
import type { BackendError, Engine, Memory as Handle } from "../../backend.ts"
import { BackendFailure, InvalidBuffer, OutOfMemory } from "../../backend.ts"
import type { DType } from "../../dtype.ts"
import { failed, name } from "./device.ts"
import { Block } from "./memory.ts"
import type { Machine } from "./program.ts"
import { compile } from "./program.ts"
import { bytesOf, pack, unpack } from "./storage.ts"

const dtypes: ReadonlySet<DType> = new Set<DType>(["f32", "i32", "u32", "bool", "f16", "bf16", "i8"])

const blockOf = (memory: Handle): Block => {
  if (memory instanceof Block && memory.live) return memory
  throw new InvalidBuffer({ name, message: `${name}: a block was freed or donated, or is not this backend's` })
}

const isBackendError = (cause: unknown): cause is BackendError =>
  cause instanceof InvalidBuffer || cause instanceof BackendFailure || cause instanceof OutOfMemory

/** What is thrown on the way, as a failure; what WebGPU itself throws once its device is gone, too. */
const caught = <A, R>(effect: Effect.Effect<A, BackendError, R>): Effect.Effect<A, BackendError, R> =>
  Effect.catchDefect(effect, (cause) =>
    isBackendError(cause) ? Effect.fail(cause)
      : cause instanceof DOMException || (cause instanceof Error && /device|lost|destroyed/i.test(cause.message))
        ? Effect.fail(failed(cause.message)) : Effect.die(cause))

export const make = (machine: Machine): Engine => {
  const { device, memory } = machine
  const checked = <A, R>(effect: () => Effect.Effect<A, BackendError, R>): Effect.Effect<A, BackendError, R> =>
    caught(Effect.suspend(() => {
      device.check()
      return effect()
    }))
  return {
    name,
    dtypes,
    compile: (graph) =>
      Effect.map(checked(() => compile(graph, machine)), (program) => ({
        run: (inputs) => checked(() => program.run(inputs.map(blockOf)))
      })),
    write: (dtype, data) =>
      checked(() =>
        Effect.map(
          memory.allocating(() => {
            const bytes = bytesOf(dtype, data.length)
            if (bytes > device.limits.binding)
              throw new OutOfMemory({
                backend: name,
                bytes,
                message: `${name}: a tensor of ${bytes} bytes, and a kernel of this adapter sees at most ${device.limits.binding}`
              })
            return memory.allocate(bytes)
          }, memory.free),
          (buffer) => {
            memory.upload(buffer, pack(dtype, data))
            return new Block(buffer, dtype, data.length)
          }
        )
      ),
    read: (handle) =>
      checked(() => {
        const { buffer, dtype, length } = blockOf(handle)
        return Effect.map(memory.download(buffer, 0, bytesOf(dtype, length)), (bytes) => {
          device.check()
          return unpack(dtype, bytes, length)
        })
      }),
    free: (handle) => {
      if (!(handle instanceof Block) || !handle.live) return
      handle.live = false
      memory.free(handle.buffer)
    }
  }
}
