/**
 * What a worker thread of the cpu backend does: wait for a job in shared memory, take chunks of it until none is left,
 * wait again. It takes no messages after its start, because it sleeps in Atomics.wait. The protocol is described in
 * job.ts.
 */
import { procedures } from "../native/machine.ts"
import { control, instantiate, type Start } from "./job.ts"
import { isNode } from "./machine.ts"

const fail = (words: Int32Array, bytes: Uint8Array, error: unknown): void => {
  const text = new TextEncoder().encode(error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  const message = text.subarray(0, control.messageBytes)
  if (Atomics.compareExchange(words, control.failed, 0, 1) !== 0) return
  bytes.set(message, control.bytes)
  Atomics.store(words, control.failed, 1 + message.length)
}

const work = ({ memory, pointer, thread, native }: Start): void => {
  const machine = native === undefined ? undefined : procedures(native)
  const words = new Int32Array(memory.buffer, pointer, control.bytes / 4)
  const message = new Uint8Array(memory.buffer, pointer, control.bytes + control.messageBytes)
  const word = (index: number): number => Atomics.load(words, index)
  const instances = new Map<number, readonly WebAssembly.ExportValue[]>()

  /** Compiles the job's module, outside the job: a job does not wait for threads that have not joined it. */
  const prepare = (): void => {
    const id = word(control.module)
    const start = word(control.modulePointer) >>> 0
    const length = word(control.moduleLength)
    if (id === 0 || instances.has(id)) return
    const bytes = new Uint8Array(length)
    bytes.set(new Uint8Array(memory.buffer, start, length))
    if (word(control.module) === id) instances.set(id, instantiate(bytes, memory, machine))
  }

  const run = (): void => {
    const kernel = instances.get(word(control.module))?.[word(control.kernel)]
    if (typeof kernel !== "function") return
    const units = word(control.units)
    const grain = word(control.grain)
    const args = word(control.args)
    const scratch = word(control.scratch + thread)
    for (;;) {
      const begin = Atomics.add(words, control.next, grain)
      if (begin >= units || begin < 0) return
      kernel(begin, Math.min(begin + grain, units), args, scratch)
    }
  }

  let seen = 0
  for (;;) {
    const until = performance.now() + control.spinMilliseconds
    while (word(control.epoch) === seen && performance.now() < until) { /* a job often follows at once */ }
    while (word(control.epoch) === seen) {
      Atomics.add(words, control.sleeping, 1)
      Atomics.wait(words, control.epoch, seen)
      Atomics.sub(words, control.sleeping, 1)
    }
    seen = word(control.epoch)
    if (word(control.stop) !== 0) return
    try {
      prepare()
    } catch (error) {
      fail(words, message, error)
      continue
    }
    if ((Atomics.add(words, control.joined, 1) & control.closed) === 0) {
      try {
        run()
      } catch (error) {
        Atomics.store(words, control.next, 0x40000000)
        fail(words, message, error)
      }
    }
    Atomics.sub(words, control.joined, 1)
  }
}

if (isNode) {
  const { parentPort, workerData } = await import("node:worker_threads")
  parentPort?.postMessage("ready")
  work(workerData)
} else {
  globalThis.onmessage = ({ data }: MessageEvent<Start>) => {
    globalThis.postMessage("ready")
    work(data)
  }
}
