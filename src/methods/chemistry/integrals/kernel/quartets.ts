/**
 * Repulsion integrals (ij|kl) of quartets of shells as WebAssembly, after McMurchie and Davidson (J. Comput. Phys. 26,
 * 218 (1978)): one module for each pair of degrees, with the recursion of the Hermite integrals written out and two
 * primitives of the outer pair to a vector. The inner expansion is summed first, primitive by primitive, then the
 * outer one. A unit of work is an inner pair with all outer pairs whose product with it passes the bound of Schwarz.
 */
import type { Local, Statement } from "../../../../algebra/backends/cpu/assembler.ts"
import {
  block, br, brIf, call, forLoop, loop, moduleBuilder, sequence, when
} from "../../../../algebra/backends/cpu/assembler.ts"
import type { I32, V128 } from "../../../../algebra/backends/cpu/instructions.ts"
import {
  f64, f64x2, hasRelaxedSimd, i32, increment, memory, scaled, v128
} from "../../../../algebra/backends/cpu/instructions.ts"
import { hermiteCount, hermiteSums, recursion } from "../hermite.ts"
import { boysCode, madd } from "./boys.ts"
import { innerEntry, innerPrimitive, outerEntry, outerPrimitives, record } from "./layout.ts"

/** Words of a kernel's arguments. */
export const argument = {
  /** Addresses of the inner records, of the outer ones, and of their bounds. */
  inner: 0, outer: 1, innerBounds: 2, outerBounds: 3,
  /** How many outer records; 0: as many as the unit's number and one. */
  outers: 4, table: 5, values: 6,
  /** Where in the scratch sums over the inner pair and the block of integrals begin. */
  half: 7, block: 8,
  /** The number of the first unit. */
  base: 9,
  /** Integrals of one inner function lie so far apart; 0: packed, by pairs of pairs. */
  stride: 10,
  words: 16
} as const

/** Quartets whose bound is below this are taken as 0. */
export const schwarzThreshold = 1e-13

/** Primitive quartets that are bounded by this add nothing in double precision. */
const negligible = 1e-17

/** Hermite indices of the outer pair that are held in locals at once. */
const width = 10

const c = i32.const
const splat = (value: number): V128 => f64x2.splat(f64.const(value))

/** Bytes of the Hermite integrals of an order, two levels of the recursion, at the start of the scratch. */
export const hermiteBytes = (order: number): number => 2 * 16 * hermiteCount(order)

/** The module for inner pairs of one degree and outer pairs of another; its kernel is `repulsion`. */
export const quartetModule = (innerDegree: number, outerDegree: number): Uint8Array<ArrayBuffer> => {
  const order = innerDegree + outerDegree
  const fma = madd(hasRelaxedSimd)
  const [hi, ho] = [hermiteCount(innerDegree), hermiteCount(outerDegree)]
  const sums = hermiteSums(innerDegree, outerDegree)
  const levelBytes = 16 * hermiteCount(order)
  const module = moduleBuilder()

  /** _quartet: the block of integrals of an inner and an outer record, two partial sums each. */
  const quartet = module.procedure("_quartet", {
    inner: "i32", outer: "i32", table: "i32", scratch: "i32", half: "i32", out: "i32"
  }, (f) => {
    const { inner, outer, table, scratch, half, out } = f.parameters
    const word = (name: string): Local<"i32"> => f.local(name, "i32")
    const vector = (name: string): Local<"v128"> => f.local(name, "v128")
    const [p, q, left, pairs, touched] = [word("p"), word("q"), word("left"), word("pairs"), word("touched")]
    const [entry, entries, target, source, functions] =
      [word("entry"), word("entries"), word("target"), word("source"), word("functions")]
    const [exponent, both, scale, alpha, x, power] =
      [vector("exponent"), vector("both"), vector("scale"), vector("alpha"), vector("x"), vector("power")]
    const centre = ["x", "y", "z"].map((axis) => vector(`centre ${axis}`))
    const orders = Array.from({ length: order + 1 }, (_, n) => vector(`order ${n}`))
    const held = Array.from({ length: Math.min(ho, width) }, (_, k) => vector(`held ${k}`))
    const coefficient = vector("coefficient")
    const level = (n: number): number => (n % 2) * levelBytes

    const at = (locals: ReadonlyArray<Local<"v128">>, index: number): Local<"v128"> => {
      const found = locals[index]
      if (found === undefined) throw new RangeError(`no local ${index}`)
      return found
    }

    const recurse: ReadonlyArray<Statement> = orders.flatMap((_, back) => {
      const n = order - back
      const higher = Array.from({ length: hermiteCount(back) - 1 }, (__, i) => i + 1)
      return [
        v128.store(scratch.get, at(orders, n).get, level(n)),
        ...higher.map((h) => {
          const { axis, first, second, factor } = recursion(h)
          const one = f64x2.mul(at(centre, axis).get, v128.load(scratch.get, level(n + 1) + 16 * first))
          if (factor === 0) return v128.store(scratch.get, one, level(n) + 16 * h)
          const two = v128.load(scratch.get, level(n + 1) + 16 * second)
          return v128.store(scratch.get, factor === 1 ? f64x2.add(two, one) : fma(two, splat(factor), one),
            level(n) + 16 * h)
        })
      ]
    })

    /** Adds the entries of one inner index, for some outer indices. */
    const gathered = (h: number, from: number): Statement => {
      const to = Math.min(ho, from + width)
      const indices = Array.from({ length: to - from }, (_, k) => from + k)
      return sequence(
        indices.map((k) => at(held, k - from).set(v128.load(scratch.get, level(0) + 16 * (sums[h * ho + k] ?? 0)))),
        source.set(i32.add(entry.get, c(8))),
        left.set(i32.load(entry.get)),
        loop((again) => [
          coefficient.set(v128.load64_splat(source.get, innerEntry.coefficient)),
          target.set(i32.add(half.get, i32.mul(i32.load(source.get, innerEntry.function), c(ho)))),
          indices.map((k) => v128.store(target.get,
            fma(at(held, k - from).get, coefficient.get, v128.load(target.get, 16 * k)), 16 * k)),
          increment(source, innerEntry.bytes),
          increment(left, -1),
          brIf(again, left.get)
        ])
      )
    }
    const blocks = Array.from({ length: Math.ceil(ho / width) }, (_, i) => i * width)
    const innerIndices = Array.from({ length: hi }, (_, h) => h)

    const primitive: ReadonlyArray<Statement> = [
      touched.set(c(1)),
      exponent.set(v128.load64_splat(p.get, innerPrimitive.exponent)),
      both.set(v128.load(q.get, outerPrimitives.exponents)),
      scale.set(f64x2.div(splat(1), f64x2.sqrt(f64x2.add(exponent.get, both.get)))),
      alpha.set(f64x2.mul(f64x2.mul(exponent.get, both.get), f64x2.mul(scale.get, scale.get))),
      ...centre.map((local, axis) => local.set(f64x2.sub(
        v128.load64_splat(p.get, innerPrimitive.centre + 8 * axis),
        v128.load(q.get, outerPrimitives.centres + 16 * axis)))),
      x.set(f64x2.mul(alpha.get, centre.map(({ get }) => f64x2.mul(get, get)).reduce((a, b) => f64x2.add(a, b)))),
      boysCode(order, x, table.get, orders, (name, type) => f.local(name, type), hasRelaxedSimd),
      power.set(scale.get),
      alpha.set(f64x2.mul(alpha.get, splat(-2))),
      ...orders.flatMap((local, n) => [
        local.set(f64x2.mul(local.get, power.get)),
        ...(n < order ? [power.set(f64x2.mul(power.get, alpha.get))] : [])
      ]),
      ...recurse,
      entry.set(i32.add(p.get, c(innerPrimitive.bytes))),
      ...innerIndices.flatMap((h) => [
        when(i32.load(entry.get), blocks.map((from) => gathered(h, from))),
        entry.set(i32.add(i32.add(entry.get, c(8)), i32.mul(i32.load(entry.get), c(innerEntry.bytes))))
      ])
    ]

    return [
      functions.set(i32.load(inner.get, record.functions)),
      memory.fill(out.get, c(0), i32.mul(i32.mul(functions.get, i32.load(outer.get, record.functions)), c(16))),
      q.set(i32.load(outer.get, record.first)),
      pairs.set(i32.load(outer.get, record.count)),
      loop((nextPair) => [
        memory.fill(half.get, c(0), i32.mul(functions.get, c(16 * ho))),
        touched.set(c(0)),
        p.set(i32.load(inner.get, record.first)),
        f.local("primitives", "i32").set(i32.load(inner.get, record.count)),
        loop((nextPrimitive) => [
          block((skip) => [
            brIf(skip, f64.lt(f64.mul(
              f64.load(p.get, innerPrimitive.magnitude), f64.load(q.get, outerPrimitives.magnitude)
            ), f64.const(negligible))),
            primitive
          ]),
          p.set(i32.load(p.get, innerPrimitive.next)),
          increment(word("primitives"), -1),
          brIf(nextPrimitive, word("primitives").get)
        ]),
        when(touched.get, [
          entries.set(i32.load(q.get, outerPrimitives.entries)),
          entry.set(i32.add(q.get, c(outerPrimitives.bytes))),
          f.local("step", "i32").set(i32.mul(i32.load(outer.get, record.functions), c(16))),
          block((none) => [
            brIf(none, i32.eqz(entries.get)),
            loop((nextEntry) => [
              coefficient.set(v128.load(entry.get, outerEntry.coefficients)),
              source.set(i32.add(half.get, i32.load(entry.get, outerEntry.hermite))),
              target.set(i32.add(out.get, i32.load(entry.get, outerEntry.function))),
              left.set(functions.get),
              loop((again) => [
                v128.store(target.get, fma(v128.load(source.get), coefficient.get, v128.load(target.get))),
                increment(source, 16 * ho),
                increment(target, word("step").get),
                increment(left, -1),
                brIf(again, left.get)
              ]),
              increment(entry, outerEntry.bytes),
              increment(entries, -1),
              brIf(nextEntry, entries.get)
            ])
          ])
        ]),
        q.set(i32.load(q.get, outerPrimitives.next)),
        increment(pairs, -1),
        brIf(nextPair, pairs.get)
      ])
    ]
  })

  const kernelParameters = { begin: "i32", end: "i32", args: "i32", scratch: "i32" } as const
  module.procedure("repulsion", kernelParameters, (f) => {
    const { begin, end, args, scratch } = f.parameters
    const get = (name: keyof typeof argument): I32 => i32.load(args.get, 4 * argument[name])
    const word = (name: string): Local<"i32"> => f.local(name, "i32")
    const [unit, number, inner, outer, other, limit] =
      [word("unit"), word("number"), word("inner"), word("outer"), word("other"), word("limit")]
    const [row, column, rows, columns, ij, kl, from] =
      [word("row"), word("column"), word("rows"), word("columns"), word("ij"), word("kl"), word("from")]
    const stride = word("stride")
    const bound = f.local("bound", "f64")
    const pair = v128.load(from.get)
    const triangle = (larger: I32, smaller: I32): I32 =>
      i32.add(i32.shr_u(i32.mul(larger, i32.add(larger, c(1))), c(1)), smaller)
    const store = (place: I32): Statement => f64.store(scaled(get("values"), place, 8),
      f64.add(f64x2.extract_lane(pair, 0), f64x2.extract_lane(pair, 1)))
    return [
      stride.set(get("stride")),
      forLoop(unit, begin.get, end.get, 1, [
        number.set(i32.add(unit.get, get("base"))),
        inner.set(i32.at(get("inner"), number.get)),
        bound.set(f64.load(scaled(get("innerBounds"), number.get, 8))),
        limit.set(get("outers")),
        when(i32.eqz(limit.get), limit.set(i32.add(number.get, c(1)))),
        other.set(c(0)),
        block((done) => loop((next) => [
          brIf(done, i32.ge_u(other.get, limit.get)),
          brIf(done, f64.lt(f64.mul(bound.get, f64.load(scaled(get("outerBounds"), other.get, 8))),
            f64.const(schwarzThreshold))),
          outer.set(i32.at(get("outer"), other.get)),
          call(quartet, inner.get, outer.get, get("table"), scratch.get, i32.add(scratch.get, get("half")),
            i32.add(scratch.get, get("block"))),
          from.set(i32.add(scratch.get, get("block"))),
          rows.set(i32.load(inner.get, record.functions)),
          columns.set(i32.load(outer.get, record.functions)),
          forLoop(row, c(0), rows.get, 1, [
            ij.set(i32.at(i32.load(inner.get, record.places), row.get)),
            forLoop(column, c(0), columns.get, 1, [
              kl.set(i32.at(i32.load(outer.get, record.places), column.get)),
              when(stride.get, store(i32.add(i32.mul(ij.get, stride.get), kl.get)),
                when(i32.ge_u(ij.get, kl.get), store(triangle(ij.get, kl.get)), store(triangle(kl.get, ij.get)))),
              increment(from, 16)
            ])
          ]),
          increment(other, 1),
          br(next)
        ]))
      ])
    ]
  })
  return module.bytes()
}
