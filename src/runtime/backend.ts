/** The backends that a command can choose by name. */
import type { Layer } from "effect"
import type { Backend, BackendError } from "../algebra/backend.ts"
import * as Cpu from "../algebra/backends/cpu/index.ts"
import * as Reference from "../algebra/backends/reference/index.ts"
import * as WebGpu from "../algebra/backends/webgpu/index.ts"
import type { BackendName, Settings } from "./commands/request.ts"

const layers: Readonly<Record<BackendName, (threads: number) => Layer.Layer<Backend, BackendError>>> = {
  cpu: (threads) => Cpu.layerWith({ threads }),
  native: (threads) => Cpu.layerWith({ threads, native: true }),
  wasm: (threads) => Cpu.layerWith({ threads, native: false }),
  webgpu: () => WebGpu.layer,
  reference: () => Reference.layer
}

/** The backend of the settings, with as many threads as they allow. */
export const layer = ({ backend: name, threads }: Pick<Settings, "backend" | "threads">) => layers[name](threads)
