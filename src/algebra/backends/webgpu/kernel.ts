/**
 * A kernel of the fusion as WGSL. Each unit of the row loops is computed by one invocation, which goes through the
 * inner loops in order, or by a workgroup, whose invocations share the inner loops and add up what they have: then a
 * softmax or a norm reads its row once, and what its stages hand on stays in the workgroup's own memory.
 */
import { constant, typeOf } from "./literals.ts"
import * as Arithmetic from "./arithmetic.ts"
import { decompose, entry, gridOf } from "./dispatch.ts"
import type { Grid } from "./dispatch.ts"
import { definitionsFor } from "./functions.ts"
import type { Kernel, Stage, Store } from "../fusion/kernel.ts"
import type { Guard, Index, Value } from "../fusion/value.ts"
import { indicesOf, uses } from "../fusion/value.ts"
import type { Binding, Bound, Slot } from "./slots.ts"
import { bind, declare, load, store } from "./slots.ts"

/** WGSL and how many workgroups run it. */
export interface Module {
  readonly code: string
  readonly grid: Grid
  readonly bindings: ReadonlyArray<Binding>
}

/** How a kernel is run. */
export interface Plan {
  /** Invocations of a workgroup, a power of two. */
  readonly invocations: number
  /** Most workgroups along one dimension of a dispatch. */
  readonly groups: number
  /** Whether a workgroup shares the inner loops of a row; only where these may run in any order. */
  readonly together: boolean
}

const indexText = ({ offset, terms, data }: Index, name: (value: Value) => string): string => {
  const parts = [
    ...terms.map(([loop, stride]) => (stride === 1 ? `i${loop}` : `i${loop} * ${stride}`)),
    ...data.map(([value, stride]) => (stride === 1 ? name(value) : `${name(value)} * ${stride}`))
  ]
  return [...parts, ...(offset !== 0 || parts.length === 0 ? [`${offset}`] : [])].join(" + ")
}

const inside = (guards: ReadonlyArray<Guard>, name: (value: Value) => string): string =>
  guards.map(({ index, size }) => `bitcast<u32>(i32(${indexText(index, name)})) < ${size}u`).join(" && ")

/** Whether a guard fails whatever the loops: such an element must not even be written down. */
const isNever = ({ index: { offset, terms, data }, size }: Guard): boolean =>
  terms.length === 0 && data.length === 0 && (offset < 0 || offset >= size)

/** The statement that gives a value its name. */
const statement = (value: Value, bound: Bound, scratch: ReadonlySet<number>, name: (of: Value) => string): string => {
  const { source, dtype } = value
  const own = name(value)
  const type = typeOf(dtype)
  const be = (text: string): string => `let ${own} = ${text};`
  switch (source.kind) {
    case "constant":
      return be(constant(dtype, source.value))
    case "coordinate": {
      const index = indexText(source.index, name)
      return be(type === "i32" ? `i32(${index})` : `${type}(i32(${index}))`)
    }
    case "inside":
      return be(inside(source.guards, name))
    case "load": {
      const index = indexText(source.index, name)
      const element = scratch.has(source.slot) ? `scratch${source.slot}[${index}]` : load(bound, source.slot, dtype, index)
      if (source.guards.length === 0) return be(element)
      if (source.guards.some(isNever)) return be(constant(dtype, 0))
      return `var ${own} = ${constant(dtype, 0)}; if (${inside(source.guards, name)}) { ${own} = ${element}; }`
    }
    case "unary":
      return be(Arithmetic.unary(dtype, source.of, name(source.x)))
    case "binary":
      return be(Arithmetic.binary(source.x.dtype, source.of, name(source.x), name(source.y)))
    case "select":
      return be(`select(${name(source.z)}, ${name(source.y)}, ${name(source.x)})`)
    case "cast":
      return be(Arithmetic.cast(source.x.dtype, dtype, name(source.x)))
    case "reduced":
      return ""
  }
}

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

const rootsOf = ({ value, index, guards }: Store): ReadonlyArray<Value> => [
  value,
  ...index.data.map(([each]) => each),
  ...guards.flatMap((guard) => guard.index.data.map(([each]) => each))
]

const storesOf = (kernel: Kernel): ReadonlyArray<Store> =>
  kernel.stages.flatMap(({ stores, rowStores }) => [...stores, ...rowStores])

const loadedSlots = ({ stages }: Kernel): ReadonlyArray<number> =>
  ordered(stages.flatMap(({ reductions, stores, rowStores }) =>
    [...[...reductions.values()].map(({ value }) => value), ...[...stores, ...rowStores].flatMap(rootsOf)]))
    .flatMap(({ source }) => (source.kind === "load" ? [source.slot] : []))

/** Whether the inner loops must run in order, because one of their units may write what another does. */
export const isOrdered = (kernel: Kernel): boolean =>
  kernel.inner.length > 0 &&
  storesOf(kernel).some(({ mode, guards, index }) => mode === "add" || guards.length > 0 || index.data.length > 0)

/** The kernel as a module. */
export const emit = (kernel: Kernel, slots: ReadonlyArray<Slot>, plan: Plan): Module => {
  const { rows, inner, stages, sizes } = kernel
  const { invocations, together } = plan
  const sizeOf = (loop: number): number => sizes[loop] ?? 1
  const product = (loops: ReadonlyArray<number>): number => loops.reduce((size, loop) => size * sizeOf(loop), 1)
  const units = product(rows)
  const grid = gridOf(together ? units : Math.ceil(units / invocations), plan.groups)
  const written = new Set(storesOf(kernel).map(({ slot }) => slot))
  const kept = new Set(kernel.scratch.keys())
  const used = new Set([...written, ...loadedSlots(kernel)].filter((slot) => !kept.has(slot)))
  const bound = bind(slots, used, written)
  const names = new Map<Value, string>()
  const name = (value: Value): string =>
    value.source.kind === "reduced" ? `r${value.source.reduction}` : names.get(value) ?? `v${value.id}`

  const position = new Map(inner.map((loop, at) => [loop, together ? 1 : at + 1]))
  const levels = new Map<Value, number>()
  const levelOf = (value: Value): number => {
    const known = levels.get(value)
    if (known !== undefined) return known
    const level = Math.max(
      0,
      ...indicesOf(value).flatMap(({ terms }) => terms.map(([loop]) => position.get(loop) ?? 0)),
      ...uses(value).map(levelOf)
    )
    levels.set(value, level)
    return level
  }

  const lines: Array<string> = []
  const defined = new Set<Value>()
  /** Defines what some roots need of one level and is not yet defined. */
  const define = (roots: ReadonlyArray<Value>, level: number): void => {
    for (const value of ordered(roots)) {
      if (defined.has(value) || levelOf(value) !== level) continue
      defined.add(value)
      lines.push(statement(value, bound, kept, name))
    }
  }
  const write = ({ slot, dtype, index, guards, mode, value }: Store): void => {
    const at = indexText(index, name)
    const sum = (): string => Arithmetic.binary(dtype, "add", load(bound, slot, dtype, at), name(value))
    const text = kept.has(slot)
      ? `scratch${slot}[${at}] = ${name(value)};`
      : store(bound, slot, dtype, at, mode === "add" ? sum() : name(value))
    lines.push(guards.length > 0 ? `if (${inside(guards, name)}) { ${text} }` : text)
  }
  const shared: Array<string> = []
  const combine = (number: number, stage: Stage): void => {
    const reduction = stage.reductions.get(number)
    if (reduction === undefined) return
    const { kind, dtype } = reduction
    const type = typeOf(dtype)
    const partial = `partial_${type}`
    const declaration = `var<workgroup> ${partial}: array<${type}, ${invocations}>;`
    if (!shared.includes(declaration)) shared.push(declaration)
    lines.push(
      `${partial}[lane] = t${number};`,
      "workgroupBarrier();",
      `for (var step = ${invocations / 2}u; step > 0u; step = step >> 1u) {`,
      `if (lane < step) { ${partial}[lane] = ${Arithmetic.fold(kind, dtype, `${partial}[lane]`, `${partial}[lane + step]`)}; }`,
      "workgroupBarrier();",
      "}",
      `let r${number} = ${partial}[0];`,
      "workgroupBarrier();"
    )
  }

  for (const stage of stages) {
    const { reductions, stores, rowStores } = stage
    const roots = [...[...reductions.values()].map(({ value }) => value), ...stores.flatMap(rootsOf)]
    for (const [number, { kind, dtype }] of reductions)
      lines.push(`var t${number} = ${Arithmetic.identity(kind, dtype)};`)
    if (roots.length > 0) {
      define(roots, 0)
      const outside = new Set(defined)
      if (together) {
        lines.push(`for (var e = i32(lane); e < ${product(inner)}; e += ${invocations}) {`)
        lines.push(...decompose("e", inner.map((loop) => `i${loop}`), inner.map(sizeOf)))
        define(roots, 1)
      } else
        inner.forEach((loop, at) => {
          lines.push(`for (var i${loop} = 0; i${loop} < ${sizeOf(loop)}; i${loop}++) {`)
          define(roots, at + 1)
        })
      for (const [number, { kind, dtype, value }] of reductions)
        lines.push(`t${number} = ${Arithmetic.fold(kind, dtype, `t${number}`, name(value))};`)
      stores.forEach(write)
      lines.push("}".repeat(together ? 1 : inner.length))
      defined.forEach((value) => outside.has(value) || defined.delete(value))
    }
    for (const number of reductions.keys())
      if (together) combine(number, stage)
      else lines.push(`let r${number} = t${number};`)
    define(rowStores.flatMap(rootsOf), 0)
    if (together && rowStores.length > 0) lines.push("if (lane == 0u) {")
    rowStores.forEach(write)
    if (together && rowStores.length > 0) lines.push("}")
  }

  const scratch = [...kept].map((slot) =>
    `var<workgroup> scratch${slot}: array<${typeOf(slots[slot]?.dtype ?? "f32")}, ${product(inner)}>;`)
  const unit = together ? "i32(group)" : `i32(group * ${invocations}u + lane)`
  const body = [
    `let unit = ${unit};`,
    `if (unit >= ${units}) { return; }`,
    ...decompose("unit", rows.map((loop) => `i${loop}`), rows.map(sizeOf)),
    ...lines
  ].join("\n  ")
  const code = [
    definitionsFor(body),
    declare(bound.bindings),
    ...shared,
    ...scratch,
    entry(invocations, grid),
    `  ${body}`,
    "}"
  ].join("\n")
  return { code, grid, bindings: bound.bindings }
}
