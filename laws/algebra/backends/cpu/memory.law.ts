import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { makeMemory, type Memory, OutOfMemory } from "../../../../src/algebra/backends/cpu/memory.ts"

type Step = { readonly allocate: number } | { readonly release: number }
const steps: fc.Arbitrary<readonly Step[]> = fc.array(fc.oneof(
  fc.record({ allocate: fc.oneof(fc.nat(300), fc.nat(70_000), fc.nat(2_000_000)) }),
  fc.record({ release: fc.nat(50) })
), { maxLength: 120 })

interface Block {
  readonly pointer: number
  readonly bytes: number
}

const overlap = (blocks: readonly Block[]): boolean => {
  const sorted = blocks.toSorted((x, y) => x.pointer - y.pointer)
  return sorted.some((block, i) => {
    const next = sorted[i + 1]
    return next !== undefined && block.pointer + block.bytes > next.pointer
  })
}

type Allocator = Pick<Memory, "allocateOrThrow" | "free">

/** Runs a program of allocations; says whether any two blocks ever overlapped. Frees all in the end. */
const everOverlaps = (allocator: Allocator, program: readonly Step[]): boolean => {
  const live: Block[] = []
  let seen = false
  for (const step of program) {
    if ("allocate" in step) live.push({ pointer: allocator.allocateOrThrow(step.allocate), bytes: Math.max(1,
      step.allocate) })
    else if (live.length > 0) {
      const [block] = live.splice(step.release % live.length, 1)
      if (block !== undefined) allocator.free(block.pointer)
    }
    seen ||= overlap(live)
  }
  for (const { pointer } of live) allocator.free(pointer)
  return seen
}

const make = (limit?: number): Memory => Effect.runSync(makeMemory(limit))

describe("the memory", () => {
  test("never hands out overlapping blocks, and after everything is freed holds nothing", () => {
    const memory = make()
    fc.assert(fc.property(steps, (program) => {
      expect(everOverlaps(memory, program)).toBe(false)
      expect(memory.inUse()).toBe(0)
    }), { numRuns: 200 })
  })

  test("joins freed neighbours: when everything is freed one block as large as the memory fits without growing", () => {
    fc.assert(fc.property(steps, (program) => {
      const memory = make(2 ** 29)
      everOverlaps(memory, program)
      const before = memory.wasm.buffer.byteLength
      memory.free(memory.allocateOrThrow(before - 64))
      expect(memory.wasm.buffer.byteLength).toBe(before)
    }), { numRuns: 30 })
  })

  test("aligns every block to 64 bytes and keeps what is written through growth", () => {
    const memory = make()
    const pointer = memory.allocateOrThrow(40)
    expect(pointer % 64).toBe(0)
    memory.f64(pointer, 5).set([1, 2, 3, 4, 5])
    memory.free(memory.allocateOrThrow(50_000_000))
    expect([...memory.f64(pointer, 5)]).toEqual([1, 2, 3, 4, 5])
  })

  test("counts what is in use and its peak", () => {
    const memory = make()
    const one = memory.allocateOrThrow(1000)
    const two = memory.allocateOrThrow(100)
    memory.free(one)
    expect([memory.inUse(), memory.peak()]).toEqual([128, 1024 + 128])
    memory.free(two)
  })

  test("refuses what is over its limit with OutOfMemory, and goes on", () => {
    const memory = make(2 ** 20)
    const exit = Effect.runSyncExit(memory.allocate(2 ** 21))
    expect(exit).toEqual(Exit.fail(new OutOfMemory({
      asked: 2 ** 21, inUse: 0, limit: 2 ** 20,
        message: `out of memory: asked for ${2 ** 21} bytes with 0 of at most ${2 ** 20} in use`
    })))
    expect(Effect.runSync(memory.allocate(1000))).toBeGreaterThan(0)
  })

  test("refuses to free what is not allocated", () => {
    const memory = make()
    const pointer = memory.allocateOrThrow(10)
    memory.free(pointer)
    expect(() => memory.free(pointer)).toThrow(RangeError)
  })

  test("is caught when it hands a block out twice", () => {
    const memory = make()
    const broken: Allocator = { allocateOrThrow: () => 64, free: () => undefined }
    expect(everOverlaps(broken, [{ allocate: 10 }, { allocate: 10 }])).toBe(true)
    expect(everOverlaps(memory, [{ allocate: 10 }, { allocate: 10 }])).toBe(false)
  })
})
