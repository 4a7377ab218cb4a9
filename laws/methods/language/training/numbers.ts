/** Numbers spread evenly over a range; `fc.double` draws its exponent evenly, so that nearly all are tiny. */
import fc from "fast-check"

export const between = (low: number, high: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 1000 }).map((thousandths) => low + (high - low) * thousandths / 1000)
