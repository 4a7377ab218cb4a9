/** Adapters and devices: what is missing is a typed error that says so, and one lost device is not the last. */
import { Cause, Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { Backend, BackendFailure } from "../../../../src/algebra/backend.ts"
import { makeDevice } from "../../../../src/algebra/backends/webgpu/device.ts"
import * as Engine from "../../../../src/algebra/backends/webgpu/engine.ts"
import { layerWith } from "../../../../src/algebra/backends/webgpu/index.ts"
import { makeMemory } from "../../../../src/algebra/backends/webgpu/memory.ts"
import { makePipelines } from "../../../../src/algebra/backends/webgpu/pipelines.ts"
import * as T from "../../../../src/algebra/tensor.ts"
import { withoutAdapter } from "./machine.ts"

const sum = T.sum(T.iota("f32", "n", 10), "n")

/** The value of a small program on a backend, or why there is none. */
const attempt = (backend: ReturnType<typeof Backend.make>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const { run } = yield* backend.compile({}, { sum })
      return Array.from((yield* backend.read((yield* run({})).sum)).data)
    })
  )

describe("an adapter", () => {
  it("that is not there is a failure of the layer, which says what was looked for", async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU // a browser without a driver
    const exit = await Effect.runPromiseExit(Effect.provide(Effect.flatMap(Backend, attempt), layerWith({ gpu })))
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    expect(error).toBeInstanceOf(BackendFailure)
    expect(error instanceof BackendFailure && error.message).toMatch(/no adapter: .*driver/)
  })

  if (withoutAdapter !== undefined) {
    it("is missing here, so that no other law of webgpu is held", async () => {
      console.log(`webgpu: no adapter, its laws are not held here: ${withoutAdapter}`)
      const exit = await Effect.runPromiseExit(Effect.provide(Effect.flatMap(Backend, attempt), layerWith()))
      expect(Exit.isFailure(exit)).toBe(true)
    })
    return
  }

  const machine = Effect.gen(function* () {
    const device = yield* makeDevice()
    const memory = makeMemory(device)
    const parts = { device, memory, pipelines: makePipelines(device), fuse: true, sharedFrom: Infinity }
    return { device, backend: Backend.make(Engine.make(parts)) }
  })

  it("is named, and computes", () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { device, backend } = yield* machine
      console.log(`webgpu: its laws are held on ${device.description}`)
      expect(yield* attempt(backend)).toEqual([45])
    }))))

  it("gives another device when one is lost; what is asked of that one fails", () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { device, backend } = yield* machine
      const compiled = yield* backend.compile({}, { sum })
      const kept = (yield* compiled.run({})).sum
      device.gpu.destroy()
      yield* Effect.promise(() => device.gpu.lost)
      const put = backend.put("f32", {}, Float32Array.of(1))
      for (const use of [attempt(backend), compiled.run({}), backend.read(kept), put]) {
        const error = yield* Effect.flip<unknown, unknown, never>(Effect.scoped(use as Effect.Effect<unknown, unknown>))
        expect(error).toBeInstanceOf(BackendFailure)
        expect(String(error)).toMatch(/device is lost/)
      }
      const next = yield* machine
      expect(yield* attempt(next.backend)).toEqual([45])
    }))))

  it("that refuses a kernel fails with what its compiler says, and goes on", () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function* () {
      const { device, backend } = yield* machine
      const { load } = makePipelines(device)
      const grid = { width: 1, height: 1 }
      const error = yield* Effect.flip(load({ code: "@compute fn main() { nothing(); }", grid, bindings: [] }))
      expect(error).toBeInstanceOf(BackendFailure)
      expect(error.message).toMatch(/a kernel was refused: .*nothing/)
      device.check()
      expect(yield* attempt(backend)).toEqual([45])
    }))))
})
