/**
 * A law says what a method leaves unchanged, in the words of its paper, and is measured: the worst deviation over the
 * cases seen, beside the tolerance that was promised. Measurements combine as a monoid, so a law may be checked piece
 * by piece. The property tests of `laws/` and the reports of the command line state the same laws.
 */
import type { Monoid } from "fp-ts/lib/Monoid.js"
import type { Verdict as Reported } from "./document.ts"

/** What a law is, before anything is measured. */
export interface Law {
  readonly name: string
  /** The sentence that holds, with the paper's section or equation. */
  readonly statement: string
  /** The largest deviation allowed. */
  readonly tolerance: number
}

/** What was seen: how many cases, the worst deviation among them, and where that was. */
export interface Measurement {
  readonly cases: number
  readonly worst: number
  readonly where: string
}

/** A law held against what was seen, and where the worst was. */
export interface Verdict extends Reported {
  readonly where: string
}

/** One case and its deviation; a NaN deviates without bound. */
export const observe = (deviation: number, where: string): Measurement =>
  ({ cases: 1, worst: Number.isNaN(deviation) ? Infinity : Math.abs(deviation), where })

/** Measurements add up: cases are summed and the worse of two is kept. Laws: laws/core/law.law.ts. */
export const measurements: Monoid<Measurement> = {
  empty: { cases: 0, worst: 0, where: "" },
  concat: (left, right) => ({ ...(right.worst > left.worst ? right : left), cases: left.cases + right.cases })
}

/** Whether the law holds on what was seen. A law that saw no case does not hold. */
export const judge = (law: Law, { cases, worst, where }: Measurement): Verdict =>
  ({ name: law.name, holds: cases > 0 && worst <= law.tolerance, worst, tolerance: law.tolerance, cases, where })

/** The deviations of two equally long arrays as one measurement; `scale` divides each (1: absolute). */
export const compare = (left: ArrayLike<number>, right: ArrayLike<number>, where: string, scale = 1): Measurement => {
  if (left.length !== right.length) return observe(Infinity, `${where}: ${left.length} against ${right.length} values`)
  let worst = 0
  let at = 0
  for (let index = 0; index < left.length; index++) {
    const a = left[index] ?? NaN
    const b = right[index] ?? NaN
    const deviation = Object.is(a, b) || a === b ? 0 : Math.abs(a - b) / scale
    if (!(deviation <= worst)) {
      worst = Number.isNaN(deviation) ? Infinity : deviation
      at = index
    }
  }
  return { cases: left.length, worst, where: `${where}[${at}]` }
}
