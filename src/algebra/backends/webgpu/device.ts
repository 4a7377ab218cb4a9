/**
 * A device of WebGPU for as long as a Scope lasts, with all that its adapter has: its limits, and what has gone wrong
 * with it. A lost device makes every later use of it fail; another Layer asks for a new one.
 */
import { Effect } from "effect"
import type { Scope } from "effect"
import type { BackendError } from "../../backend.ts"
import { BackendFailure } from "../../backend.ts"
import type { AdapterOptions } from "./gpu.ts"
import { adapter as findAdapter } from "./gpu.ts"

export const name = "webgpu"

export const failed = (message: string): BackendFailure =>
  new BackendFailure({ backend: name, message: `${name}: ${message}` })

/** What an adapter allows that kernels and buffers are made to. */
export interface Limits {
  /** Bytes of one buffer, and of the part of one that a kernel sees. */
  readonly buffer: number
  readonly binding: number
  /** Buffers that one kernel sees. */
  readonly buffers: number
  /** Offsets of such parts are multiples of this. */
  readonly alignment: number
  /** Bytes that the invocations of a workgroup share, and how many they may be. */
  readonly shared: number
  readonly invocations: number
  /** Workgroups along one dimension of a dispatch. */
  readonly groups: number
}

export interface Device {
  readonly gpu: GPUDevice
  readonly limits: Limits
  /** Whether the processor plays the part of a GPU: barriers are dear there, and invocations few. */
  readonly software: boolean
  /** What people call the adapter. */
  readonly description: string
  /** Fails once the device is lost, or after it refused a command. */
  readonly check: () => void
}

const wanted = [
  "maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage", "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup", "maxComputeWorkgroupSizeX", "maxComputeWorkgroupsPerDimension"
] as const

const limitsOf = (limits: GPUSupportedLimits): Limits => ({
  buffer: limits.maxBufferSize,
  binding: limits.maxStorageBufferBindingSize,
  buffers: limits.maxStorageBuffersPerShaderStage,
  alignment: Math.max(16, limits.minStorageBufferOffsetAlignment),
  shared: limits.maxComputeWorkgroupStorageSize,
  invocations: Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX),
  groups: limits.maxComputeWorkgroupsPerDimension
})

/** Software renderers by name, for browsers that do not say that an adapter is a fallback. */
const renderers = /swiftshader|llvmpipe|lavapipe|microsoft basic render/i

const isSoftware = ({ info }: GPUAdapter): boolean =>
  info.isFallbackAdapter || renderers.test(`${info.vendor} ${info.architecture} ${info.device} ${info.description}`)

/** A device with everything that the adapter offers; destroyed with the Scope. */
export const makeDevice = (options: AdapterOptions = {}): Effect.Effect<Device, BackendError, Scope.Scope> =>
  Effect.gen(function* () {
    const adapter = yield* Effect.mapError(findAdapter(options), (reason) => failed(`no adapter: ${reason}`))
    const gpu = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () =>
          adapter.requestDevice({
            requiredLimits: Object.fromEntries(wanted.map((limit) => [limit, adapter.limits[limit]]))
          }),
        catch: (cause) => failed(`the adapter gives no device: ${String(cause)}`)
      }),
      (device) => Effect.sync(() => device.destroy())
    )
    let lost: string | undefined
    let refused: string | undefined
    void gpu.lost.then(({ reason, message }) => {
      lost = `${reason === "destroyed" ? "it was destroyed" : "the driver took it away"}${message === "" ? "" : `: ${message}`}`
    })
    gpu.addEventListener("uncapturederror", (event) => {
      refused ??= event.error.message
      event.preventDefault()
    })
    const { info } = adapter
    return {
      gpu,
      limits: limitsOf(gpu.limits),
      software: isSoftware(adapter),
      description: info.description || info.device || info.vendor || "an adapter without a name",
      check: () => {
        if (lost !== undefined) throw failed(`the device is lost (${lost}); a new Layer asks for another`)
        if (refused === undefined) return
        const message = refused
        refused = undefined
        throw failed(`the device refused a command: ${message}`)
      }
    }
  })
