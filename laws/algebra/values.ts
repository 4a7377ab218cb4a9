/** Tensors' values compared by the names of their axes, whatever the layout. */
import { expect } from "vitest"
import * as Axis from "../../src/algebra/axis.ts"
import { offsets } from "../../src/algebra/backends/strided.ts"
import type { Values } from "../backends.ts"

/** The values in the order of other axes, which must be the same ones. */
export const inOrder = ({ axes, data }: Values, like: Axis.Axes): ReadonlyArray<number> => {
  expect(Axis.same(axes, like), `${Axis.show(axes)} are not the axes ${Axis.show(like)}`).toBe(true)
  return Array.from(offsets(like, Axis.strides(axes)), (place) => data[place] ?? NaN)
}

/**
 * Asserts that two tensors are the same function of their axes: to the bit but for the sign of 0, or within a bound.
 */
export const expectSame = (
  left: Values | undefined, right: Values | undefined, bound: number | ReadonlyArray<number> = 0
): void => {
  if (left === undefined || right === undefined) throw new Error("a value is missing")
  const other = inOrder(right, left.axes)
  let worst = -1
  let where = 0
  for (const [index, expected] of other.entries()) {
    const value = left.data[index] ?? NaN
    const limit = typeof bound === "number" ? bound : bound[index] ?? 0
    // infinitely uncertain values make undefined bounds of what is computed from them
    const allowed = Number.isNaN(limit) ? Infinity : limit
    const beyond = value === expected || Object.is(value, expected) || allowed === Infinity ? -1
      : Math.abs(value - expected) - allowed
    if (!(beyond <= worst)) [worst, where] = [Number.isNaN(beyond) ? Infinity : beyond, index]
  }
  expect(worst <= 0,
    `element ${where} of ${left.dtype} ${Axis.show(left.axes)} is ${left.data[where]} and ${other[where]}`).toBe(true)
}

/** Whether an assertion fails: for showing that a law catches a broken version. */
export const isRefused = async (assertion: () => unknown): Promise<boolean> => {
  try {
    await assertion()
    return false
  } catch {
    return true
  }
}
