/**
 * Random tensors and random programs. A program is a list of instructions, each three numbers, that is read from the
 * front: whatever the numbers are, they mean an operation that fits, so that dropping an instruction or lowering a
 * number shrinks to a smaller program. An axis is named after its size ("a3"), so that shared names always agree.
 */
import * as fc from "fast-check"
import type { Axes } from "../../src/algebra/axis.ts"
import * as Axis from "../../src/algebra/axis.ts"
import type { DType, HostArrays } from "../../src/algebra/dtype.ts"
import { zeros } from "../../src/algebra/dtype.ts"
import type { Expression } from "../../src/algebra/expression.ts"
import { expression } from "../../src/algebra/expression.ts"
import { print } from "../../src/algebra/interpreters/print.ts"
import * as U from "../../src/algebra/interpreters/untyped.ts"
import * as T from "../../src/algebra/tensor.ts"
import type { Program } from "../backends.ts"

const size = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) },
  { weight: 1, arbitrary: fc.integer({ min: 5, max: 9 }) }
)

/** Sizes of axes: mostly from 1 to 4, at times up to 9. */
export const axes = (...names: ReadonlyArray<string>): fc.Arbitrary<Axes> =>
  fc.tuple(...names.map((name) => fc.tuple(fc.constant(name), size))).map((entries) =>
    new Map(entries))

/** Numbers that look random, decided by a seed: in (-1, 1), or small integers. */
export const noise = <D extends DType>(
  dtype: D, length: number, seed: number, kind: "integers" | "reals"
): HostArrays[D] => {
  const out = zeros(dtype, length)
  let state = (seed * 2654435761 + 97) >>> 0
  for (let index = 0; index < length; index++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    const unit = (state >>> 0) / 2 ** 32
    out[index] = kind === "reals" ? 2 * unit - 1 : dtype === "bool" ? +(unit < 0.5)
      : Math.floor(unit * 13) - (dtype === "u32" ? 0 : 6)
  }
  return out
}

/** A literal of these axes with random values. */
export const literalOf = <D extends DType, A extends string>(
  dtype: D, of: Axes, seed: number, kind: "integers" | "reals" = "reals"
): T.Tensor<D, A> => T.literal<D,
  A>(dtype, Object.fromEntries(of) as Axis.Sizes<A>, noise(dtype, Axis.count(of), seed, kind))

/** A literal of some axes, its sizes and values random. */
export const tensor = <D extends DType, const A extends string>(
  dtype: D, names: ReadonlyArray<A>, kind: "integers" | "reals" = "reals"
): fc.Arbitrary<T.Tensor<D, A>> =>
  fc.tuple(axes(...names), fc.nat(999)).map(([of, seed]) => literalOf<D, A>(dtype, of, seed, kind))

/** Tensors over subsets of shared axes: each of the lists of names, their sizes agreeing. */
export const tensors = <D extends DType, const L extends ReadonlyArray<ReadonlyArray<string>>>(
  dtype: D, lists: L, kind: "integers" | "reals" = "reals"
): fc.Arbitrary<{ readonly [K in keyof L]: T.Tensor<D, L[K][number]> }> =>
  fc.tuple(axes(...new Set(lists.flat())), fc.nat(999)).map(([all, seed]) =>
    // one tensor for each list
    lists.map((names, index) =>
      literalOf(dtype, new Map(Array.from(all).filter(([name]) => names.includes(name))), seed + index,
        kind)) as unknown as
      { readonly [K in keyof L]: T.Tensor<D, L[K][number]> })

type Instruction = readonly [number, number, number]
type Step = (x: Expression, y: Expression, choice: number) => Expression

const letters = ["a", "b", "c", "d", "e", "f", "g", "h"]

/** Names every axis after its size. */
const canonical = (x: Expression): Expression => {
  const taken = new Set<string>()
  const names: { [old: string]: string } = {}
  for (const [name, size] of x.axes) if (name === `${name[0]}${size}`) taken.add(name)
  for (const [name, size] of x.axes) {
    if (name === `${name[0]}${size}`) continue
    const now = letters.map((letter) => `${letter}${size}`).find((candidate) => !taken.has(candidate)) ?? name
    taken.add(now)
    names[name] = now
  }
  return Object.keys(names).length === 0 ? x : U.rename(x, names)
}

const axisOf = (x: Expression, choice: number): string
  | undefined => Array.from(x.axes.keys())[choice % Math.max(1, x.axes.size)]
const sizeOf = (x: Expression, axis: string): number => x.axes.get(axis) ?? 0
const shared = (x: Expression, y: Expression): ReadonlyArray<string> =>
  Array.from(x.axes.keys()).filter((name) => y.axes.has(name))

/** A step on one axis of the operand; the operand itself when it has none. */
const onAxis = (step: (x: Expression, axis: string, size: number, choice: number, y: Expression) => Expression): Step =>
  (x, y, choice) => {
    const axis = axisOf(x, choice)
    return axis === undefined ? x : step(x, axis, sizeOf(x, axis), choice >> 2, y)
  }

const reduce = (kind: "maximum" | "minimum", x: Expression, axis: string): Expression =>
  expression(x.dtype, Axis.without(x.axes, [axis]), { op: "reduce", kind, x, over: [axis] })

/** Steps that move elements: the same for exact and analytic programs. */
const movements: ReadonlyArray<Step> = [
  onAxis((x, axis, size) =>
    U.rename(x, { [axis]: U.fresh(`${letters[(letters.indexOf(axis[0] ?? "a") + 1) % letters.length]}${size}`,
      x.axes) })),
  onAxis((x, axis, size) =>
    (size % 2 === 0 ? U.split(x, axis, { p: 2, q: size / 2 }) : U.split(x, axis, { p: size, q: 1 }))),
  onAxis((x, axis, size) => (size === 1 ? U.split(x, axis, {}) : x)),
  (x, _y, choice) => {
    const names = Array.from(x.axes.keys())
    const from = choice % 2 === 0 ? names.slice(0, 2) : names.slice(-2).reverse()
    return from.length < 2 ? x : U.merge(x, from, "m")
  },
  onAxis((x, axis, size, choice) => {
    const start = choice % size
    return U.slice(x, axis, start, choice % 3 === 0 ? size - start : 1)
  }),
  onAxis((x, axis, size, choice) => U.slice(x, axis, size - 1, Math.ceil(size / (1 + choice % 2)), -1 - choice % 2)),
  onAxis((x, axis, _size, choice) =>
    U.slice(x, axis, 0, Math.ceil(sizeOf(x, axis) / (1 + choice % 3)), 1 + choice % 3)),
  onAxis((x, axis, size, choice) => T.concatenate<DType, string, string>(
    // parts of one tensor: their other axes agree
    [x, U.slice(x, axis, size - 1, 1 + choice % size, -1), x].slice(0,
      1 + choice % 3) as unknown as readonly [T.Tensor<DType, string>], axis)),
  onAxis((x, axis, _size, choice) => U.pad(x, axis, choice % 3, (choice >> 2) % 2, choice % 2)),
  onAxis((x, axis, _size, choice) => T.tile<DType, string, string>(x as T.Tensor<DType, string>, axis, 1 + choice % 3)),
  (x, _y, choice) => (x.axes.size > 3 ? x : U.expand(x, U.fresh(`b${1 + choice % 3}`, x.axes), 1 + choice % 3))
]

/** Indices along an axis, some out of range. */
const indices = (size: number, count: number, seed: number): Expression =>
  T.literal("i32", { i: count },
    Int32Array.from({ length: count }, (_, index) => ((seed * 7 + index * 5) % (size + 2)) - 1))

const indexing: ReadonlyArray<Step> = [
  onAxis((x, axis, size, choice) => U.gather(x, indices(size, 1 + choice % 4, choice), axis)),
  onAxis((x, axis, size, choice) => {
    const places = indices(size, 1 + choice % 4, choice)
    return U.scatter(x, places, U.gather(x, places, axis), axis, ["i"], choice % 2 === 0 ? "add" : "set")
  })
]

const conditional: Step = (x, y) => U.where(U.less(x, y), x, y)

const small = (x: Expression): Expression => U.binary("remainder", x, 7)
const floating = (dtype: DType): boolean => dtype === "f32" || dtype === "f64"

/** A step of one kind on floats, of another on integers. */
const either = (float: Step, integer: Step): Step =>
  (x, y, choice) => (floating(x.dtype) ? float : integer)(x, y, choice)

const logical = ["and", "or", "xor"] as const
const one = (x: Expression): Expression => U.fill(x.dtype, new Map(), 1)
const onBools: Step = (x, y, choice) => U.cast(
  U.unary("not", U.binary(logical[choice % 3] ?? "and", U.cast(x, "bool"), U.less(x, y))), x.dtype)

/** Steps on small integers, in whatever dtype: their results are exact. */
const exact: ReadonlyArray<Step> = [
  onBools,
  either((x, _y, choice) => U.unary("floor", U.multiply(x, choice % 2 === 0 ? 0.5 : 0.25)),
    (x, y, choice) => U.binary(logical[choice % 3] ?? "xor", x, y)),
  either((x, y) => small(U.multiply(small(x), small(y))),
    (x, y, choice) => U.binary(choice % 2 === 0 ? "shiftLeft" : "shiftRight", x, y)),
  either((x) => U.unary("negate", x),
    (x, y, choice) => (choice % 2 === 0 ? U.divide(x, U.binary("or", y, one(y))) : U.unary("not", x))),
  either((x, y) => U.binary("remainder", x, U.add(y, 13)), (x, y) => U.binary("remainder", x, y)),
  (x, y) => small(U.add(x, y)),
  (x, y) => U.binary("subtract", x, y),
  (x, y) => small(U.multiply(x, y)),
  (x, y) => U.binary("maximum", x, y),
  (x, y) => U.binary("minimum", x, y),
  conditional,
  (x, y, choice) => U.where(U.or(U.notEqual(x, y), U.lessEqual(x, choice % 5)), y, choice % 4),
  (x, y) => (floating(x.dtype) ? small(U.contract(x, y, shared(x, y))) : small(U.multiply(x, y))),
  (x, y) => (floating(x.dtype) ? small(U.contract(x, y, shared(x, y).slice(1))) : x),
  (x) => small(U.sum(x, Array.from(x.axes.keys()).slice(1))),
  onAxis((x, axis) => small(U.sum(x, [axis]))),
  onAxis((x, axis) => reduce("maximum", x, axis)),
  onAxis((x, axis) => reduce("minimum", x, axis)),
  onAxis((x, axis, size, choice) =>
    U.cast(expression("i32", x.axes, { op: "argsort", x, axis, descending: (size + choice) % 2 === 0 }), x.dtype)),
  (x, _y, choice) =>
    U.cast(U.cast(x, (["f16", "bf16", "i8", "f64", "i32", "f32"] as const)[choice % 6] ?? "f32"), x.dtype),
  (x, _y, choice) => U.unary((["negate", "absolute", "sign"] as const)[choice % 3] ?? "negate", x),
  onAxis((x, axis, _size, _choice, y) => (y.axes.has(axis) ? x : U.gather(x, U.cast(y, "i32"), axis))),
  ...movements, ...indexing
]

const bounded = (x: Expression): Expression => U.unary("tangentHyperbolic", x)

/** Steps that are smooth almost everywhere and keep values in reach, in a floating dtype. */
const analytic: ReadonlyArray<Step> = [
  (x, y) => U.add(x, y),
  (x, y) => U.binary("subtract", x, y),
  (x, y) => bounded(U.multiply(x, y)),
  (x, y) => U.divide(x, U.add(U.multiply(y, y), 1)),
  (x, y) => U.binary("maximum", x, y),
  (x, y) => U.binary("minimum", x, y),
  (x, y) => U.binary("power", U.add(U.unary("absolute", bounded(x)), 0.5), bounded(y)),
  conditional,
  (x, y) => bounded(U.contract(x, y, shared(x, y))),
  (x, y) => bounded(U.contract(x, y, shared(x, y).slice(1))),
  (x) => bounded(U.sum(x, Array.from(x.axes.keys()).slice(1))),
  onAxis((x, axis) => bounded(U.sum(x, [axis]))),
  onAxis((x, axis) => bounded(U.product(x, [axis]))),
  onAxis((x, axis) => reduce("maximum", x, axis)),
  onAxis((x, axis) => reduce("minimum", x, axis)),
  (x, _y, choice) =>
    U.unary((["sine", "cosine", "tangentHyperbolic", "errorFunction", "negate",
      "absolute"] as const)[choice % 6] ?? "sine", x),
  (x) => U.unary("exponential", bounded(x)),
  (x) => U.unary("squareRoot", U.add(U.multiply(x, x), 1)),
  (x) => U.unary("logarithm", U.add(U.multiply(x, x), 1)),
  (x) => U.unary("reciprocal", U.add(U.multiply(x, x), 1)),
  ...movements, ...indexing
]

/** No more than this many elements in one tensor. */
const most = 800

const build = (
  steps: ReadonlyArray<Step>, leaves: ReadonlyArray<Expression>, instructions: ReadonlyArray<Instruction>
): ReadonlyArray<Expression> => {
  const pool = [...leaves]
  const pick = (choice: number): Expression =>
    pool[pool.length - 1 - choice % pool.length] ?? U.fill("f64", new Map(), 0)
  for (const [code, which, choice] of instructions) {
    const step = steps[code % steps.length]
    const made = canonical(step === undefined ? pick(which) : step(pick(which), pick(which >> 3), choice))
    if (Axis.count(made.axes) <= most && made.axes.size <= 5) pool.push(made)
  }
  return pool.slice(leaves.length)
}

/** A random program of up to about thirty nodes: its inputs, their values, and one or all of what it computes. */
export const program =
  (kind: "exact" | "analytic", dtype: "f32" | "f64" | "i32" | "u32", outputs: "all" | "last" = "all"
  ): fc.Arbitrary<Program> =>
  fc.record({
    leaves: fc.array(fc.tuple(axes("a", "b", "c"), fc.nat(99)), { minLength: 1, maxLength: 3 }),
    instructions: fc.array(fc.tuple(fc.nat(63), fc.nat(63), fc.nat(63)), { minLength: 1, maxLength: 16 })
  }).map(({ leaves, instructions }) => {
    const sized = leaves.map(([of, seed], index) => ({ seed, x: T.input<DType, string>(dtype, Object.fromEntries(
      Array.from(of).slice(0, 3 - index).map(([name, size]) => [`${name}${size}`, size])), `x${index}`) }))
    const inputs = sized.map(({ x }) => x)
    const made = build(kind === "exact" ? exact : analytic, inputs, instructions)
    const data =
      sized.map(({ x, seed }, index) =>
        noise(dtype, Axis.count(x.axes), seed + 101 * index, kind === "exact" ? "integers" : "reals"))
    const program = { inputs, data, outputs: outputs === "all" ? made : made.slice(-1) }
    const shown = () =>
      `\n${print(program.outputs)}\n${data.map((values, index) => `x${index} = ${Array.from(values).join(", ")}`).join("\n")}\n`
    return Object.assign(program, { [fc.toStringMethod]: shown })
  })
