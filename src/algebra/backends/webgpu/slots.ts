/**
 * The buffers that a kernel sees: each stored expression that it reads or writes is a slot, and slots of one place in
 * memory share a binding, since WebGPU lets no kernel see a place twice when it writes there.
 */
import type { DType } from "../../dtype.ts"
import { perWord } from "./storage.ts"

/** What a kernel must know of the stored expression in a slot. */
export interface Slot {
  readonly dtype: DType
  /** Equal for slots that are one place in memory. */
  readonly place: number
  /** Whether another part of its buffer may be written while the kernel runs. */
  readonly shared: boolean
}

export interface Binding {
  readonly place: number
  readonly dtype: DType
  readonly access: "read" | "read_write"
  /** Several elements lie in a word, which invocations write bit by bit. */
  readonly atomic: boolean
}

/** The bindings of the slots that a kernel uses, and the one of each, given the slots that it writes. */
export const bind = (slots: ReadonlyArray<Slot>, used: ReadonlySet<number>, written: ReadonlySet<number>) => {
  const bindings: Array<Binding> = []
  const byPlace = new Map<number, number>()
  const bindingOf = slots.map(({ place, dtype, shared }, slot) => {
    if (!used.has(slot)) return -1
    const at = byPlace.get(place) ?? bindings.length
    byPlace.set(place, at)
    const before = bindings[at]
    const writes = written.has(slot) || before?.access === "read_write"
    bindings[at] = {
      place,
      dtype,
      access: writes || shared ? "read_write" : "read",
      atomic: writes && perWord(dtype) > 1
    }
    return at
  })
  return { bindings, bindingOf }
}
export type Bound = ReturnType<typeof bind>

const elementType = ({ dtype, atomic }: Binding): string =>
  atomic ? "atomic<u32>" : dtype === "f32" || dtype === "i32" ? dtype : "u32"

/** The declarations of bindings. */
export const declare = (bindings: ReadonlyArray<Binding>): string =>
  bindings
    .map((binding, at) => `@group(0) @binding(${at}) var<storage, ${binding.access}> b${at}: array<${elementType(binding)}>;`)
    .join("\n")

/** An element in the slot of a kernel. */
export const load = ({ bindings, bindingOf }: Bound, slot: number, dtype: DType, index: string): string => {
  const at = bindingOf[slot] ?? 0
  const word = (of: string): string => (bindings[at]?.atomic ? `atomicLoad(&b${at}[${of}])` : `b${at}[${of}]`)
  switch (dtype) {
    case "bool":
      return `(${word(index)} != 0u)`
    case "f16":
    case "bf16":
      return `extractBits(${word(`(${index}) >> 1u`)}, (u32(${index}) & 1u) << 4u, 16u)`
    case "i8":
      return `extractBits(bitcast<i32>(${word(`(${index}) >> 2u`)}), (u32(${index}) & 3u) << 3u, 8u)`
    default:
      return word(index)
  }
}

/** Writes an element in the slot of a kernel; words of several elements must have been cleared before. */
export const store = ({ bindingOf }: Bound, slot: number, dtype: DType, index: string, value: string): string => {
  const at = bindingOf[slot] ?? 0
  switch (dtype) {
    case "bool":
      return `b${at}[${index}] = select(0u, 1u, ${value});`
    case "f16":
    case "bf16":
      return `atomicOr(&b${at}[(${index}) >> 1u], ${value} << ((u32(${index}) & 1u) << 4u));`
    case "i8":
      return `atomicOr(&b${at}[(${index}) >> 2u], (bitcast<u32>(${value}) & 0xffu) << ((u32(${index}) & 3u) << 3u));`
    default:
      return `b${at}[${index}] = ${value};`
  }
}
