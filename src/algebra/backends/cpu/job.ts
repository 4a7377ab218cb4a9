/**
 * What the main thread and its workers share: the control block of words in shared memory, and how a kernel module
 * becomes callable. A job is opened by writing its words, clearing `closed` in `joined` and raising `epoch`. A worker
 * joins by adding 1 to `joined`; if the job was closed it leaves at once. Chunks are taken by adding to `next`. The
 * main thread works too, then closes the job and waits only for the workers that joined it: a worker that was never
 * scheduled is never waited for.
 */
import type { Addresses, Procedures } from "../native/machine.ts"

/** Word indices of the control block. */
export const control = {
  epoch: 0, stop: 1, joined: 16, sleeping: 17, next: 32,
  module: 48, modulePointer: 49, moduleLength: 50, kernel: 51, units: 52, grain: 53, args: 54, failed: 55,
  /** The scratch pointer of thread t is at scratch + t; thread 0 is main. */
  scratch: 64, maximumThreads: 64,
  /** Size of the words; the text of the first failure follows. */
  bytes: 512, messageBytes: 512,
  /** In `joined`: no more workers may enter. */
  closed: 0x40000000,
  /** How long a worker that has nothing to do looks for the next job before it sleeps. */
  spinMilliseconds: 0.05
} as const

/** What a worker is started with. */
export interface Start {
  readonly memory: WebAssembly.Memory
  /** Address of the control block. */
  readonly pointer: number
  /** From 1. */
  readonly thread: number
  /** Machine code that modules may import. */
  readonly native: Addresses | undefined
}

/** Scalar functions that WebAssembly lacks, offered to every kernel module as imports `math.*` on f64. */
const mathematics = {
  exp: Math.exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, log2: Math.log2, sin: Math.sin, cos: Math.cos,
  tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan, atan2: Math.atan2, sinh: Math.sinh, cosh: Math.cosh,
  tanh: Math.tanh, pow: Math.pow
}

/** Compiles a module and gives its exports in their order; `native` is imported as `native.f32` and `native.f64`. */
export const instantiate = (
  bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory, native: Procedures | undefined
): readonly WebAssembly.ExportValue[] => {
  const module = new WebAssembly.Module(bytes)
  const { exports } = new WebAssembly.Instance(module, { env: { memory }, math: mathematics, native: native ?? {} })
  return WebAssembly.Module.exports(module).flatMap(({ name }) => {
    const value = exports[name]
    return value === undefined ? [] : [value]
  })
}
