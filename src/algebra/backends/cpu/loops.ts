/**
 * The code of a kernel. Every value is computed in the outermost loop that it depends on; the loop chosen for vectors
 * runs in vectors, then element by element with the same vector code in lane 0, so that an element's value does not
 * depend on where it falls. Sums are blocked: short runs are added up apart, which keeps the error near that of
 * pairwise summation, and the same for every number of threads.
 */
import type { DType } from "../../dtype.ts"
import { byteSize, isFloat } from "../../dtype.ts"
import type { BinaryKind, ReduceKind } from "../../expression.ts"
import * as Arithmetic from "./arithmetic.ts"
import type { Local, ModuleBuilder, Statement } from "./assembler.ts"
import { choose, doWhile, forLoop, when } from "./assembler.ts"
import type { Code } from "./code.ts"
import { body } from "./code.ts"
import type { Count } from "./elements.ts"
import * as Elements from "./elements.ts"
import type { I32, V128 } from "./instructions.ts"
import { i32, i32x4, shuffle32, shuffle64, v128 } from "./instructions.ts"
import type { Kernel, Reduction, Stage, Store } from "./kernel.ts"
import type { Guard, Index, Value } from "./value.ts"
import { indicesOf, strideOf, uses } from "./value.ts"

/** How an element's vector loop runs: in full vectors, several at once, or in lane 0 alone. */
interface Mode {
  readonly full: boolean
  readonly unroll: number
}

/** How many steps of a sum are added up before they join the total. */
const run = 256

/** Elements of one unit where the rows themselves run in vectors. */
export const blockSize = 4096

/** What has been computed so far, by key; inner scopes see the outer ones. */
class Scope {
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

const folds: { readonly [Kind in ReduceKind]: BinaryKind } = { sum: "add", product: "multiply", maximum: "maximum", minimum: "minimum" }

/** What a reduction of nothing gives. */
export const identityOf = (kind: ReduceKind, dtype: DType): number => {
  if (kind === "sum") return 0
  if (kind === "product") return 1
  if (isFloat(dtype)) return kind === "maximum" ? -Infinity : Infinity
  if (dtype === "u32") return kind === "maximum" ? 0 : 2 ** 32 - 1
  return kind === "maximum" ? -(2 ** 31) : 2 ** 31 - 1
}

const expensive = new Set(["exponential", "logarithm", "sine", "cosine", "tangentHyperbolic", "errorFunction", "power", "remainder", "divide", "squareRoot", "reciprocal"])

/** All that some roots are made of, operands first. */
const ordered = (roots: ReadonlyArray<Value>): ReadonlyArray<Value> => {
  const seen = new Set<Value>()
  const visit = (value: Value): void => {
    if (seen.has(value)) return
    uses(value).forEach(visit)
    seen.add(value)
  }
  roots.forEach(visit)
  return [...seen]
}

const storeRoots = ({ value, index, guards }: Store): ReadonlyArray<Value> =>
  [value, ...index.data.map(([each]) => each), ...guards.flatMap((guard) => guard.index.data.map(([each]) => each))]

/** Whether a kernel needs 64-bit lanes. */
const isWide = (value: Value): boolean => value.dtype === "f64"
  || (value.source.kind === "cast" && (value.source.x.dtype === "f64" || Arithmetic.castIsWide(value.source.x.dtype, value.dtype)))
  || uses(value).some(({ dtype }) => dtype === "f64")

/** How many units of work a kernel has; any range of them may be run. */
export const unitsOf = ({ sizes, rows, vector }: Kernel): number => {
  const count = (loops: ReadonlyArray<number>): number => loops.reduce((product, loop) => product * (sizes[loop] ?? 1), 1)
  const plain = rows.filter((loop) => loop !== vector)
  return count(plain) * (vector !== undefined && rows.includes(vector) ? Math.ceil((sizes[vector] ?? 1) / blockSize) : 1)
}

/** Defines the kernel as a procedure over units [begin, end). */
export const define = (module: ModuleBuilder, scalars: Arithmetic.Scalars, name: string, kernel: Kernel): void => {
  const { sizes, rows, inner, vector, stages } = kernel
  const order = [...rows, ...inner]
  const position = new Map(order.map((loop, index) => [loop, index + 1]))
  const roots = stages.flatMap(({ reductions, stores, rowStores }) =>
    [...[...reductions.values()].map(({ value }) => value), ...[...stores, ...rowStores].flatMap(storeRoots)])
  const all = ordered(roots)
  const count: Count = all.some(isWide) ? 2 : 4
  const sizeOf = (loop: number): number => sizes[loop] ?? 1
  const rowVector = vector !== undefined && rows.includes(vector)
  const levels = new Map<Value, number>()
  const varying = new Set<Value>()
  const levelOfIndex = (index: Index): number => index.terms.reduce((level, [loop]) => Math.max(level, position.get(loop) ?? 0), 0)
  for (const value of all) {
    const own = Math.max(value.source.kind === "reduced" ? rows.length : 0, ...indicesOf(value).map(levelOfIndex))
    levels.set(value, Math.max(own, ...uses(value).map((used) => levels.get(used) ?? 0)))
    if ((value.source.kind === "reduced" && rowVector) || uses(value).some((used) => varying.has(used))
      || (vector !== undefined && indicesOf(value).some((index) => strideOf(index, vector) !== 0))) varying.add(value)
  }
  const levelOf = (value: Value): number => levels.get(value) ?? 0
  /** The results of reductions that a value is computed from. */
  const waiting = new Map<Value, ReadonlyArray<Value>>()
  for (const value of all)
    waiting.set(value, value.source.kind === "reduced" ? [value] : [...new Set(uses(value).flatMap((used) => waiting.get(used) ?? []))])
  const cheap = all.length <= 24 && !all.some((value) => levelOf(value) > 0 && varying.has(value)
    && (value.source.kind === "unary" || value.source.kind === "binary") && expensive.has(value.source.of))
  const unrolled = cheap ? 4 : 1

  module.procedure(name, { begin: "i32", end: "i32", args: "i32", scratch: "i32" }, ({ parameters, fresh }) => body(fresh, (start) => {
    const indexLocals = order.map(() => fresh("i32"))
    const loopIndex = (loop: number): I32 => (indexLocals[(position.get(loop) ?? 1) - 1] ?? fresh("i32")).get
    const bases = new Map<number, I32>()
    for (let slot = 0; slot < kernel.slots; slot++) {
      const offset = kernel.scratch.get(slot)
      bases.set(slot, start.keep(offset === undefined ? i32.load(parameters.args.get, slot * 4) : i32.add(parameters.scratch.get, i32.const(offset))))
    }

    /** Writes values at a place of the loop nest: the shared scope, and one for each vector of an unrolled loop. */
    const writer = (code: Code, mode: Mode, level: number, shared: Scope, apart: ReadonlyArray<Scope>) => {
      const scopeFor = (isVarying: boolean, u: number): Scope => (isVarying ? apart[u] ?? shared : shared)
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
        const last = terms.reduce<readonly [number, number] | undefined>((found, term) =>
          (found === undefined || (position.get(term[0]) ?? 0) > (position.get(found[0]) ?? 0) ? term : found), undefined)
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
      const dataLane = (value: Value, lane: number, u: number): I32 => i32x4.extract_lane(get(value, u), varying.has(value) ? lane : 0)
      /** The index in a lane as a number. */
      const laneIndex = (index: Index, lane: number, u: number): I32 => {
        const stride = vector === undefined ? 0 : strideOf(index, vector)
        const base = plainIndex(index, u)
        const moved = lane * stride === 0 ? base : i32.add(base, i32.const(lane * stride))
        return index.data.reduce((sum, [value, factor]) => i32.add(sum, factor === 1 ? dataLane(value, lane, u) : i32.mul(dataLane(value, lane, u), i32.const(factor))), moved)
      }
      const laneAddress = (slot: number, dtype: DType, index: Index, lane: number, u: number): I32 => {
        const stride = vector === undefined ? 0 : strideOf(index, vector)
        const base = pointer(slot, dtype, index, u)
        const bytes = byteSize(dtype)
        const moved = lane * stride === 0 ? base : i32.add(base, i32.const(lane * stride * bytes))
        return index.data.reduce((sum, [value, factor]) => i32.add(sum, i32.mul(dataLane(value, lane, u), i32.const(factor * bytes))), moved)
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
        code.emit(result.set(v128.zero))
        for (let lane = 0; lane < lanesUsed; lane++) {
          const taken = result.set(Elements.loadLane(dtype, count, laneAddress(slot, dtype, index, lane, u), result.get, lane))
          const condition = holds(guards, lane, u)
          code.emit(condition === undefined ? taken : when(condition, taken))
        }
        return result.get
      }
      /** The index in every lane as i32. */
      const indexVector = (index: Index, u: number): V128 => {
        const stride = vector === undefined ? 0 : strideOf(index, vector)
        const base = i32x4.splat(plainIndex(index, u))
        const steps = [0, stride, 2 * stride, 3 * stride].flatMap((step) => [step & 255, (step >> 8) & 255, (step >> 16) & 255, step >>> 24])
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
            return Arithmetic.cast(code, "i32", dtype, count, indexVector(source.index, u))
          case "inside":
            return source.guards.map(({ index, size }) =>
              Elements.widen(i32x4.lt_u(indexVector(index, u), code.constant("i32x4", size)), count)).reduce(v128.and)
          case "unary":
            return Arithmetic.unary(code, dtype, count, scalars, source.of, get(source.x, u))
          case "binary": {
            const y = source.y.source
            return Arithmetic.binary(code, source.x.dtype, count, scalars, source.of, get(source.x, u), get(source.y, u), y.kind === "constant" ? y.value : undefined)
          }
          case "select":
            return Arithmetic.select(dtype, count, get(source.x, u), get(source.y, u), get(source.z, u))
          case "cast":
            return Arithmetic.cast(code, source.x.dtype, dtype, count, get(source.x, u))
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
          else if (levelOf(value) > level) for (const index of indicesOf(value)) plainIndex(index, 0, Math.min(level, vectorLevel - 1))
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
          under((inner) => Elements.store(inner, dtype, count, address, how === "add" ? inner.keep(add(Elements.load(dtype, count, address))) : given))
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

    const vectorLevel = vector === undefined ? order.length + 1 : position.get(vector) ?? 1

    /** Runs the vector loop over [from, to) in each mode in turn. */
    const vectorLoop = (code: Code, from: I32, to: I32, size: number | undefined, unroll: number, each: (inner: Code, mode: Mode) => void): void => {
      const index = indexLocals[vectorLevel - 1] ?? fresh("i32")
      code.emit(index.set(from))
      const runs: ReadonlyArray<Mode> = [...(unroll > 1 ? [{ full: true, unroll }] : []), { full: true, unroll: 1 }, { full: false, unroll: 1 }]
      let left = size ?? Infinity
      for (const mode of runs) {
        const step = mode.full ? count * mode.unroll : 1
        if (left < step) continue
        if (size !== undefined) left %= step
        const more = i32.le_u(i32.add(index.get, i32.const(step)), to)
        code.emit(when(more, doWhile(code.nested((inner) => {
          each(inner, mode)
          inner.emit(index.set(i32.add(index.get, i32.const(step))))
        }), more)))
      }
    }

    const fold = (code: Code, { kind, dtype }: Reduction, total: V128, value: V128): V128 =>
      Arithmetic.binary(code, dtype, count, scalars, folds[kind], total, value)

    const across = (code: Code, reduction: Reduction, value: V128): V128 => {
      if (byteSize(reduction.dtype) === 8) return fold(code, reduction, value, shuffle64(value, value, [1, 0]))
      if (count === 2) {
        const pair = code.keep(fold(code, reduction, value, shuffle32(value, value, [1, 0, 1, 0])))
        return shuffle32(pair, pair, [0, 0, 0, 0])
      }
      const halves = code.keep(fold(code, reduction, value, shuffle32(value, value, [2, 3, 0, 1])))
      return fold(code, reduction, halves, shuffle32(halves, halves, [1, 0, 3, 2]))
    }

    /** One stage of a row: the inner loops with its stores and reductions. */
    const stageCode = (code: Code, stage: Stage, mode: Mode, shared: Scope, apart: ReadonlyArray<Scope>): void => {
      const reductions = [...stage.reductions]
      const innerRoots = [...reductions.map(([, { value }]) => value), ...stage.stores.flatMap(storeRoots)]
      const needed = ordered(innerRoots)
      const rowNeeded = ordered(stage.rowStores.flatMap(storeRoots))
      const here = writer(code, mode, rows.length, shared, apart)
      here.prepare(needed, stage.stores)
      const ways = rowVector ? mode.unroll : 1
      const identities = reductions.map(([, { kind, dtype }]) => Elements.constant(code, dtype, count, identityOf(kind, dtype)))
      const locals = (): ReadonlyArray<ReadonlyArray<Local<"v128">>> => reductions.map((_, r) => Array.from({ length: ways }, () => {
        const local = fresh("v128")
        code.emit(local.set(identities[r] ?? v128.zero))
        return local
      }))
      const totals = locals()
      const empty = inner.some((loop) => sizeOf(loop) === 0)

      const visit = (at: Code, depth: number, scope: Scope, parts: ReadonlyArray<Scope>): void => {
        const loop = inner[depth]
        const level = rows.length + depth + 1
        if (loop === undefined) {
          const write = writer(at, mode, level - 1, scope, parts)
          for (let u = 0; u < ways; u++) for (const store of stage.stores) write.store(store, u)
          return
        }
        const last = depth === inner.length - 1
        const index = indexLocals[level - 1] ?? fresh("i32")
        const size = sizeOf(loop)
        const accumulate = last && reductions.length > 0
        const vectorised = loop === vector
        const copies = vectorised ? unrolled : 1
        const nears = accumulate ? reductions.map(() => Array.from({ length: ways * copies }, () => fresh("v128"))) : []
        const reset = (to: Code): void => nears.forEach((each, r) => each.forEach((local) => to.emit(local.set(identities[r] ?? v128.zero))))
        const element = (code: Code, mode: Mode): void => {
          const own = new Scope(scope)
          const separate = vectorised ? Array.from({ length: mode.unroll }, () => new Scope(own))
            : rowVector ? parts.map((part) => new Scope(part)) : []
          // a scope apart must also see what was computed in this loop
          const write = writer(code, mode, level, own, separate)
          write.prepare(needed, stage.stores)
          if (!last) return visit(code, depth + 1, own, separate)
          const times = vectorised || rowVector ? mode.unroll : 1
          for (let u = 0; u < times; u++) {
            for (const [r, [, reduction]] of reductions.entries()) {
              const local = nears[r]?.[u]
              if (local === undefined) continue
              const folded = fold(code, reduction, local.get, write.get(reduction.value, u))
              const lane0 = v128.const([255, 255, 255, 255, ...Array.from({ length: 12 }, (_, byte) => (byte < 4 && byteSize(reduction.dtype) === 8 ? 255 : 0))])
              code.emit(local.set(vectorised && !mode.full ? v128.bitselect(code.keep(folded), local.get, lane0) : folded))
            }
            for (const store of stage.stores) write.store(store, u)
          }
        }
        const whole = (code: Code, from: I32, to: I32, known: number | undefined): void => {
          if (vectorised) vectorLoop(code, from, to, known, copies, element)
          else code.emit(forLoop(index, from, to, 1, code.nested((inner) => element(inner, mode))))
        }
        const collect = (to: Code): void => nears.forEach((each, r) => {
          const [, reduction] = reductions[r] ?? []
          if (reduction === undefined) return
          totals[r]?.forEach((total, u) => {
            const own = vectorised ? each : each.slice(u, u + 1)
            const sum = own.map((local) => local.get).reduce((a, b) => to.keep(fold(to, reduction, a, b)))
            to.emit(total.set(fold(to, reduction, total.get, sum)))
          })
        })
        const chunk = run * (vectorised ? count * copies : 1)
        if (!accumulate) return whole(at, i32.const(0), i32.const(size), size)
        if (size <= 2 * chunk) {
          reset(at)
          whole(at, i32.const(0), i32.const(size), size)
          return collect(at)
        }
        const from = fresh("i32")
        const to = fresh("i32")
        at.emit(forLoop(from, i32.const(0), i32.const(size), chunk, at.nested((inside) => {
          const next = i32.add(from.get, i32.const(chunk))
          inside.emit(to.set(choose(i32.lt_u(next, i32.const(size)), next, i32.const(size))))
          reset(inside)
          whole(inside, from.get, to.get, undefined)
          collect(inside)
        })))
      }
      if (!empty) visit(code, 0, shared, apart)
      for (const [r, [number, reduction]] of reductions.entries()) {
        for (let u = 0; u < ways; u++) {
          const total = totals[r]?.[u]
          if (total === undefined) continue
          const acrossLanes = vector !== undefined && !rowVector
          const result = code.keep(acrossLanes ? across(code, reduction, total.get) : total.get)
          const scope = rowVector ? apart[u] ?? shared : shared
          const value = all.find(({ source }) => source.kind === "reduced" && source.reduction === number)
          if (value !== undefined) scope.set(`v${value.id}`, result)
        }
      }
      here.prepare(rowNeeded, stage.rowStores)
      for (let u = 0; u < ways; u++) for (const store of stage.rowStores) here.store(store, u)
    }

    const rowCode = (code: Code, mode: Mode, shared: Scope, apart: ReadonlyArray<Scope>): void => {
      for (const stage of stages) stageCode(code, stage, mode, shared, apart)
    }

    const outermost = new Scope()
    const everyStore = stages.flatMap(({ stores, rowStores }) => [...stores, ...rowStores])
    writer(start, { full: true, unroll: 1 }, 0, outermost, []).prepare(all, everyStore)
    const unit = fresh("i32")
    const plain = rows.filter((loop) => loop !== vector)
    const blocks = rowVector && vector !== undefined ? Math.ceil(sizeOf(vector) / blockSize) : 1
    start.emit(forLoop(unit, parameters.begin.get, parameters.end.get, 1, start.nested((code) => {
      let rest: I32 = unit.get
      const from = fresh("i32")
      const to = fresh("i32")
      if (rowVector && vector !== undefined) {
        const size = sizeOf(vector)
        code.emit(from.set(i32.mul(blocks === 1 ? i32.const(0) : i32.rem_u(rest, i32.const(blocks)), i32.const(blockSize))))
        const end = i32.add(from.get, i32.const(blockSize))
        code.emit(to.set(choose(i32.lt_u(end, i32.const(size)), end, i32.const(size))))
        if (blocks > 1) rest = code.keep(i32.div_u(rest, i32.const(blocks)))
      }
      for (const loop of plain.toReversed()) {
        const local = indexLocals[(position.get(loop) ?? 1) - 1] ?? fresh("i32")
        const isLast = loop === plain[0]
        code.emit(local.set(isLast ? rest : i32.rem_u(rest, i32.const(sizeOf(loop)))))
        if (!isLast) rest = code.keep(i32.div_u(rest, i32.const(sizeOf(loop))))
      }
      const shared = new Scope(outermost)
      const outerLevel = rowVector ? rows.length - 1 : rows.length
      if (rowVector) {
        writer(code, { full: true, unroll: 1 }, outerLevel, shared, []).prepare(all, everyStore)
        vectorLoop(code, from.get, to.get, blocks === 1 && vector !== undefined ? sizeOf(vector) : undefined, unrolled, (inside, mode) => {
          const own = new Scope(shared)
          const apart = Array.from({ length: mode.unroll }, () => new Scope(own))
          rowCode(inside, mode, own, apart)
        })
      } else rowCode(code, { full: true, unroll: 1 }, shared, [])
    })))
  }))
}
