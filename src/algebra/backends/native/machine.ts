/**
 * Machine code in this process: whether it can be had, executable memory for it, and functions that call it. The one
 * package this takes is koffi, which calls C from JavaScript and is optional; without it, or on another system or
 * processor, the reason is told and WebAssembly does the work. Code is mapped once a process and stays.
 */
import type { Float } from "./x86.ts"

/** The memory that code works in and where its procedures begin: what a thread needs to call them. */
export interface Addresses extends Readonly<Record<Float, number>> {
  readonly base: number
}

/** Procedures by element type, called with the address of their block within the memory. */
export type Procedures = Readonly<Record<Float, (block: number) => void>>

type Foreign = (...values: ReadonlyArray<unknown>) => unknown

/** The part of koffi that is used. */
interface Koffi {
  load(path: null): { func(signature: string): Foreign }
  proto(result: string, parameters: ReadonlyArray<string>): unknown
  decode(address: number, type: unknown): Foreign
}

// looked up at run time and out of bundlers' sight: pages have no use for it
const koffi = (): Koffi => {
  const { createRequire } = process.getBuiltinModule("node:module")
  // the package's types are not installed where it is not
  return createRequire(import.meta.url)("koffi") as Koffi
}

const addressOf = (value: unknown): number => {
  const address = Number(value)
  if (!Number.isSafeInteger(address) || address <= 0) throw new RangeError(`the system gives no memory: ${address}`)
  return address
}

/** Why there can be no machine code here, before anything is tried. */
export const obstacle = (): string | undefined => {
  if (typeof process !== "object" || typeof process.getBuiltinModule !== "function") return "machine code is for Node"
  const { platform, arch, versions } = process
  if (versions["bun"] !== undefined || versions["deno"] !== undefined) return "machine code is for Node"
  if (platform !== "linux" || arch !== "x64") return `machine code is for linux on x64, not ${platform} on ${arch}`
  const processor = process.getBuiltinModule("node:fs").readFileSync("/proc/cpuinfo", "utf8")
  const flags = new Set(/^flags\s*:(.*)$/m.exec(processor)?.[1]?.trim().split(" "))
  const lacking = ["avx2", "fma"].filter((flag) => !flags.has(flag))
  return lacking.length === 0 ? undefined : `the processor has no ${lacking.join(" and no ")}`
}

const pageBytes = 4096
const [readWrite, readExecute, privateAnonymous] = [3, 5, 0x22]

/** Puts code into memory that can be run but no longer written, and gives its address. */
const mapped = (code: Uint8Array): number => {
  const system = koffi().load(null)
  const map = system.func("intptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)")
  const protect = system.func("int mprotect(uintptr_t, size_t, int)")
  const copy = system.func("uintptr_t memcpy(uintptr_t, const void *, size_t)")
  const size = Math.ceil(code.length / pageBytes) * pageBytes
  const address = addressOf(map(0, size, readWrite, privateAnonymous, -1, 0))
  copy(address, code, code.length)
  if (protect(address, size, readExecute) !== 0) throw new Error("the system refuses to make memory executable")
  return address
}

/** Maps the code of each procedure. */
export const mapAll = (code: Readonly<Record<Float, Uint8Array>>): Readonly<Record<Float, number>> =>
  ({ f32: mapped(code.f32), f64: mapped(code.f64) })

/** Where a shared WebAssembly memory begins. It stays there as the memory grows: its whole range is reserved. */
export const baseOf = (memory: WebAssembly.Memory): number => {
  const copy = koffi().load(null).func("uintptr_t memmove(void *, const void *, size_t)")
  const bytes = new Uint8Array(memory.buffer)
  return addressOf(copy(bytes, bytes, 0))
}

/** What calls the procedures on the thread that asks. */
export const procedures = ({ base, f32, f64 }: Addresses): Procedures => {
  const { load, proto, decode } = koffi()
  // koffi has no stack on a thread for calls to run on before it has loaded something there
  load(null)
  const type = proto("void", ["uintptr_t", "uintptr_t"])
  const procedure = (address: number) => {
    const call = decode(address, type)
    return (block: number): void => void call(base, base + (block >>> 0))
  }
  return { f32: procedure(f32), f64: procedure(f64) }
}
