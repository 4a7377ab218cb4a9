/**
 * Contractions in machine code, for the cpu backend to use in place of WebAssembly's where it can: found out once a
 * process, and trusted only after products of every kind of block came out exact. Conserves bits: the results are those
 * of the WebAssembly kernels wherever these have a fused multiply-add.
 */
import { Data, Effect } from "effect"
import { checkedBytes, mistake } from "./check.ts"
import type { Addresses } from "./machine.ts"
import { baseOf, mapAll, obstacle, procedures } from "./machine.ts"
import { stepCode } from "./step.ts"
import type { Float } from "./x86.ts"

/** There is no machine code here; WebAssembly does the work. */
export class NativeUnavailable extends Data.TaggedError("NativeUnavailable")<{ readonly message: string }> {}

type Code = Readonly<Record<Float, Uint8Array>>
type Mapped = Omit<Addresses, "base">

/** Where code was put that does what it should here, or why it cannot be used. */
export const tried = (code: () => Code): Mapped | string => {
  try {
    const reason = obstacle()
    if (reason !== undefined) return reason
    const mapped = mapAll(code())
    const pages = checkedBytes / 65536
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
    return mistake(memory, procedures({ ...mapped, base: baseOf(memory) })) ?? mapped
  } catch (cause) {
    const [message = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n")
    return message.includes("koffi") ? `the optional package koffi does not load: ${message}` : message
  }
}

let known: Mapped | string | undefined

/** The addresses of the procedures for a memory, or why there are none. */
export const native = (memory: WebAssembly.Memory): Effect.Effect<Addresses, NativeUnavailable> =>
  Effect.suspend(() => {
    known ??= tried(() => ({ f32: stepCode("f32"), f64: stepCode("f64") }))
    return typeof known === "string"
      ? Effect.fail(new NativeUnavailable({ message: known }))
      : Effect.succeed({ ...known, base: baseOf(memory) })
  })
