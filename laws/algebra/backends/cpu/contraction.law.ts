import { Effect, Exit, Scope } from "effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Axis, bindContraction } from "../../../../src/algebra/backends/cpu/contraction.ts"
import { makeMemory, type Memory } from "../../../../src/algebra/backends/cpu/memory.ts"
import { makeThreads, type Threads } from "../../../../src/algebra/backends/cpu/threads.ts"
import { type Case, cases, evaluate, matrices, matrixCases, noise } from "../contractions.ts"

const indices = (axes: readonly Axis[]): readonly Omit<Axis, "size">[] => axes.reduce<readonly Omit<Axis, "size">[]>(
  (all, axis) => all.flatMap((at) => Array.from({ length: axis.size }, (_, i) => ({
    a: at.a + i * axis.a, b: at.b + i * axis.b, c: at.c + i * axis.c
  }))), [{ a: 0, b: 0, c: 0 }])

let memory: Memory
let one: Threads
let two: Threads
const scope = Scope.makeUnsafe()
beforeAll(async () => {
  memory = Effect.runSync(makeMemory())
  one = await Effect.runPromise(Scope.provide(scope)(makeThreads(memory, 1)))
  two = await Effect.runPromise(Scope.provide(scope)(makeThreads(memory, 2)))
})
afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)))

/** The largest error of a result in units of what summing k products may lose. */
const deviation = (result: Float64Array, { contraction, extent }: Case): number => {
  const { batch, m, n, k, dtype, accumulate } = contraction
  const [a, b, before] = [noise(extent.a, 1), noise(extent.b, 2), noise(extent.c, 3)]
  const expected = Float64Array.from(before)
  const scale = new Float64Array(extent.c)
  const [ks, ns, ms] = [indices(k), indices(n), indices(m)]
  for (const x of indices(batch)) for (const i of ms) for (const j of ns) {
    const at = x.c + i.c + j.c
    let sum = accumulate ? before[at] ?? 0 : 0
    let size = Math.abs(sum)
    for (const l of ks) {
      const product = (a[x.a + i.a + j.a + l.a] ?? NaN) * (b[x.b + i.b + j.b + l.b] ?? NaN)
      sum += product
      size += Math.abs(product)
    }
    expected[at] = sum
    scale[at] = size * (ks.length + 2)
  }
  const epsilon = dtype === "f32" ? 2 ** -24 : 2 ** -53
  let worst = 0
  for (let at = 0; at < expected.length; at++) {
    const error = Math.abs((result[at] ?? NaN) - (expected[at] ?? NaN))
    const allowed = (scale[at] ?? 0) * epsilon
    if (error === 0) continue
    worst = Math.max(worst, allowed === 0 || Number.isNaN(error) ? Infinity : error / allowed)
  }
  return worst
}

describe("a contraction", () => {
  test("of any shape, strides and batch is the plain loop's within rounding, with the same bits on any threads", () => {
    fc.assert(fc.property(cases(5), (one_) => {
      const result = evaluate(one, one_)
      expect(deviation(result, one_)).toBeLessThanOrEqual(1)
      expect(evaluate(two, one_)).toEqual(result)
    }), { numRuns: 400 })
  })

  test("of matrices of any size and orientation is the plain loop's, whatever edges its tiles have", () => {
    fc.assert(fc.property(matrixCases, (one_) => {
      const result = evaluate(one, one_)
      expect(deviation(result, one_)).toBeLessThanOrEqual(1)
      expect(evaluate(two, one_)).toEqual(result)
    }), { numRuns: 60 })
  })

  test("packed in parts is the plain loop's too", () => {
    const deep = fc.record({
      m: fc.integer({ min: 5, max: 90 }), n: fc.integer({ min: 5, max: 90 }), k: fc.integer({ min: 300, max: 900 }),
      batch: fc.integer({ min: 1, max: 3 }), limit: fc.integer({ min: 1, max: 600_000 }), accumulate: fc.boolean()
    })
    fc.assert(fc.property(deep, ({ m, n, k, batch, limit, accumulate }) => {
      const plain = matrices(m, n, k, "f32", [false, true, false])
      const axis = { size: batch, a: m * k, b: n * k, c: m * n }
      const parts: Case = {
        extent: { a: plain.extent.a * batch, b: plain.extent.b * batch, c: plain.extent.c * batch },
        contraction: { ...plain.contraction, accumulate, batch: [axis] }
      }
      const result = evaluate(two, parts, limit)
      expect(deviation(result, parts)).toBeLessThanOrEqual(1)
      expect(evaluate(one, parts, limit)).toEqual(result)
    }), { numRuns: 25 })
  })

  test("over no k is zero, or nothing added", () => {
    for (const accumulate of [false, true]) {
      const plain = matrices(3, 5, 1, "f64", [false, false, false])
      const empty: Case = {
        ...plain, contraction: { ...plain.contraction, accumulate, k: [{ size: 0, a: 1, b: 1, c: 0 }] }
      }
      expect(deviation(evaluate(one, empty), empty)).toBe(0)
    }
  })

  test("lets infinities and not-a-numbers through as the plain loop does", () => {
    const special = fc.constantFrom(0, 1, -1, Infinity, -Infinity, NaN)
    const size = fc.constantFrom(1, 3, 9)
    fc.assert(fc.property(size, size, size, fc.array(special, { minLength: 7, maxLength: 40 }), (m, n, k, drawn) => {
      const { contraction } = matrices(m, n, k, "f64", [false, false, false])
      const at = (i: number): number => drawn[i % drawn.length] ?? 0
      const pointers = [m * k, k * n, m * n].map((length) => memory.allocateOrThrow(length * 8))
      const [a = 0, b = 0, c = 0] = pointers
      memory.f64(a, m * k).forEach((_, i, all) => all.fill(at(i), i, i + 1))
      memory.f64(b, k * n).forEach((_, i, all) => all.fill(at(3 * i + 1), i, i + 1))
      Effect.runSync(Effect.scoped(Effect.map(bindContraction(one, contraction), ({ run }) => run(a, b, c))))
      const expected = Array.from({ length: m * n }, (_, at_) => {
        let sum = 0
        for (let l = 0; l < k; l++) sum += at(Math.floor(at_ / n) * k + l) * at(3 * (l * n + (at_ % n)) + 1)
        return sum
      })
      const result = [...memory.f64(c, m * n)]
      for (const pointer of pointers) memory.free(pointer)
      expect(result.map((value) => value + 0)).toEqual(expected.map((value) => value + 0))
    }), { numRuns: 100 })
  })

  test("leaves nothing allocated but what its pool holds", () => {
    evaluate(two, matrices(64, 64, 64, "f32", [false, false, false]))
    const before = memory.inUse()
    evaluate(two, matrices(60, 60, 60, "f32", [true, false, true]))
    expect(memory.inUse()).toBe(before)
  })

  test("is caught when a stride is off by one", () => {
    const right = matrices(8, 8, 8, "f32", [false, false, false])
    const [axis] = right.contraction.k
    if (axis === undefined) throw new Error("a matrix product has a k axis")
    const wrong = { ...right, contraction: { ...right.contraction, k: [{ ...axis, b: axis.b - 1 }] } }
    expect(deviation(evaluate(one, wrong), right)).toBeGreaterThan(1)
  })
})
