/** Clipping keeps the direction of the gradient, bounds its norm by the limit, and leaves a short one as it is. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { evaluate } from "../../../../src/algebra/backend.ts"
import { layer } from "../../../../src/algebra/backends/reference/index.ts"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import { add, divide, fill, literal, multiply } from "../../../../src/algebra/tensor.ts"
import { factor, globalNorm } from "../../../../src/methods/language/training/clip.ts"
import { between } from "./numbers.ts"

type Gradient = ReadonlyArray<ReadonlyArray<number>>

const few = { minLength: 1, maxLength: 4 }
const gradients: fc.Arbitrary<Gradient> = fc.array(fc.array(between(-9, 9), few), few)
const limits = between(0.01, 30)

const tensors = (gradient: Gradient): ReadonlyArray<Tensor<"f64", string>> => gradient.map((numbers, index) =>
  literal<"f64", string>("f64", { [`axis${index}`]: numbers.length }, Float64Array.from(numbers)))

const number = (of: Tensor<"f64", never>): number => Effect.runSync(Effect.provide(evaluate(of), layer)).data[0] ?? NaN

const lengthOf = (gradient: Gradient): number => Math.hypot(...gradient.flat())

const clips = (rule: typeof factor) => fc.property(gradients, limits, (gradient, limit) => {
  const norm = lengthOf(gradient)
  const shrink = number(rule(globalNorm("f64", tensors(gradient)), limit))
  expect(shrink * norm).toBeLessThanOrEqual(limit)
  expect(shrink).toBeCloseTo(Math.min(1, limit / (norm + 1e-6)), 9)
  if (norm + 1e-6 <= limit * (1 - 1e-12)) expect(shrink).toBe(1)
})

describe("clipping by the global norm", () => {
  test("the norm is that of all elements of all tensors together", () => {
    fc.assert(fc.property(gradients, (gradient) => {
      const norm = number(globalNorm("f64", tensors(gradient)))
      expect(Math.abs(norm - lengthOf(gradient))).toBeLessThanOrEqual(1e-12 * (1 + norm))
    }))
  })

  test("bounds the norm by the limit, and changes nothing below it", () => { fc.assert(clips(factor)) })

  test("that also lengthens short gradients is caught", () => {
    const normalising: typeof factor = (norm, limit) => divide(fill(norm.dtype, {}, limit), add(norm, 1e-6))
    expect(fc.check(clips(normalising)).failed).toBe(true)
  })

  test("by half the limit is caught", () => {
    const tight: typeof factor = (norm, limit) => multiply(factor(norm, limit), 0.5)
    expect(fc.check(clips(tight)).failed).toBe(true)
  })
})
