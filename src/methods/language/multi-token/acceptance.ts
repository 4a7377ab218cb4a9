/**
 * Which drafts of a step stay. Greedy (2507.11851, section 2.4): the longest prefix that the model itself would have
 * written. Drawn with a temperature: speculative rejection sampling (Leviathan et al., 2211.17192, algorithm 1), which
 * leaves the distribution of every token what it is without drafts, whatever the drafts are drawn from.
 */
import type { Candidates } from "../sampling.ts"
import { draw } from "../sampling.ts"

/** How many drafts in front agree with the tokens verified at their places. What follows a mismatch is void. */
export const longestPrefix = (drafts: ReadonlyArray<number>, verified: ArrayLike<number>): number => {
  const wrong = drafts.findIndex((draft, index) => draft !== verified[index])
  return wrong === -1 ? drafts.length : wrong
}

/** The probability that a draft is a token. */
export type Proposal = (token: number) => number

/** The proposal of a draft that was not drawn but chosen. */
export const certain = (draft: number): Proposal => (token) => token === draft ? 1 : 0

/** What is left of p where it is more than q: proportional to max(p - q, 0), or p where they are equal. */
export const residual = ({ tokens, probabilities }: Candidates, q: Proposal): Candidates => {
  const left = tokens.map((token, index) => Math.max((probabilities[index] ?? 0) - q(token), 0))
  const total = left.reduce((sum, mass) => sum + mass, 0)
  return { tokens, probabilities: total > 0 ? left.map((mass) => mass / total) : probabilities }
}

/**
 * The token at the place of a draft that was drawn from `q`, where the model would draw from `p`: the draft with
 * probability min(1, p / q), else one of the residual. Two uniform numbers of its own for each place.
 */
export const settled = (
  p: Candidates, q: Proposal, draft: number, [first, second]: readonly [number, number]
): { readonly token: number, readonly accepted: boolean } => {
  const mass = p.probabilities[p.tokens.indexOf(draft)] ?? 0
  return first * q(draft) < mass
    ? { token: draft, accepted: true }
    : { token: draw(residual(p, q), second), accepted: false }
}
