/**
 * Named axes. A tensor is a function on named axes: names live in its type, sizes are values. The order in which axes
 * are listed is the layout of host data alone and means nothing to any operation.
 */
import { Data } from "effect"

/** Sizes by name, as a caller writes them: `{ time: 8, model: 64 }`. */
export type Sizes<A extends string> = { readonly [Axis in A]: number }

/** Sizes by name, as a tensor carries them. */
export type Axes = ReadonlyMap<string, number>

/** Sizes that do not fit: names the operation and both operands. Thrown while an expression is built. */
export class ShapeError extends Data.TaggedError("ShapeError")<{
  readonly operation: string
  readonly message: string
}> {}

/** Readable axes: `[time 8, model 64]`. */
export const show = (axes: Axes): string =>
  `[${Array.from(axes, ([name, size]) => `${name} ${size}`).join(", ")}]`

/** Refuses an operation on operands with these axes. */
export const refuse = (operation: string, reason: string, ...operands: ReadonlyArray<Axes>): never => {
  throw new ShapeError({ operation, message: `${operation}: ${reason}${operands.length ? `, of ${operands.map(show).join(" and ")}` : ""}` })
}

/** Axes from the caller's sizes; each must be a non-negative integer. */
export const fromSizes = (operation: string, sizes: Sizes<string>): Axes => {
  const axes = new Map(Object.entries(sizes))
  for (const [name, size] of axes)
    if (!Number.isInteger(size) || size < 0) refuse(operation, `axis "${name}" has size ${size}`, axes)
  return axes
}

/** Number of elements. */
export const count = (axes: Axes): number => {
  let product = 1
  for (const size of axes.values()) product *= size
  return product
}

/** The size of an axis that must be there. */
export const sizeOf = (operation: string, axes: Axes, name: string): number =>
  axes.get(name) ?? refuse(operation, `there is no axis "${name}"`, axes)

/** Axes of an elementwise operation: shared names align and must agree in size; the left operand's come first. */
export const align = (operation: string, left: Axes, right: Axes): Axes => {
  const aligned = new Map(left)
  for (const [name, size] of right) {
    const other = aligned.get(name)
    if (other === undefined) aligned.set(name, size)
    else if (other !== size) refuse(operation, `axis "${name}" is ${other} on one side and ${size} on the other`, left, right)
  }
  return aligned
}

/** The axes without some. */
export const without = (axes: Axes, names: ReadonlyArray<string>): Axes =>
  new Map(Array.from(axes).filter(([name]) => !names.includes(name)))

/** The axes with one replaced, in place, by others. */
export const replace = (axes: Axes, name: string, by: ReadonlyArray<readonly [string, number]>): Axes =>
  new Map(Array.from(axes).flatMap((entry) => (entry[0] === name ? by : [entry])))

/** Row-major strides in elements: the last axis listed is contiguous. */
export const strides = (axes: Axes): ReadonlyMap<string, number> => {
  let stride = 1
  return new Map(Array.from(axes).reverse().map(([name, size]): [string, number] => {
    const entry: [string, number] = [name, stride]
    stride *= size
    return entry
  }))
}

/** Whether two tensors have the same axes with the same sizes, in any order. */
export const same = (left: Axes, right: Axes): boolean =>
  left.size === right.size && Array.from(left).every(([name, size]) => right.get(name) === size)

/** Whether they are listed in the same order too. */
export const identical = (left: Axes, right: Axes): boolean =>
  same(left, right) && Array.from(left.keys()).every((name, index) => name === Array.from(right.keys())[index])
