/** The webgpu device of a file of laws, and backends on it with the limits that a law asks for. */
import { Effect, Exit, Scope } from "effect"
import { afterAll, beforeAll } from "vitest"
import { Backend } from "../../../../src/algebra/backend.ts"
import type { Device, Limits } from "../../../../src/algebra/backends/webgpu/device.ts"
import { makeDevice } from "../../../../src/algebra/backends/webgpu/device.ts"
import * as Engine from "../../../../src/algebra/backends/webgpu/engine.ts"
import { missing } from "../../../../src/algebra/backends/webgpu/index.ts"
import type { Memory } from "../../../../src/algebra/backends/webgpu/memory.ts"
import { makeMemory } from "../../../../src/algebra/backends/webgpu/memory.ts"
import type { Pipelines } from "../../../../src/algebra/backends/webgpu/pipelines.ts"
import { makePipelines } from "../../../../src/algebra/backends/webgpu/pipelines.ts"
import type { Program } from "../../../backends.ts"
import { run } from "../../../backends.ts"

/** Why the laws of this backend cannot be held here; undefined where they can. */
export const withoutAdapter = await Effect.runPromise(missing)

export interface Options {
  readonly limits?: Partial<Limits>
  readonly memory?: number
  readonly sharedFrom?: number
  readonly fuse?: boolean
}

export interface Machine {
  readonly backend: ReturnType<typeof Backend.make>
  readonly memory: Memory
  readonly device: Device
  readonly run: (program: Program) => ReturnType<typeof runOn>
}

const runOn = (backend: ReturnType<typeof Backend.make>, program: Program) =>
  Effect.runPromise(Effect.provideService(run(program), Backend, backend))

/** Machines of one device, which is given back after the file's laws. */
export const machines = (): ((options?: Options) => Machine) => {
  const scope = Effect.runSync(Scope.make())
  let device: Device
  let pipelines: Pipelines
  beforeAll(async () => {
    device = await Effect.runPromise(Scope.provide(makeDevice(), scope))
    pipelines = makePipelines(device)
  })
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))
  return ({ limits = {}, memory: most, sharedFrom = Infinity, fuse = true } = {}) => {
    const limited: Device = { ...device, limits: { ...device.limits, ...limits } }
    const memory = makeMemory(limited, most)
    const backend = Backend.make(Engine.make({ device: limited, memory, pipelines, fuse, sharedFrom }))
    return { backend, memory, device, run: (program) => runOn(backend, program) }
  }
}
