import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  block, br, brIf, call, choose, doWhile, drop, type Expression, forLoop, loop, moduleBuilder, returnNothing, select,
    signed,
  type Statement, statement, unsigned, type ValueType, when
} from "../../../../src/algebra/backends/cpu/assembler.ts"
import * as instructions from "../../../../src/algebra/backends/cpu/instructions.ts"

const { f32, f64, i32, i64, v128, scaled } = instructions

const instance = (bytes: Uint8Array<ArrayBuffer>): WebAssembly.Exports => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true })
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory }, math: { pow: Math.pow } }).exports
}

const callable = (exports: WebAssembly.Exports, name: string): ((...values: readonly number[]) => number) => {
  const value = exports[name]
  if (typeof value !== "function") throw new Error(`no function ${name}`)
  return (...values) => Number(value(...values))
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

/** Random arithmetic with its meaning in JavaScript. */
interface Term {
  readonly code: Expression<"i32">
  readonly value: number
}
const terms: fc.Arbitrary<Term> = fc.letrec<{ term: Term }>((tie) => ({
  term: fc.oneof({ depthSize: "small" },
    word.map((value) => ({ code: i32.const(value), value })),
    fc.tuple(tie("term"), tie("term")).map(([x, y]) => ({ code: i32.add(x.code, y.code),
      value: (x.value + y.value) | 0 })),
    fc.tuple(tie("term"), tie("term")).map(([x, y]) => ({ code: i32.mul(x.code, y.code), value: Math.imul(x.value,
      y.value) })),
    fc.tuple(tie("term"), tie("term")).map(([x, y]) => ({ code: i32.lt_u(x.code, y.code),
      value: x.value >>> 0 < y.value >>> 0 ? 1 : 0 })),
    fc.tuple(tie("term"), tie("term")).map(([x, y]) => ({ code: i32.shr_s(x.code, y.code),
      value: x.value >> y.value })),
    fc.tuple(tie("term"), tie("term"), tie("term")).map(([x, y, z]) => ({ code: select(x.code, y.code, z.code),
      value: x.value !== 0 ? y.value : z.value })),
    fc.tuple(tie("term"), tie("term"), tie("term")).map(([x, y, z]) => ({ code: choose(x.code, y.code, z.code),
      value: x.value !== 0 ? y.value : z.value })),
    tie("term").map((x) => ({ code: i32.popcnt(x.code), value: [...(x.value >>> 0).toString(2)].filter((bit) =>
      bit === "1").length }))
  )
})).term

const evaluated = (code: Expression<"i32">): number => {
  const module = moduleBuilder()
  module.function("value", {}, "i32", () => [[], code])
  return callable(instance(module.bytes()), "value")()
}

describe("the assembler", () => {
  test("writes arithmetic that means what the same arithmetic means in JavaScript", () => {
    fc.assert(fc.property(terms, ({ code, value }) => {
      expect(evaluated(code)).toBe(value)
    }), { numRuns: 300 })
  })

  test("is caught when an operand order is wrong", () => {
    const wrong = fc.property(word, word, (x, y) => evaluated(i32.sub(i32.const(y), i32.const(x))) === ((x - y) | 0))
    expect(fc.check(wrong).failed).toBe(true)
  })

  test("encodes numbers as LEB128 that decode to themselves", () => {
    fc.assert(fc.property(word, fc.nat(2 ** 31), (x, y) => {
      const raw = signed(x).reduce((sum, byte, i) => sum | (BigInt(byte & 127) << BigInt(7 * i)), 0n)
      expect(Number(BigInt.asIntN(7 * signed(x).length, raw))).toBe(x)
      expect(unsigned(y).reduce((sum, byte, i) => sum + (byte & 127) * 128 ** i, 0)).toBe(y)
    }))
  })

  test("counts loops as JavaScript does, empty ones and steps that overshoot included", () => {
    const module = moduleBuilder()
    module.function("turns", { from: "i32", to: "i32", step: "i32" }, "i32", ({ parameters: { from, to, step },
      local }) => {
      const [i, turns] = [local("i", "i32"), local("turns", "i32")]
      return [forLoop(i, from.get, to.get, step.get, turns.set(i32.add(turns.get, i32.const(1)))), turns.get]
    })
    const turns = callable(instance(module.bytes()), "turns")
    fc.assert(fc.property(fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 9 }), (from, to, step) => {
      expect(turns(from, to, step)).toBe(Math.max(0, Math.ceil((to - from) / step)))
    }))
  })

  test("finds the depth of a branch out of any nesting", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 8 }), fc.nat(8), (deep, out) => {
      const target = Math.min(deep, out)
      const module = moduleBuilder()
      module.function("reached", {}, "i32", ({ local }) => {
        const reached = local("reached", "i32")
        const nest = (level: number, labels: readonly { readonly label: string }[]): Statement => {
          const label = labels[target]
          if (level > deep) return label === undefined ? statement() : br(label)
          return block((here) => [nest(level + 1, [...labels, here]), reached.set(i32.add(reached.get, i32.const(1)))])
        }
        return [nest(0, []), reached.get]
      })
      expect(callable(instance(module.bytes()), "reached")()).toBe(target)
    }))
  })

  test("calls imports and its own functions", () => {
    const module = moduleBuilder()
    const pow = module.importFunction("math", "pow", ["f64", "f64"], "f64")
    const square = module.function("_square", { x: "f64" }, "f64", ({ parameters: { x } }) =>
      [[], call(pow, x.get, f64.const(2))])
    module.function("fourth", { x: "f64" }, "f64", ({ parameters: { x } }) =>
      [[], call(square, call(square, x.get))])
    const exports = instance(module.bytes())
    expect(callable(exports, "fourth")(3)).toBe(81)
    expect(Object.keys(exports)).toEqual(["fourth"])
  })

  test("has a valid encoding of every instruction", () => {
    const module = moduleBuilder()
    const samples: Readonly<Record<ValueType, Expression<ValueType>>> = {
      i32: i32.const(0), i64: i64.const(0n), f32: f32.const(0), f64: f64.const(0), v128: v128.zero
    }
    const types = ["v128", "i32", "i64", "f32", "f64"] as const
    const valid = (code: unknown): boolean => {
      const attempt = moduleBuilder()
      // the tables are walked without their types: validation is what decides
      const one = code as Expression<ValueType> | Statement
      attempt.procedure("one", {}, () => [one.type === "none" ? one : drop(one)])
      return WebAssembly.validate(attempt.bytes())
    }
    const relaxed = (name: string): boolean => name.startsWith("relaxed_") && !instructions.hasRelaxedSimd
    const refused: string[] = []
    const visit = (space: string, table: object): void => Object.entries(table).forEach((
      [name, operation]: [string, unknown]
    ) => {
      if (typeof operation === "object" && operation !== null && !("code" in operation)) {
        return visit(space === "" ? name : `${space}.${name}`, operation)
      }
      if (typeof operation !== "function" || relaxed(name)) return
      const special: Readonly<Record<string, readonly unknown[]>> = {
        const: space === "v128" ? [new Array<number>(16).fill(1)] : [space === "i64" ? 7n : 7],
        shuffle: [v128.zero, v128.zero, Array.from({ length: 16 }, (_, i) => i)],
        extract_lane: [v128.zero, 1], replace_lane: []
      }
      const known = special[name]
      const attempts: (readonly unknown[])[] = known !== undefined && known.length > 0 ? [known] : []
      const lane = name.endsWith("_lane") ? [0] : []
      if (lane.length > 0) attempts.push([samples.i32, v128.zero, 0], ...types.map((t) => [v128.zero, 0, samples[t]]))
      else for (const x of types) {
        attempts.push([samples[x]])
        for (const y of types) attempts.push([samples[x], samples[y]], [samples[x], samples[y], samples[x]])
      }
      const accepted = attempts.some((given) => {
        try {
          return valid((operation as (...values: readonly unknown[]) => unknown)(...given))
        } catch {
          return false
        }
      })
      if (!accepted) refused.push(`${space}.${name}`)
    })
    const { i8x16, i16x8, i32x4, i64x2, f32x4, f64x2, memory } = instructions
    visit("", { i32, i64, f32, f64, v128, i8x16, i16x8, i32x4, i64x2, f32x4, f64x2, memory })
    expect(refused).toEqual([])
    expect(WebAssembly.validate(module.bytes())).toBe(true)
  })

  test("refuses a local asked for under two types and a branch out of a block that does not enclose it", () => {
    expect(() => moduleBuilder().procedure("f", {}, ({ local }) => [local("x", "i32").set(i32.const(0)), local("x",
      "f32").set(f32.const(0))]))
      .toThrow(TypeError)
    expect(() => moduleBuilder().procedure("f", {}, () => br({ label: "elsewhere" }))).toThrow(RangeError)
  })

  test("stores and loads through the shared memory", () => {
    const module = moduleBuilder()
    module.function("sum", { count: "i32" }, "i32", ({ parameters: { count }, local }) => {
      const [i, sum] = [local("i", "i32"), local("sum", "i32")]
      return [[
        forLoop(i, i32.const(0), count.get, 1, i32.store(scaled(i32.const(64), i.get, 4), i.get)),
        i.set(i32.const(0)),
        when(count.get, doWhile([
          sum.set(i32.add(sum.get, i32.at(i32.const(64), i.get))), instructions.increment(i, 1)
        ], i32.lt_u(i.get, count.get))),
        loop((again) => [block((done) => [brIf(done, i32.const(1)), br(again)])]),
        when(i32.const(0), returnNothingOf(sum.get))
      ], sum.get]
    })
    const sum = callable(instance(module.bytes()), "sum")
    for (const count of [0, 1, 2, 100]) expect(sum(count)).toBe((count * (count - 1)) / 2 + 0)
  })
})

/** A return in the middle of a function of one result carries its value. */
const returnNothingOf = (value: Expression<"i32">): Statement => statement(value.code, returnNothing.code)
