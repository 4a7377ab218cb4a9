/**
 * Where two plain values differ. Numbers count as equal within rounding of a few operations, since a root taken twice
 * on two ways may differ in its last bit.
 */

/** The first place, in order of the left value's keys, where two values are not the same. */
export interface Difference {
  readonly path: string
  readonly left: unknown
  readonly right: unknown
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null

const sameNumber = (left: unknown, right: unknown): boolean =>
  typeof left === "number" && typeof right === "number" && Math.abs(left - right) <= 1e-12 * Math.abs(left)

/** The first difference of two plain values (records, arrays, numbers, strings, booleans, null), or undefined. */
export const difference = (left: unknown, right: unknown, path: ReadonlyArray<string> = []): Difference | undefined => {
  if (Object.is(left, right) || sameNumber(left, right)) return undefined
  if (!isRecord(left) || !isRecord(right)) return { path: path.join("."), left, right }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    const found = difference(left[key], right[key], [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}
