/**
 * The buffers of a device. A buffer that is given back is kept for the next of its size: commands run in the order of
 * their submission, so it may be written again at once. What is beyond the limits of the device, or of what the caller
 * allows, is refused with the bytes that were asked for.
 */
import { Effect } from "effect"
import type { BackendError } from "../../backend.ts"
import { OutOfMemory } from "../../backend.ts"
import type { DType } from "../../dtype.ts"
import type { Device } from "./device.ts"
import { failed, name } from "./device.ts"

/** The flags of WebGPU, which Node has under no global name. */
const usage = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, storage: 0x80 } as const
const forReading = 0x1

/** A tensor in a buffer. */
export class Block {
  readonly buffer: GPUBuffer
  readonly dtype: DType
  readonly length: number
  live = true
  constructor(buffer: GPUBuffer, dtype: DType, length: number) {
    this.buffer = buffer
    this.dtype = dtype
    this.length = length
  }
}

export interface Memory {
  /** A buffer of at least so many bytes, with anything in it; throws `OutOfMemory`. */
  readonly allocate: (bytes: number) => GPUBuffer
  /** Gives a buffer back. */
  readonly free: (buffer: GPUBuffer) => void
  /** Does what allocates, and then waits until the device has found room for it. */
  readonly allocating: <A>(allocate: () => A, undo: (made: A) => void) => Effect.Effect<A, BackendError>
  readonly upload: (buffer: GPUBuffer, bytes: Uint8Array<ArrayBuffer>) => void
  /** The first bytes of a part of a buffer, when all that was submitted before is done. */
  readonly download: (buffer: GPUBuffer, offset: number, bytes: number) => Effect.Effect<ArrayBuffer, BackendError>
  /** Bytes of the buffers that were not given back. */
  readonly inUse: () => number
}

/** Sizes are rounded up by at most an eighth, so that buffers are found again. */
const sizeClass = (bytes: number): number => {
  const step = Math.max(256, 2 ** (Math.floor(Math.log2(Math.max(1, bytes))) - 3))
  return Math.ceil(Math.max(1, bytes) / step) * step
}

/** Most bytes that are kept for later. */
const mostIdle = 2 ** 28

const refuse = (bytes: number, reason: string): OutOfMemory =>
  new OutOfMemory({ backend: name, bytes, message: `${name}: no memory for ${bytes} bytes: ${reason}` })

/** The memory of a device, of at most `most` bytes. */
export const makeMemory = (device: Device, most = Infinity): Memory => {
  const { gpu, limits } = device
  const idle = new Map<number, Array<GPUBuffer>>()
  let idleBytes = 0
  let usedBytes = 0
  let created = 0

  const forget = (): void => {
    for (const buffers of idle.values()) buffers.forEach((buffer) => buffer.destroy())
    idle.clear()
    idleBytes = 0
  }

  const allocate = (bytes: number): GPUBuffer => {
    device.check()
    if (bytes > limits.buffer) throw refuse(bytes, `a buffer of this adapter has at most ${limits.buffer}`)
    const size = Math.min(sizeClass(bytes), Math.floor(limits.buffer / 4) * 4)
    const found = idle.get(size)?.pop()
    if (found !== undefined) {
      idleBytes -= size
      usedBytes += size
      return found
    }
    if (usedBytes + idleBytes + size > most) forget()
    if (usedBytes + size > most) throw refuse(bytes, `${usedBytes} of ${most} are in use`)
    const buffer = gpu.createBuffer({ size, usage: usage.storage | usage.copySource | usage.copyTarget })
    created += 1
    usedBytes += size
    return buffer
  }

  const free = (buffer: GPUBuffer): void => {
    usedBytes -= buffer.size
    if (idleBytes + buffer.size > mostIdle) return buffer.destroy()
    idleBytes += buffer.size
    const others = idle.get(buffer.size)
    if (others === undefined) idle.set(buffer.size, [buffer])
    else others.push(buffer)
  }

  return {
    allocate,
    free,
    allocating: (make, undo) =>
      Effect.suspend(() => {
        const before = created
        const bytes = usedBytes
        gpu.pushErrorScope("out-of-memory")
        let made: ReturnType<typeof make>
        let popped: Promise<GPUError | null>
        try {
          made = make()
        } finally {
          popped = gpu.popErrorScope()
          popped.catch(() => null)
        }
        if (created === before) return Effect.succeed(made)
        return Effect.flatMap(
          Effect.tryPromise({ try: () => popped, catch: (cause) => failed(String(cause)) }),
          (error) => {
            if (error === null) return Effect.succeed(made)
            const asked = usedBytes - bytes
            undo(made)
            forget()
            return Effect.fail(refuse(asked, error.message))
          }
        )
      }),
    upload: (buffer, bytes) => gpu.queue.writeBuffer(buffer, 0, bytes),
    download: (buffer, offset, bytes) =>
      Effect.tryPromise({
        try: async () => {
          const staging = gpu.createBuffer({ size: bytes, usage: usage.mapRead | usage.copyTarget })
          try {
            const encoder = gpu.createCommandEncoder()
            encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes)
            gpu.queue.submit([encoder.finish()])
            await staging.mapAsync(forReading)
            return staging.getMappedRange().slice(0)
          } finally {
            staging.destroy()
          }
        },
        catch: (cause) => failed(`reading ${bytes} bytes back: ${String(cause)}`)
      }),
    inUse: () => usedBytes
  }
}
