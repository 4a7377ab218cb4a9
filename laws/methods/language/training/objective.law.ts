/** The loss is the mean cross-entropy over the positions that count, in nats, however they are spread over batches. */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { evaluate } from "../../../../src/algebra/backend.ts"
import { layer } from "../../../../src/algebra/backends/reference/index.ts"
import type { Tensor } from "../../../../src/algebra/tensor.ts"
import { fill, literal } from "../../../../src/algebra/tensor.ts"
import type { Total } from "../../../../src/methods/language/training/objective.ts"
import {
  bitsPerByte, mean, nextToken, perplexity, totals
} from "../../../../src/methods/language/training/objective.ts"
import { between } from "./numbers.ts"

interface Row {
  readonly scores: ReadonlyArray<number>
  readonly target: number
  readonly counts: boolean
}

interface Case {
  readonly rows: ReadonlyArray<Row>
}

const vocabulary = 3
const batch = 2
const row = fc.record({
  scores: fc.array(between(-5, 5), { minLength: vocabulary, maxLength: vocabulary }),
  target: fc.nat(vocabulary - 1),
  counts: fc.boolean()
})
const cases: fc.Arbitrary<Case> = fc.integer({ min: 1, max: 4 }).chain((time) =>
  fc.record({ rows: fc.array(row, { minLength: batch * time, maxLength: batch * time }) }))

const number = (of: Tensor<"f64", never>): number => Effect.runSync(Effect.provide(evaluate(of), layer)).data[0] ?? NaN

const measured = ({ rows }: Case, rule: typeof nextToken): Total<number> => {
  const time = rows.length / batch
  const logits = literal("f64", { batch, time, vocabulary }, Float64Array.from(rows.flatMap(({ scores }) => scores)))
  const targets = literal("i32", { batch, time }, Int32Array.from(rows, ({ target }) => target))
  const weights = literal("f64", { batch, time }, Float64Array.from(rows, ({ counts }) => Number(counts)))
  const { nats, count } = rule(logits, targets, weights)
  return { nats: number(nats), count: number(count) }
}

/** -log of the probability that a softmax gives the target, one row at a time. */
const plainly = ({ rows }: Case): Total<number> => rows.filter(({ counts }) => counts)
  .map(({ scores, target }): Total<number> => {
    const all = scores.reduce((sum, score) => sum + Math.exp(score), 0)
    return { nats: -Math.log(Math.exp(scores[target] ?? NaN) / all), count: 1 }
  })
  .reduce(totals.concat, totals.empty)

const near = (left: number, right: number) =>
  expect(Math.abs(left - right)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(right)))

const isTheMean = (rule: typeof nextToken) => fc.property(cases, (drawn) => {
  const total = measured(drawn, rule)
  const expected = plainly(drawn)
  near(total.nats, expected.nats)
  near(total.count, expected.count)
})

describe("the cross-entropy of the next token", () => {
  test("is summed over the positions that count alone", () => { fc.assert(isTheMean(nextToken)) })

  test("that divides by all positions is caught", () => {
    const everywhere: typeof nextToken = (logits, targets, weights) => {
      const { nats } = nextToken(logits, targets, weights)
      return { nats, count: fill(logits.dtype, {}, [...targets.axes.values()].reduce((a, b) => a * b, 1)) }
    }
    expect(fc.check(isTheMean(everywhere)).failed).toBe(true)
  })

  test("over a text cut in two is that over the whole", () => {
    fc.assert(fc.property(cases, cases, (left, right) => {
      const parts = totals.concat(measured(left, nextToken), measured(right, nextToken))
      const whole = plainly({ rows: [...left.rows, ...right.rows] })
      near(parts.nats, whole.nats)
      near(parts.count, whole.count)
    }))
  })

  test("of a uniform guess has the vocabulary as its perplexity, and log2 of it as bits a one-byte token", () => {
    const total = measured({ rows: [1, 2].map((target) => ({ scores: [0, 0, 0], target, counts: true })) }, nextToken)
    near(perplexity(total), vocabulary)
    near(mean(total), Math.log(vocabulary))
    near(bitsPerByte(total, 2), Math.log2(vocabulary))
  })
})
