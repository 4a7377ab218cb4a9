/** AdamW on tensors is the equations of the paper on numbers, for any sizes, settings and number of steps. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { evaluate } from "../../../../src/algebra/backend.ts"
import { layer } from "../../../../src/algebra/backends/reference/index.ts"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import { fill, literal, multiply, add, squareRoot, divide, subtract } from "../../../../src/algebra/tensor.ts"
import type { Group, Moving, Settings } from "../../../../src/methods/language/training/adamw.ts"
import { pace, update } from "../../../../src/methods/language/training/adamw.ts"
import { between } from "./numbers.ts"

const value = between(-3, 3)
const share = between(0, 0.999)

interface Case {
  readonly weights: ReadonlyArray<number>
  readonly gradients: ReadonlyArray<ReadonlyArray<number>>
  readonly rates: ReadonlyArray<number>
  readonly settings: Settings
  readonly group: Group
}

const sizes = fc.record({ size: fc.integer({ min: 1, max: 5 }), steps: fc.integer({ min: 1, max: 4 }) })
const cases: fc.Arbitrary<Case> = sizes
  .chain(({ size, steps }) => fc.record({
    weights: fc.array(value, { minLength: size, maxLength: size }),
    gradients: fc.array(fc.array(value, { minLength: size, maxLength: size }), { minLength: steps, maxLength: steps }),
    rates: fc.array(between(0, 0.5), { minLength: steps, maxLength: steps }),
    settings: fc.record({ beta1: share, beta2: share, epsilon: fc.constantFrom(1e-8, 1e-3) }),
    group: fc.record({ decay: fc.constantFrom(0, 0.1, 0.5), multiplier: fc.constantFrom(1, 0, 0.5, 2) })
  }))

/** Algorithm 2 of the paper with PyTorch's parametrisation, one number at a time. */
const plainly = ({ weights, gradients, rates, settings, group }: Case): ReadonlyArray<number> => {
  const { beta1, beta2, epsilon } = settings
  return weights.map((start, index) => {
    let [w, m, v] = [start, 0, 0]
    gradients.forEach((gradient, step) => {
      const g = gradient[index] ?? NaN
      const rate = (rates[step] ?? NaN) * group.multiplier
      w -= rate * group.decay * w
      m = beta1 * m + (1 - beta1) * g
      v = beta2 * v + (1 - beta2) * g ** 2
      const unbiased = m / (1 - beta1 ** (step + 1))
      const spread = v / (1 - beta2 ** (step + 1))
      w -= rate * unbiased / (Math.sqrt(spread) + epsilon)
    })
    return w
  })
}

type Row = Tensor<"f64", "row">
type Rule = typeof update

const onTensors = ({ weights, gradients, rates, settings, group }: Case, rule: Rule) => {
  const row = (numbers: ReadonlyArray<number>): Row =>
    literal("f64", { row: numbers.length }, Float64Array.from(numbers))
  const scalar = (number: number) => fill("f64", {}, number)
  const zero = row(weights.map(() => 0))
  let moving: Moving<"f64", "row"> = { weight: row(weights), first: zero, second: zero }
  gradients.forEach((gradient, step) => {
    const { rate, correction1, rootCorrection2 } = pace(settings, rates[step] ?? NaN, step + 1)
    const scalars = {
      rate: scalar(rate), correction1: scalar(correction1), rootCorrection2: scalar(rootCorrection2)
    }
    moving = rule(moving, row(gradient), scalars, settings, group)
  })
  return Effect.runSync(Effect.provide(evaluate(moving.weight), layer)).data
}

const follows = (rule: Rule) => fc.property(cases, (drawn) => {
  const expected = plainly(drawn)
  onTensors(drawn, rule).forEach((got, index) => {
    const want = expected[index] ?? NaN
    expect(Math.abs(got - want)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(want)))
  })
})

describe("AdamW", () => {
  test("on tensors is the paper's equations on numbers", () => { fc.assert(follows(update)) })

  test("with decay added to the gradient (L2) in place of decoupled is caught", () => {
    const coupled: Rule = (moving, gradient, scalars, settings, { decay, multiplier }) =>
      update(moving, add(gradient, multiply(moving.weight, decay)), scalars, settings, { decay: 0, multiplier })
    expect(fc.check(follows(coupled)).failed).toBe(true)
  })

  test("without correction of the bias of the moments is caught", () => {
    const biased: Rule = (moving, gradient, { rate }, settings, group) => {
      const one = fill(rate.dtype, {}, 1)
      return update(moving, gradient, { rate, correction1: one, rootCorrection2: one }, settings, group)
    }
    expect(fc.check(follows(biased)).failed).toBe(true)
  })

  test("with epsilon inside the root is caught", () => {
    const inside: Rule = (moving, gradient, scalars, settings, group) => {
      const { first: m, second: v } = update(moving, gradient, scalars, settings, group)
      const spread = divide(squareRoot(add(v, settings.epsilon)), scalars.rootCorrection2)
      const rate = multiply(scalars.rate, group.multiplier)
      const decayed = subtract(moving.weight, multiply(moving.weight, multiply(rate, group.decay)))
      const move = multiply(divide(m, spread), divide(rate, scalars.correction1))
      return { weight: subtract(decayed, move) as typeof m, first: m, second: v } // sizes agree by construction
    }
    expect(fc.check(follows(inside)).failed).toBe(true)
  })
})
