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
import type { Local, ModuleBuilder } from "./assembler.ts"
import { choose, doWhile, forLoop, when } from "./assembler.ts"
import type { Code } from "./code.ts"
import { body } from "./code.ts"
import * as Elements from "./elements.ts"
import type { I32, V128 } from "./instructions.ts"
import { i32, shuffle32, shuffle64, v128 } from "./instructions.ts"
import type { Kernel, Reduction, Stage } from "../fusion/kernel.ts"
import { dependence, ordered, storeRoots } from "./dependence.ts"
import type { Mode, Nest } from "./writer.ts"
import { Scope, writer } from "./writer.ts"

/** How many steps of a sum are added up before they join the total. */
const run = 256

/** Elements of one unit where the rows run in vectors: a few cache lines if each element is a long reduction. */
export const blockOf = ({ sizes, inner }: Kernel): number =>
  inner.reduce((product, loop) => product * (sizes[loop] ?? 1), 1) >= 64 ? 64 : 4096

const folds: { readonly [Kind in ReduceKind]: BinaryKind } = {
  sum: "add",
  product: "multiply",
  maximum: "maximum",
  minimum: "minimum"
}

/** What a reduction of nothing gives. */
export const identityOf = (kind: ReduceKind, dtype: DType): number => {
  if (kind === "sum") return 0
  if (kind === "product") return 1
  if (isFloat(dtype)) return kind === "maximum" ? -Infinity : Infinity
  if (dtype === "u32") return kind === "maximum" ? 0 : 2 ** 32 - 1
  return kind === "maximum" ? -(2 ** 31) : 2 ** 31 - 1
}

/** How many units of work a kernel has; any range of them may be run. */
export const unitsOf = (kernel: Kernel): number => {
  const { sizes, rows, vector } = kernel
  const count = (loops: ReadonlyArray<number>): number =>
    loops.reduce((product, loop) => product * (sizes[loop] ?? 1), 1)
  const plain = rows.filter((loop) => loop !== vector)
  return (
    count(plain) *
    (vector !== undefined && rows.includes(vector) ? Math.ceil((sizes[vector] ?? 1) / blockOf(kernel)) : 1)
  )
}

/** Defines the kernel as a procedure over units [begin, end). */
export const define = (module: ModuleBuilder, scalars: Arithmetic.Scalars, name: string, kernel: Kernel): void => {
  const { sizes, rows, inner, vector, stages } = kernel
  const { order, position, count, all, levels, waiting, varying, unrollOf } = dependence(kernel)
  const sizeOf = (loop: number): number => sizes[loop] ?? 1
  const rowVector = vector !== undefined && rows.includes(vector)

  module.procedure(name, { begin: "i32", end: "i32", args: "i32", scratch: "i32" }, ({ parameters, fresh }) =>
    body(fresh, (start) => {
      const indexLocals = order.map(() => fresh("i32"))
      const bases = new Map<number, I32>()
      for (let slot = 0; slot < kernel.slots; slot++) {
        const offset = kernel.scratch.get(slot)
        bases.set(
          slot,
          start.keep(
            offset === undefined
              ? i32.load(parameters.args.get, slot * 4)
              : i32.add(parameters.scratch.get, i32.const(offset))
          )
        )
      }

      const vectorLevel = vector === undefined ? order.length + 1 : (position.get(vector) ?? 1)
      const nest: Nest = {
        order,
        position,
        count,
        scalars,
        vector,
        vectorLevel,
        levels,
        waiting,
        varying,
        bases,
        indexOf: (loop) => indexLocals[(position.get(loop) ?? 1) - 1] ?? fresh("i32")
      }

      /** Runs the vector loop over [from, to) in each mode in turn. */
      const vectorLoop = (
        code: Code,
        from: I32,
        to: I32,
        size: number | undefined,
        unroll: number,
        each: (inner: Code, mode: Mode) => void
      ): void => {
        const index = indexLocals[vectorLevel - 1] ?? fresh("i32")
        code.emit(index.set(from))
        const runs: ReadonlyArray<Mode> = [
          ...(unroll > 1 ? [{ full: true, unroll }] : []),
          { full: true, unroll: 1 },
          { full: false, unroll: 1 }
        ]
        let left = size ?? Infinity
        for (const mode of runs) {
          const step = mode.full ? count * mode.unroll : 1
          if (left < step) continue
          if (size !== undefined) left %= step
          const more = i32.le_u(i32.add(index.get, i32.const(step)), to)
          code.emit(
            when(
              more,
              doWhile(
                code.nested((inner) => {
                  each(inner, mode)
                  inner.emit(index.set(i32.add(index.get, i32.const(step))))
                }),
                more
              )
            )
          )
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
        const here = writer(nest, code, mode, rows.length, shared, apart)
        here.prepare(needed, stage.stores)
        const ways = rowVector ? mode.unroll : 1
        const identities = reductions.map(([, { kind, dtype }]) =>
          Elements.constant(code, dtype, count, identityOf(kind, dtype))
        )
        const locals = (): ReadonlyArray<ReadonlyArray<Local<"v128">>> =>
          reductions.map((_, r) =>
            Array.from({ length: ways }, () => {
              const local = fresh("v128")
              code.emit(local.set(identities[r] ?? v128.zero))
              return local
            })
          )
        const totals = locals()
        const empty = inner.some((loop) => sizeOf(loop) === 0)

        const visit = (at: Code, depth: number, scope: Scope, parts: ReadonlyArray<Scope>): void => {
          const loop = inner[depth]
          const level = rows.length + depth + 1
          if (loop === undefined) {
            const write = writer(nest, at, mode, level - 1, scope, parts)
            for (let u = 0; u < ways; u++) {
              // inner loops of one step are none: the reduction is of one element
              for (const [r, [, reduction]] of reductions.entries()) {
                const total = totals[r]?.[u]
                if (total !== undefined)
                  at.emit(total.set(fold(at, reduction, total.get, write.get(reduction.value, u))))
              }
              for (const store of stage.stores) write.store(store, u)
            }
            return
          }
          const last = depth === inner.length - 1
          const index = indexLocals[level - 1] ?? fresh("i32")
          const size = sizeOf(loop)
          const accumulate = last && reductions.length > 0
          const vectorised = loop === vector
          const copies = vectorised ? unrollOf(needed) : 1
          const nears = accumulate
            ? reductions.map(() => Array.from({ length: ways * copies }, () => fresh("v128")))
            : []
          const reset = (to: Code): void =>
            nears.forEach((each, r) => each.forEach((local) => to.emit(local.set(identities[r] ?? v128.zero))))
          const element = (code: Code, mode: Mode): void => {
            const own = new Scope(scope)
            const separate = vectorised
              ? Array.from({ length: mode.unroll }, () => new Scope(own))
              : rowVector
                ? parts.map((part) => new Scope(part))
                : []
            // a scope apart must also see what was computed in this loop
            const write = writer(nest, code, mode, level, own, separate)
            write.prepare(needed, stage.stores)
            if (!last) return visit(code, depth + 1, own, separate)
            const times = vectorised || rowVector ? mode.unroll : 1
            for (let u = 0; u < times; u++) {
              for (const [r, [, reduction]] of reductions.entries()) {
                const local = nears[r]?.[u]
                if (local === undefined) continue
                const folded = fold(code, reduction, local.get, write.get(reduction.value, u))
                const lane0 = v128.const([
                  255,
                  255,
                  255,
                  255,
                  ...Array.from({ length: 12 }, (_, byte) => (byte < 4 && byteSize(reduction.dtype) === 8 ? 255 : 0))
                ])
                code.emit(
                  local.set(vectorised && !mode.full ? v128.bitselect(code.keep(folded), local.get, lane0) : folded)
                )
              }
              for (const store of stage.stores) write.store(store, u)
            }
          }
          const whole = (code: Code, from: I32, to: I32, known: number | undefined): void => {
            if (vectorised) vectorLoop(code, from, to, known, copies, element)
            else
              code.emit(
                forLoop(
                  index,
                  from,
                  to,
                  1,
                  code.nested((inner) => element(inner, mode))
                )
              )
          }
          const collect = (to: Code): void =>
            nears.forEach((each, r) => {
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
          at.emit(
            forLoop(
              from,
              i32.const(0),
              i32.const(size),
              chunk,
              at.nested((inside) => {
                const next = i32.add(from.get, i32.const(chunk))
                inside.emit(to.set(choose(i32.lt_u(next, i32.const(size)), next, i32.const(size))))
                reset(inside)
                whole(inside, from.get, to.get, undefined)
                collect(inside)
              })
            )
          )
        }
        if (!empty) visit(code, 0, shared, apart)
        for (const [r, [number, reduction]] of reductions.entries()) {
          for (let u = 0; u < ways; u++) {
            const total = totals[r]?.[u]
            if (total === undefined) continue
            const acrossLanes = vector !== undefined && !rowVector
            const result = code.keep(acrossLanes ? across(code, reduction, total.get) : total.get)
            const scope = rowVector ? (apart[u] ?? shared) : shared
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
      writer(nest, start, { full: true, unroll: 1 }, 0, outermost, []).prepare(all, everyStore)
      const unit = fresh("i32")
      const plain = rows.filter((loop) => loop !== vector)
      const block = blockOf(kernel)
      const blocks = rowVector && vector !== undefined ? Math.ceil(sizeOf(vector) / block) : 1
      start.emit(
        forLoop(
          unit,
          parameters.begin.get,
          parameters.end.get,
          1,
          start.nested((code) => {
            let rest: I32 = unit.get
            const from = fresh("i32")
            const to = fresh("i32")
            if (rowVector && vector !== undefined) {
              const size = sizeOf(vector)
              code.emit(
                from.set(i32.mul(blocks === 1 ? i32.const(0) : i32.rem_u(rest, i32.const(blocks)), i32.const(block)))
              )
              const end = i32.add(from.get, i32.const(block))
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
              writer(nest, code, { full: true, unroll: 1 }, outerLevel, shared, []).prepare(all, everyStore)
              vectorLoop(
                code,
                from.get,
                to.get,
                blocks === 1 && vector !== undefined ? sizeOf(vector) : undefined,
                unrollOf(all),
                (inside, mode) => {
                  const own = new Scope(shared)
                  const apart = Array.from({ length: mode.unroll }, () => new Scope(own))
                  rowCode(inside, mode, own, apart)
                }
              )
            } else rowCode(code, { full: true, unroll: 1 }, shared, [])
          })
        )
      )
    })
  )
}
