import * as fc from "fast-check"
import { Effect, Exit } from "effect"
import { describe, expect, it } from "vitest"
import { Backend, InvalidBuffer } from "../../src/algebra/backend.ts"
import { errorFunction } from "../../src/algebra/backends/reference/errorFunction.ts"
import { decode, encode } from "../../src/algebra/backends/reference/storage.ts"
import * as T from "../../src/algebra/tensor.ts"
import { forEachBackend } from "../backends.ts"

forEachBackend("a backend", (runner) => {
  it("takes donated buffers and gives them to nobody again", () => runner.effect(Effect.scoped(Effect.gen(function*() {
    const backend = yield* Backend
    const x = T.input("f32", { a: 3 })
    const compiled = yield* backend.compile({ x }, { y: T.add(x, 1) }, { donate: ["x"] })
    const given = yield* backend.put("f32", { a: 3 }, Float32Array.of(1, 2, 3))
    const { y } = yield* compiled.run({ x: given })
    expect(Array.from((yield* backend.read(y)).data)).toEqual([2, 3, 4])
    const again = yield* Effect.exit(compiled.run({ x: given }))
    expect(Exit.isFailure(again)).toBe(true)
    const error = yield* Effect.flip(backend.read(given))
    expect(error).toBeInstanceOf(InvalidBuffer)
    const { y: next } = yield* compiled.run({ x: y })
    expect(Array.from((yield* backend.read(next)).data)).toEqual([3, 4, 5])
  }))))

  it("frees what belongs to a scope with it, and keeps outputs that are inputs apart",
    () => runner.effect(Effect.gen(function*() {
    const backend = yield* Backend
    const x = T.input("f32", { a: 2 })
    const freed = yield* Effect.scoped(Effect.gen(function*() {
      const compiled = yield* backend.compile({ x }, { same: x, also: x })
      const given = yield* backend.put("f32", { a: 2 }, Float32Array.of(1, 2))
      const { same, also } = yield* compiled.run({ x: given })
      yield* backend.free(same)
      expect(Array.from((yield* backend.read(also)).data)).toEqual([1, 2])
      expect(Array.from((yield* backend.read(given)).data)).toEqual([1, 2])
      return given
    }))
    expect(yield* Effect.flip(backend.read(freed))).toBeInstanceOf(InvalidBuffer)
  })))

  it("gives the same numbers however often a program runs", () => runner.effect(Effect.scoped(Effect.gen(function*() {
    const backend = yield* Backend
    const x = T.input("f32", { a: 5, b: 7 })
    const compiled = yield* backend.compile({ x }, { y: T.contract(x, T.rename(x, { a: "c" }), "b") })
    const given = yield* backend.put("f32", { a: 5, b: 7 }, Float32Array.from({ length: 35 }, (_, i) => Math.sin(i)))
    const first = (yield* backend.read((yield* compiled.run({ x: given })).y)).data
    for (let time =
      0; time < 3; time++) expect((yield* backend.read((yield* compiled.run({ x: given })).y)).data).toEqual(first)
  }))))
})

describe("the reference's numbers", () => {
  it("hold every 16-bit float", () => {
    for (const half of ["f16", "bf16"] as const)
      for (let bits = 0; bits < 2 ** 16; bits++) {
        const value = decode(half, bits)
        if (!Number.isNaN(value)
          && encode(half, value) !== bits) throw new Error(
            `${half} ${bits} is ${value}, encoded as ${encode(half, value)}`)
      }
  })

  it("round to the nearest 16-bit float, to even between two", () => {
    fc.assert(fc.property(fc.constantFrom("f16" as const, "bf16" as const), fc.nat(31000),
      fc.double({ min: 0, max: 1, noNaN: true }), (half, bits, between) => {
      const [low, high] = [decode(half, bits), decode(half, bits + 1)]
      const value = low + between * (high - low)
      const middle = (low + high) / 2
      expect(encode(half, value)).toBe(value < middle ? bits : value > middle ? bits + 1 : bits + (bits % 2))
    }))
  })

  it("have the error function to its last digits", () => {
    const known =
      [[0.5, 0.520499877813046537682746653892], [1, 0.842700792949714869341220635083],
        [2, 0.995322265018952734162069256367], [3, 0.999977909503001414558627223870],
          [0.1, 0.112462916018284892203275071744]] as const
    for (const [x, value] of known) {
      expect(Math.abs(errorFunction(x) - value)).toBeLessThanOrEqual(2.3e-16)
      expect(errorFunction(-x)).toBe(-errorFunction(x))
    }
    expect([errorFunction(Infinity), errorFunction(-Infinity), errorFunction(NaN)]).toEqual([1, -1, NaN])
  })

  it("have an error function whose slope is 2 / sqrt(pi) exp(-x^2)", () => {
    fc.assert(fc.property(fc.double({ min: -6, max: 6, noNaN: true }), (x) => {
      const slope = (errorFunction(x + 1e-5) - errorFunction(x - 1e-5)) / 2e-5
      expect(Math.abs(slope - 2 / Math.sqrt(Math.PI) * Math.exp(-x * x))).toBeLessThan(1e-9)
    }))
  })
})
