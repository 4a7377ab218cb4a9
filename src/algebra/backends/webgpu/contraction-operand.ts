/**
 * The operands of a contraction as a kernel reads them: axes joined that every operand walks as one, offsets of
 * indices, and elements, be they f32 or codes of fewer bits that are widened, and scaled, as they are read.
 */
import type { Axis, Contraction, Storage } from "../fusion/contraction.ts"

/** What has steps along the axes: the operands, the result and the scales of a stored operand. */
const walks = ["a", "b", "c", "scale"] as const
export type Walk = (typeof walks)[number]

const stepOf = (axis: Axis, walk: Walk): number => axis[walk] ?? 0

/** Axes from the largest steps to the smallest, neighbours joined where all walks allow. */
const joined = (axes: ReadonlyArray<Axis>, first: Walk, second: Walk): ReadonlyArray<Axis> => {
  const step = (axis: Axis): number =>
    Math.min(Math.abs(stepOf(axis, first)) || Infinity, Math.abs(stepOf(axis, second)) || Infinity)
  const order = axes.filter(({ size }) => size !== 1).toSorted((x, y) => (step(y) === step(x) ? 0 : step(y) - step(x)))
  return order.reduceRight<ReadonlyArray<Axis>>((kept, axis) => {
    const [next, ...others] = kept
    if (next === undefined) return [axis]
    const fits = walks.every((walk) => stepOf(axis, walk) === stepOf(next, walk) * next.size)
    return fits ? [{ ...next, size: next.size * axis.size }, ...others] : [axis, ...kept]
  }, [])
}

const sizeOf = (axes: ReadonlyArray<Axis>): number => axes.reduce((product, { size }) => product * size, 1)

/** The offset of an index of a group of axes, the last axis fastest. */
export const offset = (axes: ReadonlyArray<Axis>, walk: Walk, index: string): string => {
  let below = 1
  const terms: Array<string> = []
  for (const [at, axis] of [...axes.entries()].reverse()) {
    const whole = below === 1 ? index : `${index} / ${below}`
    const own = at === 0 ? `(${whole})` : `((${whole}) % ${axis.size})`
    const step = stepOf(axis, walk)
    if (step !== 0) terms.push(step === 1 ? own : `${own} * ${step}`)
    below *= axis.size
  }
  return terms.length === 0 ? "0" : terms.join(" + ")
}

/** A contraction with its axes in order; rows and columns are exchanged where C is contiguous along the rows. */
export interface Prepared {
  readonly batch: ReadonlyArray<Axis>
  readonly m: ReadonlyArray<Axis>
  readonly n: ReadonlyArray<Axis>
  readonly k: ReadonlyArray<Axis>
  readonly sizes: { readonly batch: number; readonly m: number; readonly n: number; readonly k: number }
  readonly swapped: boolean
}

const flip = (axis: Axis): Axis => ({ ...axis, a: axis.b, b: axis.a })

export const prepare = (given: Contraction): Prepared => {
  const nearest = (axes: ReadonlyArray<Axis>): number =>
    Math.min(...axes.filter(({ size }) => size > 1).map(({ c }) => Math.abs(c)), Infinity)
  const swapped = nearest(given.m) < nearest(given.n)
  const turn = (axes: ReadonlyArray<Axis>): ReadonlyArray<Axis> => (swapped ? axes.map(flip) : axes)
  const [down, across] = swapped ? [turn(given.n), turn(given.m)] : [given.m, given.n]
  const [batch, m] = [joined(turn(given.batch), "c", "a"), joined(down, "c", "a")]
  const [n, k] = [joined(across, "c", "b"), joined(turn(given.k), "b", "a")]
  return { batch, m, n, k, swapped, sizes: { batch: sizeOf(batch), m: sizeOf(m), n: sizeOf(n), k: sizeOf(k) } }
}

/** An operand: its variable, where it begins, and how it is stored, if in fewer bits than an f32. */
export interface Operand {
  readonly walk: "a" | "b"
  readonly name: string
  readonly start: number
  readonly format: Storage["format"] | undefined
  readonly scale: { readonly name: string; readonly start: number } | undefined
}

/** The number of this index among all that are stored. */
const code = ({ name, format }: Operand, index: string): string => {
  const bits = (word: string, first: string, count: number): string =>
    `f32(extractBits(bitcast<i32>(${name}[${word}]), ${first}, ${count}u))`
  switch (format) {
    case undefined:
      return `${name}[${index}]`
    case "bf16":
      return `bitcast<f32>(extractBits(${name}[(${index}) >> 1u], (u32(${index}) & 1u) << 4u, 16u) << 16u)`
    case "i8":
      return bits(`(${index}) >> 2u`, `(u32(${index}) & 3u) << 3u`, 8)
    case "i4": {
      // thirty-two numbers in sixteen bytes, the first sixteen the low halves
      const byte = `(((${index}) >> 5u) * 16 + ((${index}) & 15))`
      return bits(`${byte} >> 2u`, `((u32(${byte}) & 3u) << 3u) + ((u32(${index}) >> 4u) & 1u) * 4u`, 4)
    }
  }
}

/** An element, given the parts of its place as texts of the offsets in the operand and in its scales. */
export const element = (operand: Operand, place: (walk: Walk) => string): string => {
  const number = code(operand, place(operand.walk))
  return operand.scale === undefined ? number : `${number} * ${operand.scale.name}[${place("scale")}]`
}

/** What is walked to read an operand: itself, and its scales. */
export const walksOf = (operand: Operand): ReadonlyArray<readonly [walk: Walk, start: number]> => [
  [operand.walk, operand.start],
  ...(operand.scale === undefined ? [] : [["scale", operand.scale.start] as const])
]
