/**
 * The webgpu backend: WGSL written at run time, the same in browsers (`navigator.gpu`) and in Node (Dawn, the package
 * `webgpu`). It has no f64. Laws: laws/algebra/backends/webgpu/.
 */
import { Effect, Layer } from "effect"
import type { BackendError } from "../../backend.ts"
import { Backend } from "../../backend.ts"
import { makeDevice } from "./device.ts"
import * as Engine from "./engine.ts"
import type { AdapterOptions } from "./gpu.ts"
import * as Gpu from "./gpu.ts"
import { makeMemory } from "./memory.ts"
import { makePipelines } from "./pipelines.ts"

export interface Options extends AdapterOptions {
  /** Most bytes of buffers; by default what the device gives. */
  readonly memory?: number
  /** Whether expressions share kernels; by default they do. */
  readonly fuse?: boolean
  /**
   * Rows at least this long are shared by the invocations of a workgroup, and contractions are tiled; by default 32,
   * and infinite where a processor plays the GPU, since meeting costs more there than working alone.
   */
  readonly sharedFrom?: number
}

/** The backend with these options; its device ends with the Layer's scope. Fails where there is no adapter. */
export const layerWith = (options: Options = {}): Layer.Layer<Backend, BackendError> =>
  Layer.effect(
    Backend,
    Effect.gen(function* () {
      const device = yield* makeDevice(options)
      return Backend.make(
        Engine.make({
          device,
          memory: makeMemory(device, options.memory),
          pipelines: makePipelines(device),
          fuse: options.fuse ?? true,
          sharedFrom: options.sharedFrom ?? (device.software ? Infinity : 32)
        })
      )
    })
  )

/** The backend with its defaults. */
export const layer: Layer.Layer<Backend, BackendError> = layerWith()

/** Why there is no adapter here; undefined where there is one. */
export const missing: Effect.Effect<string | undefined> = Effect.match(Gpu.adapter(), {
  onFailure: (reason) => reason,
  onSuccess: () => undefined
})
