/** The backends that a visitor can choose, why one may be missing, and how it is made in the page's worker. */
import { Effect, Layer } from "effect"
import { Backend, type BackendError } from "../src/algebra/backend.ts"
import * as Cpu from "../src/algebra/backends/cpu/index.ts"
import * as Webgpu from "../src/algebra/backends/webgpu/index.ts"
import type { Machine, Place } from "./messages.ts"
import { backendNames, type BackendName } from "./names.ts"

interface Offered {
  /** Why it cannot be had here; undefined where it can. */
  readonly refusal: Effect.Effect<string | undefined>
  readonly layer: (place: Place) => Layer.Layer<Backend, BackendError>
}

const backends: Readonly<Record<BackendName, Offered>> = {
  cpu: {
    refusal: Effect.sync(() => typeof WebAssembly === "object" ? undefined : "this browser has no WebAssembly"),
    layer: ({ threads }) => Cpu.layerWith({ threads })
  },
  webgpu: {
    refusal: Webgpu.missing,
    layer: () => Webgpu.layer
  }
}

/** Most milliseconds for which the worker does not listen, where it can be helped. */
const patience = 50

/**
 * The backend that lets the worker listen now and then, as a run of the cpu backend does not: every job reads its
 * results, so a message that stops it is heard at a reading.
 */
const listening = (layer: Layer.Layer<Backend, BackendError>): Layer.Layer<Backend, BackendError> =>
  Layer.effect(Backend, Effect.gen(function*() {
    const backend = yield* Backend
    let heard = performance.now()
    const listen = Effect.suspend(() => {
      if (performance.now() - heard < patience) return Effect.void
      return Effect.andThen(Effect.yieldNow, Effect.sync(() => { heard = performance.now() }))
    })
    return Backend.of({ ...backend, read: (buffer) => Effect.andThen(listen, backend.read(buffer)) })
  })).pipe(Layer.provide(layer))

/** The backend of a place. */
export const layer = (place: Place): Layer.Layer<Backend, BackendError> =>
  listening(backends[place.backend].layer(place))

/** What this browser offers, seen from the thread that asks. */
export const machine: Effect.Effect<Machine> = Effect.gen(function*() {
  const refusals = yield* Effect.forEach(backendNames, (name) =>
    Effect.map(backends[name].refusal, (refusal) => [name, refusal] as const))
  const shares = globalThis.crossOriginIsolated
  return {
    threads: shares ? Math.max(1, Math.min(8, navigator.hardwareConcurrency)) : 1,
    alone: shares ? undefined : "this page was served without the headers that let threads share memory",
    refusals: Object.fromEntries(refusals.filter(([, refusal]) => refusal !== undefined))
  }
})
