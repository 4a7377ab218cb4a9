/** The module of each step of the fusion, and what the fusion must know of a device to make steps that it can take. */
import * as Axis from "../../axis.ts"
import type { Expression } from "../../expression.ts"
import type { Space } from "../fusion/fuse.ts"
import type { Kernel } from "../fusion/kernel.ts"
import type { Abilities, Step } from "../fusion/steps.ts"
import * as Contraction from "./contraction.ts"
import type { Device } from "./device.ts"
import * as Kernels from "./kernel.ts"
import type { Module } from "./kernel.ts"
import type { Slot } from "./slots.ts"
import * as Sort from "./sort.ts"

/** How programs are divided into kernels, and those into workgroups. */
export interface Style {
  readonly device: Device
  readonly fuse: boolean
  /** Rows at least this long are shared by the invocations of a workgroup; infinite where they had better not meet. */
  readonly sharedFrom: number
}

/** Invocations of a workgroup: where each works alone or shares a row, and where the row is long. */
const few = 64
const many = 256
/** What a workgroup keeps of a reduction, in bytes an invocation: a word of each of three types. */
const partials = 3 * 4

const sharing = ({ device: { limits } }: Style): number => Math.min(many, limits.invocations)

export const abilities = (style: Style): Abilities => {
  const { device: { limits }, fuse, sharedFrom } = style
  const scratch = ({ inner }: Space): number =>
    Axis.count(inner) >= sharedFrom ? Math.max(0, limits.shared - partials * sharing(style)) : 0
  return { fuse, packed: true, slots: limits.buffers, scratch }
}

const product = (kernel: Kernel, loops: ReadonlyArray<number>): number =>
  loops.reduce((size, loop) => size * (kernel.sizes[loop] ?? 1), 1)

const kernelModule = (kernel: Kernel, slots: ReadonlyArray<Slot>, style: Style): Module | undefined => {
  if (product(kernel, kernel.rows) === 0) return undefined
  const inner = product(kernel, kernel.inner)
  const isLong = kernel.inner.length > 0 && inner >= style.sharedFrom
  const together = kernel.scratch.size > 0 || (isLong && !Kernels.isOrdered(kernel))
  const invocations = together && inner >= 4 * sharing(style) ? sharing(style) : Math.min(few, sharing(style))
  return Kernels.emit(kernel, slots, { together, invocations, groups: style.device.limits.groups })
}

/** What other backends do on the host, and a kernel does here. */
const sortModule = (node: Expression, slotOf: (of: Expression) => Slot, style: Style): Module | undefined => {
  const { operation } = node
  if (operation.op !== "argsort" || Axis.count(node.axes) === 0) return undefined
  if (Axis.sizeOf("argsort", operation.x.axes, operation.axis) > Sort.longest) return undefined
  return Sort.argsort(node, operation, [slotOf(operation.x), slotOf(node)], style.device.limits.groups)
}

/** The module of a step; undefined where there is nothing to compute, or the host does it. */
export const moduleOf = (step: Step, style: Style, slotOf: (of: Expression) => Slot): Module | undefined => {
  if (step.kind === "kernel") return kernelModule(step.kernel, step.slots.map(slotOf), style)
  if (step.kind === "host") return sortModule(step.node, slotOf, style)
  if (Axis.count(step.target.axes) === 0) return undefined
  const { a, b, scale, contraction } = step.lowered
  const operands: Contraction.Operands = {
    a: slotOf(a.node),
    b: slotOf(b.node),
    c: slotOf(step.target),
    scale: scale && slotOf(scale.node),
    starts: { a: a.offset, b: b.offset, scale: scale?.offset ?? 0 }
  }
  const machine: Contraction.Machine = { ...style.device.limits, together: style.sharedFrom < Infinity }
  return Contraction.emit(contraction, operands, Contraction.shapeOf(contraction, machine))
}
