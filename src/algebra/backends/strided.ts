/**
 * Where the elements of an operand lie, for each element of a result: the one idea by which the host's plain loops
 * read tensors of any layout.
 */
import type { Axes } from "../axis.ts"

/** Along an axis an operand moves by a stride, or by a table of offsets; where it has no entry, not at all. */
export type Steps = ReadonlyMap<string, number | ArrayLike<number>>

/** The operand's offset for each element of `axes`, row-major. */
export const offsets = (axes: Axes, steps: Steps, start = 0): Int32Array => {
  let table = Int32Array.of(start)
  for (const [name, size] of axes) {
    const step = steps.get(name) ?? 0
    const wider = new Int32Array(table.length * size)
    let at = 0
    for (const base of table)
      for (let index = 0; index < size; index++) wider[at++] =
        base + (typeof step === "number" ? index * step : step[index]!)
    table = wider
  }
  return table
}
