/**
 * Where WebGPU is: `navigator.gpu` in browsers, Dawn by way of the package `webgpu` in Node. Importing this file asks
 * for neither, so it may be imported where there is no WebGPU at all.
 */
import { Effect } from "effect"

/** Dawn ends the process when its instance is collected, so the first one stays. */
let dawn: GPU | undefined

interface DawnPackage {
  readonly create: (options: ReadonlyArray<string>) => GPU
}

const isDawn = (module: unknown): module is DawnPackage =>
  typeof module === "object" && module !== null && "create" in module && typeof module.create === "function"

const inNode = async (): Promise<GPU | string> => {
  if (dawn !== undefined) return dawn
  // not a literal: bundlers for browsers must not look for it, and it may be missing
  const name = "webgpu"
  try {
    const module: unknown = await import(/* @vite-ignore */ name)
    if (!isDawn(module)) return "the package webgpu has no `create`"
    dawn = module.create([])
    return dawn
  } catch (cause) {
    const [reason = ""] = String(cause instanceof Error ? cause.message : cause).split("\n")
    return `the package webgpu, which is Dawn for Node, cannot be loaded: ${reason}`
  }
}

/** The entry to WebGPU, or why there is none. */
export const find: Effect.Effect<GPU, string> = Effect.suspend(() => {
  // lib.dom says that it is always there
  const native = (globalThis.navigator as { readonly gpu?: GPU } | undefined)?.gpu
  if (native !== undefined) return Effect.succeed(native)
  if (typeof process === "undefined" || process.versions?.node === undefined)
    return Effect.fail("this browser has no navigator.gpu, or the page is not in a secure context")
  return Effect.flatMap(Effect.promise(inNode), (found) =>
    typeof found === "string" ? Effect.fail(found) : Effect.succeed(found)
  )
})

/** Which adapter is asked for when there are several. */
export interface AdapterOptions {
  readonly power?: "high-performance" | "low-power"
  /** Ask for the software adapter even where there is a real one. */
  readonly fallback?: boolean
  /** The entry to WebGPU, where the caller has one of its own. */
  readonly gpu?: GPU
}

/** An adapter, or why there is none. */
export const adapter = ({ power = "high-performance", fallback = false, gpu: own }: AdapterOptions = {}): Effect.Effect<
  GPUAdapter,
  string
> =>
  Effect.flatMap(own === undefined ? find : Effect.succeed(own), (gpu) =>
    Effect.flatMap(
      Effect.tryPromise({
        try: () => gpu.requestAdapter({ powerPreference: power, forceFallbackAdapter: fallback }),
        catch: (cause) => `WebGPU refused to look for one: ${String(cause)}`
      }),
      (found) =>
        found === null
          ? Effect.fail("WebGPU is there, but offers no adapter: no driver of Vulkan, Metal or Direct3D 12 was found")
          : Effect.succeed(found)
    )
  )
