/**
 * Models kept in fewer bits: rounding moves a weight by half a step at most, what a kept model computes is what its
 * widened weights compute, by the same program in every use, and a step of decoding needs no room for wide weights.
 */
import { Effect, Stream } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Backend } from "../../../src/algebra/backend.ts"
import * as Engine from "../../../src/algebra/backends/cpu/engine.ts"
import { makeMemory } from "../../../src/algebra/backends/cpu/memory.ts"
import { makeThreads } from "../../../src/algebra/backends/cpu/threads.ts"
import * as Key from "../../../src/core/key.ts"
import type { Architecture } from "../../../src/methods/language/architecture.ts"
import { decoder, generate } from "../../../src/methods/language/decode.ts"
import { fromBf16, toBf16 } from "../../../src/methods/language/half.ts"
import { make } from "../../../src/methods/language/model.ts"
import { hyperClone } from "../../../src/methods/language/hypercloning/index.ts"
import { countOf, parametersOf } from "../../../src/methods/language/parameters.ts"
import { fromBytes, fromHalves, toBytes, toHalves } from "../../../src/methods/language/quantise.ts"
import { logitsOf } from "../../../src/methods/language/score.ts"
import type { Format } from "../../../src/methods/language/storage.ts"
import { formats, storedAs } from "../../../src/methods/language/storage.ts"
import { at } from "../../../src/methods/language/tree.ts"
import type { Transformer } from "../../../src/methods/language/weights.ts"
import { put, read, restore } from "../../../src/methods/language/weights.ts"
import { small } from "./architectures.ts"
import { backends, distance, randomModel, rangeOf } from "./models.ts"

/** Widths of whole groups in some maps and not in others. */
const medium: Architecture = { ...small, vocabulary: 40, model: 64, embed: 64, hidden: 96, context: 64 }
const tokens = [3, 11, 0, 39, 7]

const floats = (length: number) =>
  fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }),
    { minLength: length, maxLength: length }).map((values) => Float32Array.from(values))

/** The largest share of half a step, of the scale each value has, that a value has moved. */
const moved = (before: Float32Array, after: Float32Array, most: number, group: number): number => {
  let worst = 0
  for (let from = 0; from < before.length; from += group) {
    const largest = Math.max(...before.subarray(from, from + group).map(Math.abs))
    for (let i = from; i < from + group; i++) {
      const change = Math.abs((before[i] ?? NaN) - (after[i] ?? NaN))
      if (change > 0) worst = Math.max(worst, change / (largest / most / 2 + 2 ** -140))
    }
  }
  return worst
}

describe("rounding weights", () => {
  it("moves each by half a step at most, with a scale for each channel and for each group of 32", () => {
    fc.assert(fc.property(fc.constantFrom(1, 3, 32, 50), fc.integer({ min: 1, max: 4 }).chain((rows) =>
      fc.tuple(fc.constant(rows), floats(rows * 96))), (length, [rows, values]) => {
      const some = values.subarray(0, rows * length)
      expect(moved(some, fromBytes(toBytes(some, length)), 127, length)).toBeLessThan(1 + 1e-4)
      expect(moved(values, fromHalves(toHalves(values)), 7, 32)).toBeLessThan(1 + 1e-5)
    }))
  })

  it("would be caught if it cut where it has to round", () => {
    const values = Float32Array.from(Key.normal(Key.make(1), 320))
    const { codes, scale } = toBytes(values, 32)
    const cut = codes.map((code, i) => Math.trunc((values[i] ?? 0) / (scale[i >> 5] ?? 1) - Math.sign(code)))
    expect(moved(values, fromBytes({ codes: cut, scale }), 127, 32)).toBeGreaterThan(1.5)
  })

  it("changes nothing that was rounded before", () => {
    fc.assert(fc.property(floats(64), (values) => {
      for (const [to, from] of [[(x: Float32Array) => toBytes(x, 32), fromBytes], [toHalves, fromHalves]] as const) {
        const once = from(to(values))
        expect(distance(from(to(once)), once)).toBeLessThanOrEqual(2 ** -22 * Math.max(...values.map(Math.abs)))
      }
      expect(fromBf16(toBf16(fromBf16(toBf16(values))))).toEqual(fromBf16(toBf16(values)))
    }))
  })

  it("lets what is not a number be seen", () => {
    const values = new Float32Array(32).fill(1)
    values[5] = NaN
    expect(fromBytes(toBytes(values, 32)).some(Number.isNaN)).toBe(true)
    expect(fromHalves(toHalves(values)).some(Number.isNaN)).toBe(true)
  })
})

/** The model with the weights that a format means, in single precision. */
const widened = (model: Transformer) => Effect.gen(function*() {
  const { architecture, weights, format } = model
  const values = yield* read(architecture, weights, format)
  const plain = yield* put(architecture, ({ path }) => Effect.succeed(at(values, path) ?? new Float32Array(0)))
  return { architecture, weights: plain }
})

/** What the largest change of a logit may be, in shares of the range of logits: standard normal weights, two layers. */
const worst: Readonly<Record<Format, number>> = { f32: 0, bf16: 0.05, int8: 0.1, int4: 0.8 }
const few = formats.filter((format) => format !== "f32")

describe.each(backends)("a model kept in fewer bits, on %s", (name, on) => {
  it.each(few)("in %s computes what its widened weights compute, and nearly what it did", (format) =>
    on(Effect.gen(function*() {
      const model = yield* randomModel(medium, Key.make(5))
      const kept = yield* restore(model, format)
      const [found = []] = yield* logitsOf(kept, [tokens])
      const [wide = []] = yield* logitsOf(yield* widened(kept), [tokens])
      const [before = []] = yield* logitsOf(model, [tokens])
      const range = rangeOf(Array.from(before))
      expect(distance(found, wide)).toBeLessThan(1e-4 * range)
      expect(distance(found, before)).toBeLessThan(worst[format] * range)
      expect(distance(found, before)).toBeGreaterThan(0)
    })))

  it.each(few)("in %s decodes to the logits of the full forward pass", (format) => on(Effect.gen(function*() {
    const model = yield* restore(yield* randomModel(medium, Key.make(6)), format)
    const made = yield* Stream.runCollect(generate(model, tokens.slice(0, 3), { tokens: 4, end: [] }))
    const text = [...tokens.slice(0, 3), ...made]
    const [all = new Float32Array()] = yield* logitsOf(model, [text])
    made.forEach((token, index) => {
      const row = all.subarray((index + 2) * medium.vocabulary, (index + 3) * medium.vocabulary)
      expect(row[token]).toBeGreaterThan(Math.max(...row) - 1e-3)
    })
  })))

  if (name === "reference")
    it("grows to the same function", () => on(Effect.gen(function*() {
      const kept = yield* restore(make({ ...yield* randomModel(small, Key.make(7)), name: "small" }), "int8")
      const grown = yield* hyperClone(kept, { width: 2 })
      expect(grown.format).toBeUndefined()
      const [before = []] = yield* logitsOf(kept, [[1, 2, 3]])
      const [after = []] = yield* logitsOf(grown, [[1, 2, 3]])
      expect(distance(before, after)).toBeLessThan(1e-4 * rangeOf(Array.from(before)))
    })))
})

describe("four bits", () => {
  it("are taken where the last axis of what is summed over has whole groups, else eight", () => {
    for (const parameter of parametersOf(medium)) {
      const { as } = storedAs(parameter, "int4")
      const last = parameter.axes.at(-1)?.[1] ?? 0
      if (parameter.axes.length > 1) expect(as).toBe(last % 32 === 0 ? "int4" : "int8")
      else expect(as).toBe("f32")
    }
  })
})

describe("a step of decoding", () => {
  it("takes room for its activations alone: weights are not widened, keys and values not copied", () =>
    Effect.runPromise(Effect.scoped(Effect.gen(function*() {
      const memory = yield* makeMemory()
      const backend = Backend.make(Engine.make(yield* makeThreads(memory, 1)))
      yield* Effect.gen(function*() {
        const wide = yield* randomModel({ ...medium, model: 128, embed: 128, hidden: 256, context: 512 }, Key.make(8))
        for (const format of formats) {
          const model = yield* restore(wide, format)
          const read = yield* decoder(model, 1, 512)
          yield* read([{ piece: [1], from: 0 }], "logits")
          const before = memory.inUse()
          let most = 0
          const { allocateOrThrow } = memory
          const counted = (bytes: number): number => {
            const pointer = allocateOrThrow(bytes)
            most = Math.max(most, memory.inUse() - before)
            return pointer
          }
          Object.assign(memory, { allocateOrThrow: counted })
          yield* read([{ piece: [2], from: 1 }], "logits")
          Object.assign(memory, { allocateOrThrow })
          expect(memory.inUse()).toBe(before)
          // the keys and values of both layers are 64 KiB, the wide maps of one 400 KiB
          expect(most).toBeGreaterThan(0)
          expect(most).toBeLessThan(2 ** 15)
        }
      }).pipe(Effect.provideService(Backend, backend))
    }))))

  it("counts its weights in bits", () => {
    const bits = (format: Format): number => parametersOf(medium).reduce((total, parameter) => {
      const stored = storedAs(parameter, format)
      const count = countOf(parameter)
      const scales = "scale" in stored ? stored.scale.reduce((product, [, size]) => product * size, 32) : 0
      return total + scales + count * { f32: 32, bf16: 16, int8: 8, int4: 4 }[stored.as]
    }, 0)
    expect(bits("bf16") / bits("f32")).toBeLessThan(0.52)
    expect(bits("int8") / bits("f32")).toBeLessThan(0.35)
    expect(bits("int4")).toBeLessThan(bits("int8"))
  })
})
