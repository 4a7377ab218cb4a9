import * as fc from "fast-check"
import { expect, it } from "vitest"
import type { Expression } from "../../src/algebra/expression.ts"
import { expression } from "../../src/algebra/expression.ts"
import * as U from "../../src/algebra/interpreters/untyped.ts"
import * as T from "../../src/algebra/tensor.ts"
import type { Runner } from "../backends.ts"
import { forEachBackend } from "../backends.ts"
import { literalOf } from "./generators.ts"
import { expectSame, isRefused } from "./values.ts"

type Matrices<R extends string, C extends string> = T.Tensor<"f64", "z" | R | C>

/** A batch of matrices, some of their columns zero when `thin` is set. */
const matrices =
  fc.record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 6 }), seed: fc.nat(999),
    thin: fc.boolean() })
  .map(({ rows, columns, seed, thin }): Matrices<"r", "c"> => {
    const x = literalOf<"f64", "z" | "r" | "c">("f64", new Map([["z", 2], ["r", rows], ["c", columns]]), seed)
    const column = T.iota("f64", "c", columns)
    return thin ? T.where(T.less(column, columns / 2), x, 0) : x
  })

const eye = <R extends string, C extends string>(row: R, column: C, size: number): T.Tensor<"f64", R | C> =>
  T.cast(T.equal(T.iota("i32", row, size), T.iota("i32", column, size)), "f64")

const sizeOf = (x: Expression, axis: string): number => x.axes.get(axis) ?? 0

const equal = async (runner: Runner, left: Expression, right: Expression, bound = 1e-12): Promise<void> => {
  const [x, y] = await runner.values(left, right)
  expectSame(x, y, runner.bound(bound))
}

/** X X^T + 1 over row and column. */
const positive = (x: Matrices<"r", "c">): Matrices<"r", "s"> =>
  T.add(T.contract(x, T.rename(x, { r: "s" }), "c"), eye("r", "s", sizeOf(x, "r")))

forEachBackend("a factorisation", (runner) => {
  it("of Cholesky is lower triangular, and L L^T is the matrix, of which the upper triangle is not read", () =>
    fc.assert(fc.asyncProperty(matrices, async (x) => {
      const a = positive(x)
      const n = sizeOf(a, "r")
      const upper = T.less(T.iota("i32", "r", n), T.iota("i32", "s", n))
      const l = T.cholesky(T.where(upper, T.fill("f64", {}, NaN), a), "r", "s")
      await equal(runner, T.contract(l, T.rename(l, { r: "t" }), "s"), T.rename(a, { s: "t" }))
      await equal(runner, T.where(upper, l, 0), T.multiply(a, 0), 0)
    }), { numRuns: runner.cases(30) }))

  it("of Cholesky is NaN where the matrix is not positive definite", async () => {
    const [l] = await runner.values(T.cholesky(T.literal("f64", { r: 2, s: 2 }, Float64Array.of(1, 2, 2, 1)), "r", "s"))
    expect(Number.isNaN(l?.data[3])).toBe(true)
  })

  const spectral = async (x: Matrices<"r", "c">, eigh: typeof T.eigh): Promise<void> => {
    const a = T.subtract(positive(x), T.multiply(eye("r", "s", sizeOf(x, "r")), 1.5))
    const { values, vectors } = eigh(a, "r", "s")
    const n = sizeOf(a, "r")
    await equal(runner, T.contract(T.multiply(vectors, values), T.rename(vectors, { r: "t" }), "s"),
      T.rename(a, { s: "t" }))
    await equal(runner, T.contract(vectors, T.rename(vectors, { s: "t" }), "r"),
      T.add(T.multiply(T.rename(a, { r: "t" }), 0), eye("s", "t", n)))
    if (n > 1) {
      const [ascending] =
        await runner.values(T.smallest(T.subtract(T.slice(values, "s", 1, n - 1), T.slice(values, "s", 0, n - 1)), "s"))
      expect(Array.from(ascending?.data ?? []).every((step) => step >= 0)).toBe(true)
    }
  }

  it("of a symmetric matrix has orthonormal vectors and ascending values that make it again", () =>
    fc.assert(fc.asyncProperty(matrices, (x) => spectral(x, T.eigh)), { numRuns: runner.cases(30) }))

  it("by eigenvectors is caught when its values come in another order", async () => {
    const reversed: typeof T.eigh = (x, row, column) => {
      const { values, vectors } = T.eigh(x, row, column)
      const n = sizeOf(x, column)
      return { vectors, values: U.slice(values, column, n - 1, n, -1) as typeof values }
    }
    expect(await isRefused(() =>
      fc.assert(fc.asyncProperty(matrices, (x) => spectral(x, reversed)),
        { numRuns: 30, endOnFailure: true }))).toBe(true)
  })

  it("by singular values is orthonormal on both sides and makes the matrix again, of whatever rank", () =>
    fc.assert(fc.asyncProperty(matrices, async (x) => {
      const { left, values, right } = T.svd(x, "r", "c", "k")
      const rank = sizeOf(values, "k")
      await equal(runner, T.contract(T.multiply(left, values), right, "k"), x)
      const unit = T.add(T.fill("f64", { z: 2 }, 0), eye("k", "l", rank))
      await equal(runner, T.contract(left, T.rename(left, { k: "l" }), "r"), unit)
      await equal(runner, T.contract(right, T.rename(right, { k: "l" }), "c"), unit)
      await equal(runner, T.maximum(values, 0), values, 0)
      const order = await runner.values(T.argsort(values, "k", { descending: true }))
      expect(Array.from(order[0]?.data ?? [])).toEqual([...Array(rank).keys(), ...Array(rank).keys()])
    }), { numRuns: runner.cases(30) }))

  it("by QR is orthonormal times upper triangular with a diagonal that is not negative", () =>
    fc.assert(fc.asyncProperty(matrices, async (x) => {
      const { orthogonal, upper } = T.qr(x, "r", "c", "k")
      const [rank, columns] = [sizeOf(upper, "k"), sizeOf(upper, "c")]
      await equal(runner, T.contract(orthogonal, upper, "k"), x)
      await equal(runner, T.contract(orthogonal, T.rename(orthogonal, { k: "l" }), "r"),
        T.add(T.fill("f64", { z: 2 }, 0), eye("k", "l", rank)))
      const [k, c] = [T.iota("i32", "k", rank), T.iota("i32", "c", columns)]
      await equal(runner, T.where(T.less(c, k), upper, 0), T.multiply(upper, 0), 0)
      await equal(runner, T.where(T.and(T.equal(c, k), T.less(upper, 0)), upper, 0), T.multiply(upper, 0), 0)
    }), { numRuns: runner.cases(30) }))

  it("that is triangular solves: T (T^-1 B) is B, and only the named triangle is read", () =>
    fc.assert(fc.asyncProperty(matrices, fc.constantFrom("lower" as const, "upper" as const), async (x, triangle) => {
      const a = positive(x)
      const n = sizeOf(a, "r")
      const [r, s] = [T.iota("i32", "r", n), T.iota("i32", "s", n)]
      const inside = triangle === "lower" ? T.lessEqual(s, r) : T.lessEqual(r, s)
      const y = T.solve(T.where(inside, a, T.fill("f64", {}, NaN)), x, "r", "s", triangle)
      await equal(runner, T.contract(T.where(inside, a, 0), y, "s"), x, 1e-9)
    }), { numRuns: runner.cases(30) }))

  it("in f32 is that in f64, rounded", () =>
    fc.assert(fc.asyncProperty(matrices, async (x) => {
      const single = T.cast(x, "f32")
      const of = (y: Expression, part: "values"): Expression =>
        expression(y.dtype, new Map([["z", 2], ["k", Math.min(sizeOf(y, "r"), sizeOf(y, "c"))]]),
          { op: "factorise", x: y, row: "r", column: "c", factor: { kind: "svd", part, rank: "k" } })
      await equal(runner, U.cast(of(single, "values"), "f64"), of(T.cast(single, "f64"), "values"), 1e-6)
    }), { numRuns: runner.cases(20) }))
})
