/**
 * Kernels that are compiled and loaded on every thread, each once for an engine: twelve equal layers, or two programs
 * that share a shape, share their code.
 */
import { scalars } from "./arithmetic.ts"
import { moduleBuilder } from "./assembler.ts"
import type { Kernel } from "../fusion/kernel.ts"
import { key } from "../fusion/kernel.ts"
import { define } from "./loops.ts"
import type { Kernel as Loaded, Threads } from "./threads.ts"

export interface Kernels {
  /** The loaded kernels, in order. Throws OutOfMemory. */
  readonly load: (kernels: ReadonlyArray<Kernel>) => ReadonlyArray<Loaded>
}

export const make = (threads: Threads): Kernels => {
  const known = new Map<string, Loaded>()
  let modules = 0
  return {
    load: (kernels) => {
      const keys = kernels.map(key)
      const fresh = new Map<string, Kernel>()
      kernels.forEach((kernel, index) => {
        const text = keys[index] ?? ""
        if (!known.has(text)) fresh.set(text, kernel)
      })
      if (fresh.size > 0) {
        const builder = moduleBuilder()
        const functions = scalars(builder)
        const names = [...fresh].map(([text, kernel], index) => {
          define(builder, functions, `k${index}`, kernel)
          return text
        })
        const scratch = Math.max(...[...fresh.values()].map(({ scratchBytes }) => scratchBytes))
        const module = threads.load(builder.bytes(), { scratch, key: `loops ${modules++}` })
        names.forEach((text, index) => known.set(text, module.kernel(`k${index}`)))
      }
      return keys.flatMap((text) => {
        const loaded = known.get(text)
        return loaded === undefined ? [] : [loaded]
      })
    }
  }
}
