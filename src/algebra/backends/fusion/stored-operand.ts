/**
 * Operands of a contraction that are stored in fewer bits than they are computed with, and read as they lie: a cast of
 * bf16 or of i8, i8 times a scale for each index that is not summed over, and groups of four-bit numbers, two a byte,
 * times a scale for each group. All are ordinary expressions, recognised here by their form; what is not of one of
 * these forms is computed into memory first, with the same meaning.
 */
import { groupSize } from "../../derived/quantised.ts"
import type { Expression } from "../../expression.ts"
import { operands } from "../../expression.ts"
import type { Axis, Contraction, Storage } from "./contraction.ts"
import type { Index, Value } from "./value.ts"

const half = groupSize / 2

const isMovement = ({ operation: { op } }: Expression): boolean =>
  op === "rename" || op === "split" || op === "merge" || op === "slice" || op === "expand"

const isSource = ({ operation: { op } }: Expression): boolean => op === "input" || op === "literal"

/** The expressions from an operand down to what is stored, if it looks like one of the forms; else none. */
export const between = (operand: Expression): ReadonlyArray<Expression> => {
  const path: Array<Expression> = []
  let narrow = false
  let node = operand
  while (!isSource(node)) {
    const { operation } = node
    const [x, y] = operands(node)
    const steps = isMovement(node) || operation.op === "cast" ||
      operation.op === "binary" && ["multiply", "shiftLeft", "shiftRight"].includes(operation.kind)
    if (!steps || x === undefined) return []
    if (operation.op === "binary" && operation.kind === "multiply" && (y === undefined || !isScale(y))) return []
    path.push(node)
    narrow ||= operation.op === "cast"
    node = x
  }
  return narrow && (node.dtype === "i8" || node.dtype === "bf16") ? path : []
}

const isScale = (node: Expression): boolean => {
  let found = node
  for (let [x] = operands(found); isMovement(found) && x !== undefined; [x] = operands(found)) found = x
  return isSource(found) && found.dtype === "f32"
}

/** A stored operand as its parts: where its codes and its scales lie. */
export interface Found {
  readonly format: Storage["format"]
  readonly slot: number
  readonly index: Index
  readonly scale?: { readonly slot: number; readonly index: Index }
}

const plainLoad = ({ dtype, source }: Value, expected: string) =>
  source.kind === "load" && source.guards.length === 0 && source.index.data.length === 0 && dtype === expected
    ? source : undefined

const constant = ({ source }: Value): number | undefined => (source.kind === "constant" ? source.value : undefined)

/** The loop over low and high halves, from the count 28 - 4 i by which a byte is shifted up before 28 down. */
const halfLoop = (amount: Value): number | undefined => {
  const { source } = amount
  if (source.kind !== "binary" || source.of !== "subtract" || constant(source.x) !== 28) return undefined
  const { source: product } = source.y
  if (product.kind !== "binary" || product.of !== "multiply" || constant(product.y) !== 4) return undefined
  const { source: place } = product.x
  if (place.kind !== "coordinate" || place.index.offset !== 0 || place.index.data.length > 0) return undefined
  const [term, ...others] = place.index.terms
  return term !== undefined && term[1] === 1 && others.length === 0 ? term[0] : undefined
}

/**
 * The index of a four-bit number among all of its tensor, from that of its byte: sixteen bytes hold thirty-two. None
 * where bytes are not walked in whole runs of sixteen.
 */
const unpacked = ({ offset, terms }: Index, halves: number): Index | undefined => {
  const inner = terms.filter(([, stride]) => stride % half !== 0)
  if (offset % half !== 0 || inner.length > 1 || inner.some(([, stride]) => stride !== 1)) return undefined
  const moved = terms.map(([loop, stride]) => [loop, stride === 1 ? 1 : stride * 2] as const)
  const all = [...moved, [halves, half] as const].toSorted(([a], [b]) => a - b)
  return { offset: offset * 2, terms: all, data: [] }
}

const codes = (value: Value): Found | undefined => {
  const { source } = value
  if (source.kind !== "cast" || value.dtype !== "f32") return undefined
  for (const [dtype, format] of [["bf16", "bf16"], ["i8", "i8"]] as const) {
    const load = plainLoad(source.x, dtype)
    if (load !== undefined) return { format, slot: load.slot, index: load.index }
  }
  const { source: down } = source.x
  if (source.x.dtype !== "i32" || down.kind !== "binary" || down.of !== "shiftRight" || constant(down.y) !== 28)
    return undefined
  const { source: up } = down.x
  if (up.kind !== "binary" || up.of !== "shiftLeft" || up.x.source.kind !== "cast") return undefined
  const halves = halfLoop(up.y)
  const load = plainLoad(up.x.source.x, "i8")
  const index = halves === undefined || load === undefined ? undefined : unpacked(load.index, halves)
  return index === undefined || load === undefined ? undefined : { format: "i4", slot: load.slot, index }
}

/** The parts of an operand's element, if it is of one of the forms. */
export const find = (value: Value): Found | undefined => {
  const { source } = value
  if (source.kind !== "binary" || source.of !== "multiply") return codes(value)
  const found = codes(source.x)
  const scale = plainLoad(source.y, "f32")
  return found === undefined || scale === undefined
    ? undefined : { ...found, scale: { slot: scale.slot, index: scale.index } }
}

/** Whether kernels can read the stored operand where it lies: its sum runs along memory, whole groups at a time. */
export const isReadable = (contraction: Contraction, { operand, format, offset }: Storage): boolean => {
  const step = (axis: Axis): number => axis[operand]
  const other = operand === "a" ? "b" : "a"
  const wide = (axes: ReadonlyArray<Axis>): ReadonlyArray<Axis> => axes.filter(({ size }) => size > 1)
  const { batch, k } = contraction
  const free = [...contraction[operand === "a" ? "m" : "n"], ...batch]
  if (contraction.dtype !== "f32" || wide(batch).some((axis) => step(axis) !== 0 && axis[other] !== 0)) return false
  let length = 1
  for (const axis of wide(k).toSorted((one, two) => step(one) - step(two))) {
    if (step(axis) !== length) return false
    length *= axis.size
  }
  const scaled = (axis: Axis): boolean => (axis.scale ?? 0) !== 0
  if (format !== "i4") return !wide(k).some(scaled)
  return length % groupSize === 0 && offset % groupSize === 0 &&
    wide(free).every((axis) => step(axis) % groupSize === 0) &&
    wide(k).every((axis) => step(axis) >= groupSize || !scaled(axis))
}
