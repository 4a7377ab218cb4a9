import * as fc from "fast-check"
import { expect, it } from "vitest"
import * as Axis from "../../src/algebra/axis.ts"
import type { Expression } from "../../src/algebra/expression.ts"
import * as U from "../../src/algebra/interpreters/untyped.ts"
import * as T from "../../src/algebra/tensor.ts"
import type { Runner } from "../backends.ts"
import { forEachBackend } from "../backends.ts"
import { literalOf, tensor, tensors } from "./generators.ts"
import { expectSame, isRefused } from "./values.ts"

/** Checks that two expressions are the same function of their axes. */
const equal = async (runner: Runner, left: Expression, right: Expression, bound = 0): Promise<void> => {
  const [x, y] = await runner.values(left, right)
  expectSame(x, y, runner.bound(bound))
}

/** A literal with its axes listed in the opposite order. */
const reordered = <D extends "f64", A extends string>(x: T.Tensor<D, A>): T.Tensor<D, A> => {
  const names = Array.from(x.axes.keys()).reverse()
  return U.split(U.merge(x, names, "whole"), "whole",
    Object.fromEntries(names.map((name) => [name, x.axes.get(name) ?? 0]))) as T.Tensor<D, A>
}

forEachBackend("the algebra", (runner) => {
  const runs = { numRuns: runner.cases(40) }
  const abc = tensors("f64", [["a", "b", "k"], ["k", "c", "b"], ["k", "c", "b"]] as const)

  it("contraction is linear in each operand", () =>
    fc.assert(fc.asyncProperty(abc, fc.integer({ min: -3, max: 3 }), async ([x, y, z], s) => {
      await equal(runner, T.contract(x, T.add(T.multiply(y, s), z), "k"),
        T.add(T.multiply(T.contract(x, y, "k"), s), T.contract(x, z, "k")), 1e-13)
    }), runs))

  it("contraction commutes", () => fc.assert(fc.asyncProperty(abc, async ([x, y]) => {
    await equal(runner, T.contract(x, y, ["k", "b"]), T.contract(y, x, ["b", "k"]), 1e-14)
  }), runs))

  it("contraction is associative where the axes allow it", () =>
    fc.assert(fc.asyncProperty(tensors("f64", [["a", "i"], ["i", "j"], ["j", "b"]] as const), async ([x, y, z]) => {
      await equal(runner, T.contract(T.contract(x, y, "i"), z, "j"), T.contract(x, T.contract(y, z, "j"), "i"), 1e-13)
    }), runs))

  it("contraction is the sum of the product", () => fc.assert(fc.asyncProperty(abc, async ([x, y]) => {
    await equal(runner, T.contract(x, y, "k"), T.sum(T.multiply(x, y), "k"), 1e-14)
  }), runs))

  it("the order in which axes are listed means nothing", () => fc.assert(fc.asyncProperty(abc, async ([x, y]) => {
    await equal(runner, T.contract(reordered(x), y, "k"), T.contract(x, y, "k"), 1e-14)
    await equal(runner, T.subtract(reordered(x), y), T.subtract(x, reordered(y)))
    await equal(runner, T.sum(reordered(x), ["a", "k"]), T.sum(x, ["k", "a"]), 1e-14)
    await equal(runner, T.merge(reordered(x), ["k", "a"], "m"), T.merge(x, ["k", "a"], "m"))
    await equal(runner, T.argsort(reordered(x), "b"), T.argsort(x, "b"))
  }), runs))

  const names = { a: "p", b: "a", k: "q" } as const
  const natural: { readonly [name: string]: readonly [(x: T.Tensor<"f64", "a" | "b" | "k">) => Expression,
    (x: T.Tensor<"f64", "p" | "a" | "q">) => Expression] } = {
    unary: [(x) => T.sine(x), (x) => T.sine(x)],
    binary: [(x) => T.add(x, x), (x) => T.add(x, x)],
    contract: [(x) => T.contract(x, x, ["a", "b"]), (x) => T.contract(x, x, ["p", "a"])],
    sum: [(x) => T.sum(x, "b"), (x) => T.sum(x, "a")],
    largest: [(x) => T.largest(x, "k"), (x) => T.largest(x, "q")],
    slice: [(x) => T.slice(x, "a", 0, 1), (x) => T.slice(x, "p", 0, 1)],
    pad: [(x) => T.pad(x, "b", 1, 2, 3), (x) => T.pad(x, "a", 1, 2, 3)],
    tile: [(x) => T.tile(x, "a", 2), (x) => T.tile(x, "p", 2)],
    concatenate: [(x) => T.concatenate([x, x], "k"), (x) => T.concatenate([x, x], "q")],
    expand: [(x) => T.expand(x, "new", 2), (x) => T.expand(x, "new", 2)],
    merge: [(x) => T.merge(x, ["k", "a"], "m"), (x) => T.merge(x, ["q", "p"], "m")],
    split: [(x) => T.split(T.tile(x, "b", 2), "b", { u: 2, v: x.axes.get("b") ?? 1 }),
      (x) => T.split(T.tile(x, "a", 2), "a", { u: 2, v: x.axes.get("a") ?? 1 })],
    gather: [(x) => T.gather(x, T.iota("i32", "i", 3), "b"), (x) => T.gather(x, T.iota("i32", "i", 3), "a")],
    argsort: [(x) => T.argsort(x, "k"), (x) => T.argsort(x, "q")],
    qr: [(x) => T.qr(x, "a", "b", "r").upper, (x) => T.qr(x, "p", "a", "r").upper],
    cast: [(x) => T.cast(x, "f32"), (x) => T.cast(x, "f32")]
  }
  it.each(Object.entries(natural))("renaming is natural for %s", (_, [before, after]) =>
    fc.assert(fc.asyncProperty(tensor("f64", ["a", "b", "k"]), async (x) => {
      const result = before(x)
      const present = Object.fromEntries(Object.entries(names).filter(([old]) => result.axes.has(old)))
      await equal(runner, U.rename(result, present), after(T.rename(x, names)), 1e-15)
    }), { numRuns: runner.cases(15) }))

  it("splitting and merging undo each other", () =>
    fc.assert(fc.asyncProperty(tensor("f64", ["a", "b", "c"]), async (x) => {
      const [a, c] = [x.axes.get("a") ?? 0, x.axes.get("c") ?? 0]
      await equal(runner, T.split(T.merge(x, ["c", "a"], "m"), "m", { c, a }), x)
      await equal(runner, T.split(T.merge(x, [], "one"), "one", {}), x)
    }), runs))

  it("slices put together again are the whole, and a slice of a padding is what was padded", () =>
    fc.assert(fc.asyncProperty(tensor("f64", ["a", "b"]), fc.nat(4), fc.nat(3), async (x, cut, more) => {
      const size = x.axes.get("a") ?? 0
      const at = Math.min(cut, size)
      await equal(runner, T.concatenate([T.slice(x, "a", 0, at), T.slice(x, "a", at, size - at)], "a"), x)
      await equal(runner, T.slice(T.pad(x, "a", more, cut, 7), "a", more, size), x)
      await equal(runner, T.slice(T.slice(x, "a", size - 1, size, -1), "a", size - 1, size, -1), x)
      await equal(runner, T.pad(x, "a", more, cut, 7), T.concatenate([
        T.fill("f64", { a: more, b: x.axes.get("b") ?? 0 }, 7), x,
          T.fill("f64", { a: cut, b: x.axes.get("b") ?? 0 }, 7)], "a"))
    }), runs))

  it("a tiling is so many copies one after another", () =>
    fc.assert(fc.asyncProperty(tensor("f64", ["a", "b"]), async (x) => {
      await equal(runner, T.tile(x, "a", 3), T.concatenate([x, x, x], "a"))
      await equal(runner, T.tile(x, "a", 2), T.merge(T.expand(x, "copy", 2), ["copy", "a"], "a"))
    }), runs))

  it("an expansion is summed to so many times itself", () =>
    fc.assert(fc.asyncProperty(tensor("f64", ["a", "b"]), fc.integer({ min: 1, max: 5 }), async (x, times) => {
      await equal(runner, T.sum(T.expand(x, "new", times), "new"), T.multiply(x, times), 1e-14)
    }), runs))

  const placed =
    fc.tuple(tensors("f64", [["v", "b", "c"], ["t", "b", "c"]] as const),
      fc.array(fc.integer({ min: -2, max: 5 }), { minLength: 81, maxLength: 81 }))
    .map(([[x, u], all]) => {
      const [t, b] = [u.axes.get("t") ?? 0, u.axes.get("b") ?? 0]
      return { x, u, at: T.literal("i32", { t, b }, Int32Array.from(all).slice(0, t * b)) }
    })

  it("gathering and adding at indices are adjoint: <gather(x), u> = <x, scatter(u)>", () =>
    fc.assert(fc.asyncProperty(placed, async ({ x, u, at }) => {
      const gathered = T.contract(T.gather(x, at, "v"), u, ["t", "b", "c"])
      const scattered = T.scatter(T.multiply(x, 0), at, u, "v", "t", "add")
      await equal(runner, gathered, T.contract(x, scattered, ["v", "b", "c"]), 1e-13)
    }), runs))

  it("what is set at an index is read there, by the last that was set", () =>
    fc.assert(fc.asyncProperty(tensor("f64", ["v", "c"]), fc.nat(3), async (x, seed) => {
      const c = x.axes.get("c") ?? 0
      const at = T.literal("i32", { t: 2 }, Int32Array.of(0, 0))
      const updates = literalOf<"f64", "t" | "c">("f64", new Map([["t", 2], ["c", c]]), seed)
      const written = T.scatter(x, at, updates, "v", "t", "set")
      await equal(runner, T.at(written, "v", 0), T.at(updates, "t", 1))
      await equal(runner, T.slice(written, "v", 1, (x.axes.get("v") ?? 1) - 1),
        T.slice(x, "v", 1, (x.axes.get("v") ?? 1) - 1))
    }), runs))

  it("an index out of range reads 0", async () => {
    const x = T.literal("f64", { v: 2 }, Float64Array.of(3, 4))
    const [read] = await runner.values(T.gather(x, T.literal("i32", { t: 4 }, Int32Array.of(-1, 0, 1, 2)), "v"))
    expect(Array.from(read?.data ?? [])).toEqual([0, 3, 4, 0])
  })

  it("places of an order gather the axis in order, stably and with NaN last", () =>
    fc.assert(fc.asyncProperty(fc.array(fc.constantFrom(-1, 0, 1, 2, NaN, Infinity), { minLength: 1, maxLength: 9 }),
      fc.boolean(), async (values, descending) => {
      const x = T.literal("f64", { a: values.length }, Float64Array.from(values))
      const [places] = await runner.values(T.argsort(x, "a", { descending }))
      const rank = (value: number): number => (Number.isNaN(value) ? Infinity : Math.atan(descending ? -value : value))
      const expected = values.map((_, index) => index).sort((i, j) => {
        const [left, right] = [rank(values[i] ?? 0), rank(values[j] ?? 0)]
        return left < right ? -1 : left > right ? 1 : i - j
      })
      expect(Array.from(places?.data ?? [])).toEqual(expected)
    }), runs))

  it("casts to integers truncate toward zero, saturate, and turn NaN into 0", async () => {
    const x = T.literal("f64", { a: 8 }, Float64Array.of(1.9, -1.9, NaN, Infinity, -Infinity, 1e20, -0.5, 300))
    const [i32, u32, i8, bool] =
      await runner.values(T.cast(x, "i32"), T.cast(x, "u32"), T.cast(T.cast(x, "i8"), "i32"), T.cast(x, "bool"))
    expect(Array.from(i32?.data ?? [])).toEqual([1, -1, 0, 2147483647, -2147483648, 2147483647, 0, 300])
    expect(Array.from(u32?.data ?? [])).toEqual([1, 0, 0, 4294967295, 0, 4294967295, 0, 300])
    expect(Array.from(i8?.data ?? [])).toEqual([1, -1, 0, 127, -128, 127, 0, 127])
    expect(Array.from(bool?.data ?? [])).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  it("casts to 16 bits and back keep what 16 bits hold, and round to nearest even", async () => {
    const x = T.literal("f32", { a: 6 }, Float32Array.of(1, -2.5, 2049, 2051, 65520, 2 ** -24))
    const [half, brain] = await runner.values(T.cast(T.cast(x, "f16"), "f32"), T.cast(T.cast(x, "bf16"), "f32"))
    expect(Array.from(half?.data ?? [])).toEqual([1, -2.5, 2048, 2052, Infinity, 2 ** -24])
    expect(Array.from(brain?.data ?? [])).toEqual([1, -2.5, 2048, 2048, 65536, 2 ** -24])
  })

  it("reductions of nothing give what changes nothing", async () => {
    const none = T.fill("f64", { a: 0, b: 1 }, 0)
    const results =
      await runner.values(T.sum(none, "a"), T.product(none, "a"), T.largest(none, "a"), T.smallest(none, "a"))
    expect(results.map(({ data }) => data[0])).toEqual([0, 1, -Infinity, Infinity])
  })

  it("integers wrap", async () => {
    const most = T.fill("i32", { a: 1 }, 2147483647)
    const many = T.literal("u32", { a: 2 }, Uint32Array.of(4294967295, 3))
    const results =
      await runner.values(T.add(most, 1), T.multiply(most, most), T.sum(many, "a"), T.product(many, "a"),
        T.shiftRight(many, 31), T.shiftRight(T.negate(most), 31))
    expect(results.map(({ data }) => Array.from(data))).toEqual([[-2147483648], [1], [2], [4294967293], [1, 0], [-1]])
  })

  it("a comparison with NaN is false, and a NaN on the side not taken is not seen", async () => {
    const nan = T.fill("f64", { a: 1 }, NaN)
    const results = await runner.values(T.less(nan, 1), T.lessEqual(nan, nan), T.equal(nan, nan), T.notEqual(nan, nan),
      T.where(T.equal(nan, nan), nan, 5), T.largest(T.concatenate([nan, T.fill("f64", { a: 1 }, 1)], "a"), "a"))
    expect(results.map(({ data }) => data[0])).toEqual([0, 0, 0, 1, 5, NaN])
  })

  it("the laws catch a contraction that leaves out the last element", async () => {
    const broken = (x: T.Tensor<"f64", "a" | "k">, y: T.Tensor<"f64", "k" | "c">) => {
      const size = (x.axes.get("k") ?? 1) - 1
      return T.contract(T.slice(x, "k", 0, size), T.slice(y, "k", 0, size), "k")
    }
    expect(await isRefused(() =>
      fc.assert(fc.asyncProperty(tensors("f64", [["a", "k"], ["k", "c"]] as const), async ([x, y]) => {
      await equal(runner, broken(x, y), T.sum(T.multiply(x, y), "k"), 1e-14)
    }), { numRuns: 40, endOnFailure: true }))).toBe(true)
  })

  it("an empty axis is an axis", async () => {
    const none = T.fill("f64", { a: 0, b: 2 }, 1)
    const [padded, whole] = await runner.values(T.pad(none, "a", 1, 0, 4), T.contract(none, none, "a"))
    expect(Array.from(padded?.data ?? [])).toEqual([4, 4])
    expect(Array.from(whole?.data ?? [])).toEqual([0, 0])
    expect(Axis.count(none.axes)).toBe(0)
  })
})
