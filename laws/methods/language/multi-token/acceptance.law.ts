/** What stays of the drafts of a step: a prefix, or with a temperature what keeps every distribution. */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import * as Key from "../../../../src/core/key.ts"
import type { Proposal } from "../../../../src/methods/language/multi-token/acceptance.ts"
import { certain, longestPrefix, residual, settled } from "../../../../src/methods/language/multi-token/acceptance.ts"
import type { Candidates } from "../../../../src/methods/language/sampling.ts"
import { draw } from "../../../../src/methods/language/sampling.ts"

const few = fc.array(fc.nat(2), { maxLength: 6 })

type Accept = typeof longestPrefix

const isPrefix = (accept: Accept) => fc.property(few, fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }), few,
  (drafts, verified, others) => {
    const accepted = accept(drafts, verified)
    expect(drafts.slice(0, accepted)).toEqual(verified.slice(0, accepted))
    if (accepted < drafts.length) {
      expect(drafts[accepted]).not.toBe(verified[accepted])
      // what is drafted after the first mismatch changes nothing
      expect(accept([...drafts.slice(0, accepted + 1), ...others], verified)).toBe(accepted)
    }
  })

describe("the accepted drafts", () => {
  test("are the longest prefix that agrees (M12)", () => { fc.assert(isPrefix(longestPrefix)) })

  test("counted, wherever they agree, are caught", () => {
    const byCount: Accept = (drafts, verified) => drafts.filter((draft, index) => draft === verified[index]).length
    expect(fc.check(isPrefix(byCount)).failed).toBe(true)
  })
})

const draws = 20_000
/** Four outcomes: three degrees of freedom exceed this in one of a million samples. */
const critical = 30.66

const masses = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 4, maxLength: 4 })
const distribution = (given: ReadonlyArray<number>): Candidates => {
  const total = given.reduce((sum, mass) => sum + mass, 0)
  return { tokens: given.map((_, token) => token), probabilities: given.map((mass) => mass / total) }
}

type Settle = typeof settled

/** Drafts drawn from q (or always one token) are settled into p. */
const asked = [masses, masses, fc.boolean(), fc.nat(1000)] as const
const keeps = (settle: Settle) => fc.property(...asked, (one, other, chosen, seed) => {
  const [p, q] = [distribution(one), distribution(other)]
  const numbers = Key.uniform(Key.make(seed), 3 * draws)
  const counts = [0, 0, 0, 0]
  for (let index = 0; index < draws; index++) {
    const [first = 0, second = 0, third = 0] = numbers.subarray(3 * index, 3 * index + 3)
    const draft = chosen ? 0 : draw(q, third)
    const proposal: Proposal = chosen ? certain(0) : (token) => q.probabilities[token] ?? 0
    const { token } = settle(p, proposal, draft, [first, second])
    counts[token] = (counts[token] ?? 0) + 1
  }
  const statistic = counts.reduce((sum, count, token) => {
    const expected = draws * (p.probabilities[token] ?? 0)
    return sum + (count - expected) ** 2 / expected
  }, 0)
  expect(statistic).toBeLessThan(critical)
})

describe("speculative rejection sampling", () => {
  test("gives tokens of p from drafts of any q (chi-square, false alarm 1e-6 a case)", () => {
    fc.assert(keeps(settled), { numRuns: 20 })
  })

  test("that draws again from p, not from what is left of it, is caught", () => {
    const again: Settle = (p, q, draft, [first, second]) => {
      const { token, accepted } = settled(p, q, draft, [first, second])
      return accepted ? { token, accepted } : { token: draw(p, second), accepted }
    }
    expect(fc.check(keeps(again), { numRuns: 20, endOnFailure: true }).failed).toBe(true)
  })

  test("leaves nothing of a rejected certain draft, and p where p is q", () => {
    const p = distribution([1, 2, 3, 4])
    expect(residual(p, certain(2)).probabilities[2]).toBe(0)
    expect(residual(p, (token) => p.probabilities[token] ?? 0)).toEqual(p)
  })
})
