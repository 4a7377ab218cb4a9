import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { forLoop, moduleBuilder, trap, when } from "../../../../src/algebra/backends/cpu/assembler.ts"
import { i32, scaled } from "../../../../src/algebra/backends/cpu/instructions.ts"
import { makeMemory } from "../../../../src/algebra/backends/cpu/memory.ts"
import { makeThreads, ThreadError, type Threads } from "../../../../src/algebra/backends/cpu/threads.ts"

/**
 * A module whose `count` adds 1 to each of its units' words, whose `skip` forgets the last unit of a chunk, and `fail`
 * traps.
 */
const counting = (): Uint8Array<ArrayBuffer> => {
  const module = moduleBuilder()
  const parameters = { begin: "i32", end: "i32", args: "i32", scratch: "i32" } as const
  const counter = (name: string, short: number) => module.procedure(name, parameters, (f) => {
    const { begin, end, args } = f.parameters
    const unit = f.local("unit", "i32")
    const target = f.local("target", "i32")
    return [
      target.set(i32.load(args.get)),
      end.set(i32.sub(end.get, i32.const(short))),
      forLoop(unit, begin.get, end.get, 1, [
        i32.store(scaled(target.get, unit.get, 4), i32.add(i32.at(target.get, unit.get), i32.const(1)))
      ])
    ]
  })
  counter("count", 0)
  counter("skip", 1)
  module.procedure("fail", parameters, (f) => [when(i32.ge_u(f.parameters.end.get, i32.const(100)), trap)])
  return module.bytes()
}

const withPool = <A>(threads: number, use: (pool: Threads) => A): Promise<Exit.Exit<A, unknown>> =>
  Effect.runPromiseExit(Effect.scoped(Effect.gen(function* () {
    const memory = yield* makeMemory()
    const pool = yield* makeThreads(memory, threads)
    return use(pool)
  })))

const timesDone = (pool: Threads, name: string, units: number, grain: number, rounds: number): readonly number[] => {
  const { memory } = pool
  const target = memory.allocateOrThrow(units * 4)
  const args = memory.allocateOrThrow(4)
  memory.i32(target, units).fill(0)
  memory.i32(args, 1)[0] = target
  const kernel = pool.load(counting()).kernel(name)
  for (let round = 0; round < rounds; round++) pool.dispatch(kernel, units, args, grain)
  const done = [...memory.i32(target, units)]
  memory.free(target)
  memory.free(args)
  return done
}

const job = fc.record({ units: fc.integer({ min: 1, max: 3000 }), grain: fc.integer({ min: 1, max: 200 }),
  rounds: fc.integer({ min: 1, max: 20 }) })

describe.each([1, 2, 4])("a pool of %i threads", (threads) => {
  test("does every unit exactly once a dispatch", async () => {
    const exit = await withPool(threads, (pool) => fc.assert(fc.property(job, ({ units, grain, rounds }) => {
      expect(timesDone(pool, "count", units, grain, rounds)).toEqual(new Array(units).fill(rounds))
    }), { numRuns: 60 }))
    expect(exit).toEqual(Exit.succeed(undefined))
  })

  test("is caught when its kernel forgets a unit", async () => {
    const exit = await withPool(threads, (pool) => timesDone(pool, "skip", 100, 10, 1))
    expect(exit).not.toEqual(Exit.succeed(new Array(100).fill(1)))
  })

  test("reports a trap as a ThreadError and goes on", async () => {
    const exit = await withPool(threads, (pool) => {
      const fail = pool.load(counting()).kernel("fail")
      expect(() => pool.dispatch(fail, 100, 0, 1)).toThrow(ThreadError)
      return timesDone(pool, "count", 50, 1, 1)
    })
    expect(exit).toEqual(Exit.succeed(new Array(50).fill(1)))
  })

  test("gives all its memory back when its scope closes", async () => {
    const left = await Effect.runPromise(Effect.gen(function* () {
      const memory = yield* makeMemory()
      yield* Effect.scoped(Effect.map(makeThreads(memory, threads), (pool) => timesDone(pool, "count", 64, 8, 2)))
      return memory.inUse()
    }))
    expect(left).toBe(0)
  })
})
