/**
 * The code of values at one place of a loop nest. What an outer loop has computed is used, not computed again; loads
 * are of whole vectors where memory lies so and nothing guards them, of one element in every lane where it stands
 * still, and lane by lane elsewhere.
 */
import type { DType } from "../../dtype.ts"
import { byteSize } from "../../dtype.ts"
import * as Arithmetic from "./arithmetic.ts"
import type { Local, Statement } from "./assembler.ts"
import { choose, when } from "./assembler.ts"
import type { Code } from "./code.ts"
import * as Conversion from "./conversion.ts"
import type { Count } from "./elements.ts"
import * as Elements from "./elements.ts"
import type { I32, V128 } from "./instructions.ts"
import { i32, i32x4, v128 } from "./instructions.ts"
import type { Store } from "../fusion/kernel.ts"
import type { Guard, Index, Value } from "../fusion/value.ts"
import { indicesOf, strideOf } from "../fusion/value.ts"

/** How an element's vector loop runs: in full vectors, several at once, or in lane 0 alone. */
export interface Mode {
  readonly full: boolean
  readonly unroll: number
}

/** What has been computed so far, by key; inner scopes see the outer ones. */
export class Scope {
  private readonly known = new Map<string, V128 | I32>()
  private readonly outer: Scope | undefined
  constructor(outer?: Scope) {
    this.outer = outer
  }
  get(key: string): V128 | I32 | undefined {
    return this.known.get(key) ?? this.outer?.get(key)
  }
  set(key: string, value: V128 | I32): void {
    this.known.set(key, value)
  }
}

/** The loops of a kernel and what is known of its values. */
export interface Nest {
  /** Loop numbers, outermost first; a loop's position is its place here from 1. */
  readonly order: ReadonlyArray<number>
  readonly position: ReadonlyMap<number, number>
  readonly count: Count
  readonly scalars: Arithmetic.Scalars
  /** The loop that runs in vectors, and its position. */
  readonly vector: number | undefined
  readonly vectorLevel: number
  /** The position of the innermost loop that a value depends on. */
  readonly levels: ReadonlyMap<Value, number>
  /** The results of reductions that a value is computed from. */
  readonly waiting: ReadonlyMap<Value, ReadonlyArray<Value>>
  /** Values that differ from lane to lane. */
  readonly varying: ReadonlySet<Value>
  /** Addresses of the slots. */
  readonly bases: ReadonlyMap<number, I32>
  readonly indexOf: (loop: number) => Local<"i32">
}

/** Writes values at a place of the loop nest: the shared scope, and one for each vector of an unrolled loop. */
export const writer = (
  nest: Nest,
  code: Code,
  mode: Mode,
  level: number,
  shared: Scope,
  apart: ReadonlyArray<Scope>
) => {
  const { order, position, count, scalars, vector, vectorLevel, levels, waiting, varying, bases } = nest
  const levelOf = (value: Value): number => levels.get(value) ?? 0
  const loopIndex = (loop: number): I32 => nest.indexOf(loop).get
  const scopeFor = (isVarying: boolean, u: number): Scope => (isVarying ? (apart[u] ?? shared) : shared)
  const memo = <T extends V128 | I32>(scope: Scope, key: string, make: () => T): T => {
    const known = scope.get(key)
    // a key is only ever used for one type of value
    if (known !== undefined) return known as T
    const made = make()
    scope.set(key, made)
    return made
  }
  const touchesVector = (index: Index): boolean => vector !== undefined && strideOf(index, vector) !== 0
  /** unit * (offset + the loops' terms), for element 0 of vector u, with what outer loops give computed there. */
  const affine = (index: Index, unit: number, base: string, start: () => I32, u: number, upTo = order.length): I32 => {
    const terms = index.terms.filter(([loop]) => (position.get(loop) ?? 0) <= upTo)
    const last = terms.reduce<readonly [number, number] | undefined>(
      (found, term) =>
        found === undefined || (position.get(term[0]) ?? 0) > (position.get(found[0]) ?? 0) ? term : found,
      undefined
    )
    const isVector = terms.some(([loop]) => loop === vector)
    const key = `@${base} ${unit}*${index.offset};${terms.map((term) => term.join("*")).join("+")}`
    return memo(scopeFor(isVector, u), key, () => {
      if (last === undefined) {
        const offset = index.offset * unit
        return offset === 0 ? start() : code.keep(i32.add(start(), i32.const(offset)))
      }
      const [loop, stride] = last
      const before = affine(index, unit, base, start, u, (position.get(loop) ?? 1) - 1)
      const step = memo(scopeFor(loop === vector, u), `*${loop} ${stride * unit}`, () => {
        const shifted = loop === vector && u > 0 ? i32.add(loopIndex(loop), i32.const(u * count)) : loopIndex(loop)
        return code.keep(stride * unit === 1 ? shifted : i32.mul(shifted, i32.const(stride * unit)))
      })
      return code.keep(i32.add(before, step))
    })
  }
  const zero = (): I32 => i32.const(0)
  const pointer = (slot: number, dtype: DType, index: Index, u: number, upTo?: number): I32 =>
    affine(index, byteSize(dtype), `s${slot}`, () => bases.get(slot) ?? i32.const(0), u, upTo)
  const plainIndex = (index: Index, u: number, upTo?: number): I32 => affine(index, 1, "i", zero, u, upTo)
  const lanesUsed = mode.full ? count : 1
  const isVarying = (index: Index): boolean => touchesVector(index) || index.data.some(([value]) => varying.has(value))
  const dataLane = (value: Value, lane: number, u: number): I32 =>
    i32x4.extract_lane(get(value, u), varying.has(value) ? lane : 0)
  /** The index in a lane as a number. */
  const laneIndex = (index: Index, lane: number, u: number): I32 => {
    const stride = vector === undefined ? 0 : strideOf(index, vector)
    const base = plainIndex(index, u)
    const moved = lane * stride === 0 ? base : i32.add(base, i32.const(lane * stride))
    return index.data.reduce(
      (sum, [value, factor]) =>
        i32.add(sum, factor === 1 ? dataLane(value, lane, u) : i32.mul(dataLane(value, lane, u), i32.const(factor))),
      moved
    )
  }
  const laneAddress = (slot: number, dtype: DType, index: Index, lane: number, u: number): I32 => {
    const stride = vector === undefined ? 0 : strideOf(index, vector)
    const base = pointer(slot, dtype, index, u)
    const bytes = byteSize(dtype)
    const moved = lane * stride === 0 ? base : i32.add(base, i32.const(lane * stride * bytes))
    return index.data.reduce(
      (sum, [value, factor]) => i32.add(sum, i32.mul(dataLane(value, lane, u), i32.const(factor * bytes))),
      moved
    )
  }
  const holds = (guards: ReadonlyArray<Guard>, lane: number, u: number): I32 | undefined =>
    guards.reduce<I32 | undefined>((both, { index, size }) => {
      const one = i32.lt_u(laneIndex(index, lane, u), i32.const(size))
      return both === undefined ? one : i32.and(both, one)
    }, undefined)
  const load = (slot: number, dtype: DType, index: Index, guards: ReadonlyArray<Guard>, u: number): V128 => {
    const stride = vector === undefined ? 0 : strideOf(index, vector)
    const uniformGuards = !guards.some((guard) => isVarying(guard.index))
    const uniformData = !index.data.some(([value]) => varying.has(value))
    if (uniformGuards && uniformData && (stride === 0 || (stride === 1 && mode.full))) {
      const address = laneAddress(slot, dtype, index, 0, u)
      const value = (stride === 0 ? Elements.loadSplat : Elements.load)(dtype, count, address)
      const condition = holds(guards, 0, u)
      return condition === undefined ? value : choose(condition, value, v128.zero)
    }
    const result = code.fresh("v128")
    const apart = code.nested((inner) => {
      inner.emit(result.set(v128.zero))
      for (let lane = 0; lane < lanesUsed; lane++) {
        const taken = result.set(
          Elements.loadLane(dtype, count, laneAddress(slot, dtype, index, lane, u), result.get, lane)
        )
        const condition = holds(guards, lane, u)
        inner.emit(condition === undefined ? taken : when(condition, taken))
      }
    })
    if (
      !mode.full ||
      !uniformData ||
      stride !== 1 ||
      uniformGuards ||
      guards.some(({ index: { data } }) => data.some(([value]) => varying.has(value)))
    ) {
      code.emit(apart)
      return result.get
    }
    // a guard is an interval, so what holds at both ends holds between them
    const ends = [0, count - 1].flatMap((lane) => holds(guards, lane, u) ?? [])
    code.emit(
      when(ends.reduce(i32.and), result.set(Elements.load(dtype, count, laneAddress(slot, dtype, index, 0, u))), apart)
    )
    return result.get
  }
  /** The index in every lane as i32. */
  const indexVector = (index: Index, u: number): V128 => {
    const stride = vector === undefined ? 0 : strideOf(index, vector)
    const base = i32x4.splat(plainIndex(index, u))
    const steps = [0, stride, 2 * stride, 3 * stride].flatMap((step) => [
      step & 255,
      (step >> 8) & 255,
      (step >> 16) & 255,
      step >>> 24
    ])
    const moved = stride === 0 ? base : i32x4.add(base, v128.const(steps))
    return index.data.reduce((sum, [value, factor]) => {
      const data = get(value, u)
      return i32x4.add(sum, factor === 1 ? data : i32x4.mul(data, code.constant("i32x4", factor)))
    }, moved)
  }
  const compute = ({ dtype, source }: Value, u: number): V128 => {
    switch (source.kind) {
      case "constant":
        return Elements.constant(code, dtype, count, source.value)
      case "load":
        return load(source.slot, dtype, source.index, source.guards, u)
      case "coordinate":
        return Conversion.cast(code, "i32", dtype, count, indexVector(source.index, u))
      case "inside":
        return source.guards
          .map(({ index, size }) =>
            Elements.widen(i32x4.lt_u(indexVector(index, u), code.constant("i32x4", size)), count)
          )
          .reduce(v128.and)
      case "unary":
        return Arithmetic.unary(code, dtype, count, scalars, source.of, get(source.x, u))
      case "binary": {
        const y = source.y.source
        return Arithmetic.binary(
          code,
          source.x.dtype,
          count,
          scalars,
          source.of,
          get(source.x, u),
          get(source.y, u),
          y.kind === "constant" ? y.value : undefined
        )
      }
      case "select":
        return Arithmetic.select(dtype, count, get(source.x, u), get(source.y, u), get(source.z, u))
      case "cast":
        return Conversion.cast(code, source.x.dtype, dtype, count, get(source.x, u))
      case "reduced":
        throw new RangeError("a reduction was used before it was computed")
    }
  }
  const get = (value: Value, u: number): V128 =>
    memo(scopeFor(varying.has(value), u), `v${value.id}`, () => code.keep(compute(value, u)))
  const vectors = Array.from({ length: apart.length || 1 }, (_, u) => u)
  /** Computes here what does not change in the loops further in. */
  const prepare = (needed: ReadonlyArray<Value>, stores: ReadonlyArray<Store>): void => {
    const point = (slot: number, dtype: DType, index: Index): void => {
      for (const u of touchesVector(index) ? vectors : [0]) pointer(slot, dtype, index, u, level)
    }
    for (const value of needed) {
      if (value.source.kind === "load") point(value.source.slot, value.dtype, value.source.index)
      else if (levelOf(value) > level)
        for (const index of indicesOf(value)) plainIndex(index, 0, Math.min(level, vectorLevel - 1))
      if (levelOf(value) <= level && value.source.kind !== "reduced" && value.source.kind !== "constant")
        for (const u of varying.has(value) ? vectors : [0]) if (ready(value)) get(value, u)
    }
    for (const { slot, dtype, index } of stores) point(slot, dtype, index)
  }
  const ready = (value: Value): boolean =>
    (waiting.get(value) ?? []).every((reduced) => scopeFor(varying.has(reduced), 0).get(`v${reduced.id}`) !== undefined)
  const store = ({ slot, dtype, index, guards, mode: how, value }: Store, u: number): void => {
    const stride = vector === undefined ? 0 : strideOf(index, vector)
    const given = get(value, u)
    const plain = !guards.some((guard) => isVarying(guard.index)) && !index.data.some(([each]) => varying.has(each))
    const isVector = varying.has(value) || stride !== 0
    const add = (old: V128): V128 => Arithmetic.binary(code, dtype, count, scalars, "add", old, given)
    const condition = holds(guards, 0, u)
    const under = (write: (inner: Code) => Statement): void => {
      const statement = code.nested((inner) => inner.emit(write(inner)))
      code.emit(condition === undefined ? statement : when(condition, statement))
    }
    if (plain && stride === 1 && mode.full) {
      const address = laneAddress(slot, dtype, index, 0, u)
      under((inner) =>
        Elements.store(
          inner,
          dtype,
          count,
          address,
          how === "add" ? inner.keep(add(Elements.load(dtype, count, address))) : given
        )
      )
      return
    }
    const used = stride === 0 && !isVector && plain ? 1 : lanesUsed
    for (let lane = 0; lane < used; lane++) {
      const address = code.keep(laneAddress(slot, dtype, index, lane, u))
      const at = holds(guards, lane, u)
      const sum = how === "add" ? add(Elements.loadLane(dtype, count, address, v128.zero, lane)) : given
      const written = Elements.storeLane(dtype, count, address, sum, lane)
      code.emit(at === undefined ? written : when(at, written))
    }
  }
  return { get, prepare, store }
}
