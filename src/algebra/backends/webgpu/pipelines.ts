/**
 * Modules compiled for a device, each once: layers that are equal share their code. A module that the device does not
 * take fails with the messages of its compiler.
 */
import { Effect } from "effect"
import { BackendFailure } from "../../backend.ts"
import type { Device } from "./device.ts"
import { failed } from "./device.ts"
import type { Module } from "./kernel.ts"
import type { Binding } from "./slots.ts"

export interface Pipeline {
  readonly pipeline: GPUComputePipeline
  readonly layout: GPUBindGroupLayout
}

export interface Pipelines {
  readonly load: (module: Module) => Effect.Effect<Pipeline, BackendFailure>
}

/** Bindings are seen by compute shaders. */
const compute = 0x4

export const makePipelines = ({ gpu }: Device): Pipelines => {
  const layouts = new Map<string, GPUBindGroupLayout>()
  const known = new Map<string, Promise<Pipeline>>()

  const layoutOf = (bindings: ReadonlyArray<Binding>): GPUBindGroupLayout => {
    const key = bindings.map(({ access }) => access).join()
    const found = layouts.get(key)
    if (found !== undefined) return found
    const layout = gpu.createBindGroupLayout({
      entries: bindings.map(({ access }, binding) => ({
        binding,
        visibility: compute,
        buffer: { type: access === "read" ? "read-only-storage" : "storage" }
      }))
    })
    layouts.set(key, layout)
    return layout
  }

  const build = async ({ code, bindings }: Module): Promise<Pipeline> => {
    const layout = layoutOf(bindings)
    // what the compiler says is asked for below
    gpu.pushErrorScope("validation")
    const module = gpu.createShaderModule({ code })
    gpu.popErrorScope().catch(() => null)
    try {
      const pipeline = await gpu.createComputePipelineAsync({
        layout: gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: "main" }
      })
      return { pipeline, layout }
    } catch (cause) {
      const { messages } = await module.getCompilationInfo()
      const said = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`).join("; ")
      throw failed(`a kernel was refused: ${said === "" ? String(cause) : said}`)
    }
  }

  const load = (module: Module): Promise<Pipeline> => {
    const key = `${module.bindings.map(({ access }) => access).join()}\n${module.code}`
    const found = known.get(key)
    if (found !== undefined) return found
    const made = build(module)
    known.set(key, made)
    made.catch(() => known.delete(key))
    return made
  }

  return {
    load: (module) =>
      Effect.tryPromise({
        try: () => load(module),
        // `build` fails with nothing else, unless the device itself is gone
        catch: (cause) => (cause instanceof BackendFailure ? cause : failed(String(cause)))
      })
  }
}
