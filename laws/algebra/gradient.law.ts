import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Axes } from "../../src/algebra/axis.ts"
import * as Axis from "../../src/algebra/axis.ts"
import { constant } from "../../src/algebra/constant.ts"
import type { BinaryKind, Expression, UnaryKind } from "../../src/algebra/expression.ts"
import { gradient, pullback, reverse } from "../../src/algebra/interpreters/gradient.ts"
import type { Rules } from "../../src/algebra/interpreters/gradient/rule.ts"
import { rules } from "../../src/algebra/interpreters/gradient/rules.ts"
import * as U from "../../src/algebra/interpreters/untyped.ts"
import * as T from "../../src/algebra/tensor.ts"
import type { Program, Runner } from "../backends.ts"
import { onReference } from "../backends.ts"
import { literalOf, noise, program } from "./generators.ts"
import { expectSame, isRefused } from "./values.ts"

const all = (x: Expression): ReadonlyArray<string> => Array.from(x.axes.keys())
/** <x, w> for weights w that a seed decides. */
const weighted = (x: Expression, seed: number): Expression =>
  U.sum(U.multiply(x, literalOf("f64", x.axes, seed)), all(x))
const total = (parts: ReadonlyArray<Expression>): Expression =>
  parts.reduce((left, right) => U.add(left, right), U.fill("f64", new Map(), 0))

/**
 * Holds <gradient, direction> to the central difference of the value along a random direction, where that can be
 * trusted: where two step sizes disagree, or the differences to the two sides, there is a kink between the points.
 */
const agrees = async (runner: Runner, table: Rules, { inputs, data, outputs }: Program,
  seed: number): Promise<void> => {
  const value = total(outputs.map((output, index) => weighted(output, seed + index)))
  const directions = inputs.map(({ axes }, index) => noise("f64", Axis.count(axes), seed + 31 * index + 7, "reals"))
  const gradients = reverse(table, [[value, U.fill("f64", new Map(), 1)]], inputs)
  const slope = total(gradients.map((found, index) => {
    const input = inputs[index]
    const along = T.literal("f64", Object.fromEntries(input?.axes ?? []), directions[index] ?? new Float64Array())
    return U.sum(U.multiply(found, along), all(found))
  }))
  const [exact] = await runner.run({ inputs, data, outputs: [slope] })
  const at = async (step: number): Promise<number> => {
    const moved =
      data.map((values, index) => Float64Array.from(values, (x, i) => x + step * (directions[index]?.[i] ?? 0)))
    const [result] = await runner.run({ inputs, data: moved, outputs: [value] })
    return result?.data[0] ?? NaN
  }
  const step = 1e-5
  const [before, here, after, further] =
    [await at(-step), await at(0), await at(step), (await at(2 * step)) - (await at(-2 * step))]
  const [fine, coarse] = [(after - before) / (2 * step), further / (4 * step)]
  const found = exact?.data[0] ?? NaN
  const scale = 1 + Math.abs(found)
  if (Math.abs(coarse - fine) > 1e-6 * scale || Math.abs(after - 2 * here + before) / step > 1e-2 * scale) return
  expect(Math.abs(fine - found) / scale, `gradient ${found}, difference ${fine}`).toBeLessThan(2e-6)
}

/** The first derivative of a program as a program: its gradients, each weighted. */
const derived = ({ inputs, data, outputs }: Program, seed: number): Program => {
  const value = total(outputs.map((output, index) => weighted(output, seed + index)))
  return { inputs, data, outputs: reverse(rules, [[value, U.fill("f64", new Map(), 1)]], inputs) }
}

interface Case {
  readonly sizes: ReadonlyArray<{ readonly [axis: string]: number }>
  readonly build: (x: Expression, y: Expression) => Expression
  /** Where the operands lie. */
  readonly range?: readonly [number, number]
}

// the typed constructors, with the names of these tables' axes forgotten
const S = T as unknown as { readonly [name: string]: (...given: ReadonlyArray<unknown>) =>
  Expression & { readonly [part: string]: Expression } }
const call = (name: string, ...given: ReadonlyArray<unknown>) => {
  const constructor = S[name]
  if (constructor === undefined) throw new Error(`there is no ${name}`)
  return constructor(...given)
}

const one = { a: 2, b: 3 }
const unaries: ReadonlyArray<UnaryKind> =
  ["negate", "absolute", "sign", "floor", "reciprocal", "squareRoot", "exponential", "logarithm", "sine", "cosine",
    "tangentHyperbolic", "errorFunction"]
const binaries: ReadonlyArray<BinaryKind> =
  ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum", "remainder"]
const at = T.literal("i32", { b: 2, t: 4 }, Int32Array.of(0, 3, 9, 1, 1, -1, 2, 2))
const twice = T.literal("i32", { b: 2, t: 2, u: 2 }, Int32Array.of(0, 0, 3, 1, 1, -1, 2, 2))
const identity = U.cast(U.equal(U.iota("i32", "r", 3), U.iota("i32", "c", 3)), "f64")
const matrix = (r: number, c: number) => ({ z: 2, r, c })

const cases: { readonly [name: string]: Case } = {
  ...Object.fromEntries(
    unaries.map((kind): [string, Case] => [kind, { sizes: [one], build: (x) => U.unary(kind, x), range: [0.3, 0.9] }])),
  ...Object.fromEntries(
    binaries.map((kind): [string, Case] =>
      [kind, { sizes: [one, { b: 3, c: 2 }], build: (x, y) => U.binary(kind, x, y), range: [0.3, 1.9] }])),
  "power of a constant": { sizes: [one], build: (x) => U.binary("power", x, 3) },
  "quotient by a constant": { sizes: [one], build: (x) => U.divide(x, 3) },
  where: { sizes: [one, { b: 3 }], build: (x, y) => U.where(U.less(x, y), x, y) },
  cast: { sizes: [one], build: (x) => U.cast(U.add(U.cast(x, "f64"), 1), "f64") },
  contract: { sizes: [{ a: 2, k: 3, z: 2 }, { k: 3, c: 2, z: 2 }], build: (x, y) => U.contract(x, y, ["k"]) },
  "contract with nothing left": { sizes: [{ a: 2, k: 3 }, { k: 3, a: 2 }],
    build: (x, y) => U.contract(x, y, ["a", "k"]) },
  "contract over nothing": { sizes: [{ a: 2 }, { b: 3 }], build: (x, y) => U.contract(x, y, []) },
  sum: { sizes: [{ a: 2, b: 3, c: 2 }], build: (x) => U.sum(x, ["a", "c"]) },
  product: { sizes: [{ a: 2, b: 3, c: 2 }], build: (x) => U.product(x, ["a", "c"]) },
  "product with zeros": { sizes: [{ a: 4 }],
    build: (x) => U.product(U.multiply(x, T.literal("f64", { a: 4 }, Float64Array.of(1, 0, 2, 1))), ["a"]) },
  largest: { sizes: [{ a: 2, b: 3, c: 2 }], build: (x) => call("largest", x, ["a", "c"]) },
  smallest: { sizes: [{ a: 2, b: 3, c: 2 }], build: (x) => call("smallest", x, ["a", "c"]) },
  rename: { sizes: [one], build: (x) => U.rename(x, { a: "b", b: "a" }) },
  split: { sizes: [{ a: 6, b: 3 }], build: (x) => U.split(x, "a", { c: 2, a: 3 }) },
  merge: { sizes: [{ a: 2, b: 3, c: 2 }], build: (x) => U.merge(x, ["c", "a"], "a") },
  slice: { sizes: [{ a: 9, b: 2 }], build: (x) => U.slice(x, "a", 3, 4) },
  "slice in steps": { sizes: [{ a: 9, b: 2 }], build: (x) => U.slice(x, "a", 2, 3, 3) },
  "slice backwards": { sizes: [{ a: 9, b: 2 }], build: (x) => U.slice(x, "a", 8, 4, -2) },
  "slice of nothing": { sizes: [{ a: 3 }], build: (x) => U.slice(x, "a", 0, 0) },
  concatenate: { sizes: [{ a: 2, b: 2 }, { a: 3, b: 2 }], build: (x, y) => call("concatenate", [x, y, x], "a") },
  pad: { sizes: [one], build: (x) => U.pad(x, "a", 1, 2, 5) },
  tile: { sizes: [one], build: (x) => call("tile", x, "a", 3) },
  expand: { sizes: [one], build: (x) => U.expand(x, "c", 3) },
  gather: { sizes: [{ v: 4, b: 2, c: 2 }], build: (x) => U.gather(x, at, "v") },
  "scatter that adds": { sizes: [{ v: 4, b: 2, c: 2 }, { b: 2, t: 2, u: 2, c: 2 }],
    build: (x, y) => U.scatter(x, twice, y, "v", ["t", "u"], "add") },
  "scatter that sets": { sizes: [{ v: 4, b: 2, c: 2 }, { b: 2, t: 2, u: 2, c: 2 }],
    build: (x, y) => U.scatter(x, twice, y, "v", ["t", "u"], "set") },
  argsort: { sizes: [one], build: (x) => U.add(U.cast(call("argsort", x, "b"), "f64"), x) },
  cholesky: { sizes: [matrix(3, 3)], build: (x) => call("cholesky", U.add(x, U.multiply(identity, 4)), "r", "c") },
  "eigh values": { sizes: [matrix(3, 3)], build: (x) => call("eigh", x, "r", "c")["values"] ?? x },
  "eigh vectors": { sizes: [matrix(3, 3)], build: (x) => call("eigh", x, "r", "c")["vectors"] ?? x },
  ...Object.fromEntries([[3, 3], [4, 2], [2, 4]].flatMap(([r = 0, c = 0]) => [
    ...["left", "values", "right"].map((part): [string, Case] =>
      [`svd ${part} of ${r} by ${c}`,
        { sizes: [matrix(r, c)], build: (x) => call("svd", x, "r", "c", "k")[part] ?? x }]),
    ...["orthogonal", "upper"].map((part): [string, Case] =>
      [`qr ${part} of ${r} by ${c}`, { sizes: [matrix(r, c)], build: (x) => call("qr", x, "r", "c", "k")[part] ?? x }])
  ])),
  ...Object.fromEntries((["lower", "upper"] as const).flatMap((triangle) => [
    [`solve ${triangle}`,
      { sizes: [matrix(3, 3), { r: 3, e: 2 }], range: [0.5, 1.5], build: (x, y) => U.solve(x, y, "r", "c", triangle) }],
    [`solve ${triangle} for a batch`,
      { sizes: [{ r: 3, c: 3 }, { z: 2, r: 3 }], range: [0.5, 1.5],
        build: (x, y) => U.solve(x, y, "r", "c", triangle) }]
  ] satisfies ReadonlyArray<[string, Case]>))
}

const programOf = ({ sizes, build, range: [low, high] = [-1, 1] }: Case, seed: number): Program => {
  const inputs = sizes.map((size, index) => T.input<"f64", string>("f64", size, `x${index}`))
  const [x = U.fill("f64", new Map(), 0), y = x] = inputs
  const data = inputs.map(({ axes }, index) =>
    noise("f64", Axis.count(axes), seed + index, "reals").map((unit) => low + (high - low) * (unit + 1) / 2))
  return { inputs, data, outputs: [build(x, y)] }
}

const beside = (of: Axes, other: Axes): ReadonlyArray<string> =>
  Array.from(of.keys()).filter((name) => !other.has(name))

const held = fc.nat(9999)

describe("the gradient", () => {
  const runner = onReference()

  it.each(Object.entries(cases))("of %s is its central difference, and so is the second", (_, of) =>
    fc.assert(fc.asyncProperty(held, async (seed) => {
      const first = programOf(of, seed)
      await agrees(runner, rules, first, seed)
      await agrees(runner, rules, derived(first, seed), seed + 1)
    }), { numRuns: 5 }))

  it("of a random program is its central difference", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f64", "last"), held, (of, seed) => agrees(runner, rules, of, seed)),
      { numRuns: 150 }), 60_000)

  it("of the gradient of a random program is its central difference", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f64", "last"), held,
      (of, seed) => agrees(runner, rules, derived(of, seed), seed)), { numRuns: 40 }), 60_000)

  it("has the dtype, the axes and the layout of its tensor, and is zero where nothing depends on it", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f64"), async ({ inputs, data, outputs }) => {
      const stranger = T.input("f64", { other: 3 })
      const value = total(outputs.map((output) => weighted(output, 1))) as T.Tensor<"f64", never>
      const found = gradient(value, [...inputs, stranger])
      for (const [index, input] of [...inputs, stranger].entries()) {
        const of = found[index]
        expect(of?.dtype).toBe(input.dtype)
        expect(of !== undefined && Axis.identical(of.axes, input.axes)).toBe(true)
      }
      const [zero] =
        await runner.run(
          { inputs: [...inputs, stranger], data: [...data, new Float64Array(3)], outputs: found.slice(-1) })
      expect(Array.from(zero?.data ?? [])).toEqual([0, 0, 0])
    }), { numRuns: 40 }))

  it("of many outputs by a pullback is the sum of the outputs' gradients, each times its cotangent", () =>
    fc.assert(fc.asyncProperty(program("analytic", "f64"), held, async ({ inputs, data, outputs }, seed) => {
      const cotangents = outputs.map(({ axes }, index) => literalOf<"f64", string>("f64", axes, seed + index))
      const pulled = pullback(outputs, cotangents as ReadonlyArray<Expression>, inputs)
      const value =
        total(outputs.map((output, index) => U.sum(U.multiply(output, cotangents[index] ?? 0), all(output))))
      const results =
        await runner.run({ inputs, data, outputs: [...pulled, ...gradient(value as T.Tensor<"f64", never>, inputs)] })
      const scale = results.reduce((most, { data: values }) => Math.max(most, ...Array.from(values, Math.abs)), 1)
      inputs.forEach((_, index) => expectSame(results[index], results[index + inputs.length], 1e-12 * scale))
    }), { numRuns: 40 }))

  it("of a linear map is its adjoint: it does not depend on where it is taken", () =>
    fc.assert(fc.asyncProperty(held, async (seed) => {
      const x = T.input("f64", { a: 3, k: 2 })
      const w = literalOf<"f64", "k" | "b">("f64", new Map([["k", 2], ["b", 4]]), seed)
      const u = literalOf<"f64", "a" | "b">("f64", new Map([["a", 3], ["b", 4]]), seed + 1)
      const [pulled] = pullback([T.contract(x, w, "k")], [u as T.Tensor<"f64", "a" | "b">], [x])
      const [found, adjoint] =
        await runner.run(
          { inputs: [x], data: [noise("f64", 6, seed, "reals")], outputs: [pulled, T.contract(u, w, "b")] })
      expectSame(found, adjoint, 1e-14)
    }), { numRuns: 20 }))

  it("may be taken by any part of the expression", async () => {
    const x = T.input("f64", { a: 2 })
    const [part, divisor] = [T.multiply(x, x), T.fill("f64", {}, 4)]
    const found = gradient(T.sum(T.multiply(part, T.divide(part, divisor)), "a"), { part, divisor, x })
    const [byPart, byDivisor, byX] = await runner.run({
      inputs: [x], data: [Float64Array.of(1, 2)], outputs: [found.part, found.divisor, found.x]
    })
    expect(Array.from(byPart?.data ?? [])).toEqual([0.5, 2])
    expect(Array.from(byDivisor?.data ?? [])).toEqual([-17 / 16])
    expect(Array.from(byX?.data ?? [])).toEqual([1, 8])
  })

  it("is right where eigenvalues coincide, for their sum and for the projector on all their vectors", () =>
    fc.assert(fc.asyncProperty(held, async (seed) => {
      const x = T.input("f64", { r: 3, c: 3 })
      const { values, vectors } = T.eigh(x, "r", "c")
      const plane = T.slice(vectors, "c", 0, 2)
      const outputs = [T.sum(T.slice(values, "c", 0, 2), "c"), T.contract(plane, T.rename(plane, { r: "s" }), "c")]
      // turned by a rotation, so that the two eigenvalues agree to rounding alone
      const turn = noise("f64", 3, seed, "reals")
      const norm = turn.reduce((total, value) => total + value ** 2, 0)
      const data = [Float64Array.from({ length: 9 }, (_, at) => {
        const [row, column] = [Math.floor(at / 3), at % 3]
        return (row === column ? 1 : 0) + (turn[row] ?? 0) * (turn[column] ?? 0) / norm
      })]
      await agrees(runner, rules, { inputs: [x], data, outputs }, seed)
    }), { numRuns: 10 }))

  it("stops at a tensor held constant", async () => {
    const x = T.input("f64", { a: 2 })
    const y = T.multiply(x, x)
    const value = T.sum(T.multiply(x, y), "a")
    const outputs = [
      ...gradient(value, [x]),
      ...gradient(value, [x], { constant: [y] }),
      ...gradient(T.sum(T.multiply(x, constant(y)), "a"), [x])
    ]
    const [free, stopped, marked] = await runner.run({ inputs: [x], data: [Float64Array.of(3, 5)], outputs })
    expect(Array.from(free?.data ?? [])).toEqual([27, 75])
    expect(Array.from(stopped?.data ?? [])).toEqual([9, 25])
    expect(Array.from(marked?.data ?? [])).toEqual([9, 25])
  })

  it("is not NaN on the side that a where did not take", async () => {
    const x = T.input("f64", { a: 4 })
    const guarded: ReadonlyArray<T.Tensor<"f64", "a">> = [
      T.where(T.less(0, x), T.squareRoot(x), 0), T.where(T.less(0, x), T.logarithm(x), 0),
        T.where(T.less(0, x), T.reciprocal(x), 0),
      T.where(T.less(0, x), T.divide(x, x), 0), T.where(T.less(0, x), T.power(x, 0.5), 0),
        T.where(T.less(x, 1), T.exponential(x), 0)
    ]
    for (const y of guarded) {
      const first = gradient(T.sum(y, "a"), [x])
      const second = gradient(T.sum(first[0], "a"), [x])
      const results =
        await runner.run({ inputs: [x], data: [Float64Array.of(0, -1, 1e4, 0.5)], outputs: [...first, ...second] })
      for (const { data } of results) expect(Array.from(data).every(Number.isFinite)).toBe(true)
    }
  })

  it("of a largest element is shared equally by those that tie", async () => {
    const x = T.input("f64", { a: 4 })
    const [found] =
      await runner.run({ inputs: [x], data: [Float64Array.of(2, 7, 7, 1)], outputs: gradient(T.largest(x, "a"), [x]) })
    expect(Array.from(found?.data ?? [])).toEqual([0, 0.5, 0.5, 0])
  })

  it("passes through storage in 16 bits as if nothing was rounded", async () => {
    const x = T.input("f32", { a: 2 })
    const stored = T.cast(x, "bf16")
    const y = T.multiply(T.cast(stored, "f32"), 3)
    const [found, half] = await runner.run({ inputs: [x], data: [Float32Array.of(1, 2)],
      outputs: [gradient(T.sum(y, "a"), x), T.cast(gradient(T.sum(y, "a"), stored), "f32")] })
    expect(Array.from(found?.data ?? [])).toEqual([3, 3])
    expect(Array.from(half?.data ?? [])).toEqual([3, 3])
  })

  const broken: { readonly [name: string]: readonly [Rules, Case | undefined] } = {
    "a contraction that forgets to sum": [{ ...rules,
      contract: ({ x, y }, _node, g) =>
        [U.multiply(g, U.sum(y, beside(y.axes, x.axes))), U.multiply(g, x)].map((wide, index) =>
      U.sum(wide, beside(wide.axes, (index === 0 ? x : y).axes))) }, cases["contract"]],
    "a product that differentiates one factor": [{ ...rules,
      binary: (operation, node, g) => [rules.binary(operation, node, g)[0], undefined] }, cases["multiply"]],
    "a tiling that keeps one copy": [{ ...rules,
      tile: ({ x, axis }, _node, g) => [U.slice(g, axis, 0, x.axes.get(axis) ?? 0)] }, cases["tile"]]
  }
  it.each(Object.entries(broken))("is caught when it is wrong: %s", async (_, [table, of]) => {
    if (of === undefined) throw new Error("there is no such case")
    expect(await isRefused(() =>
      fc.assert(fc.asyncProperty(held, (seed) => agrees(runner, table, programOf(of, seed), seed)),
        { numRuns: 20 }))).toBe(true)
  })
})
