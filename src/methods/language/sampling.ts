/**
 * The choice of a token from its logits: the likeliest one, or one drawn from the distribution that temperature, top-k
 * and top-p (nucleus, Holtzman et al., 1904.09751, section 3.1) leave. Temperature comes first, then the k likeliest,
 * then the smallest set of them with probability p, as in transformers. Equal logits are ranked by token id.
 */

/** How tokens are drawn. */
export interface Sampling {
  /** Logits are divided by this; 0 takes the likeliest token. */
  readonly temperature: number
  /** Only so many likeliest tokens may be drawn; all when absent. */
  readonly topK?: number
  /** Only the smallest set of likeliest tokens whose probability is at least this; 1 or absent for all. */
  readonly topP?: number
}

/** Tokens that may be drawn, likeliest first, and their probabilities. */
export interface Candidates {
  readonly tokens: ReadonlyArray<number>
  readonly probabilities: ReadonlyArray<number>
}

/** Sign and magnitude of a single-precision number as an unsigned integer that grows with it. */
const ordinal = (word: number): number => (word < 0 ? ~word : word | 0x80000000) >>> 0

/** More tokens than a vocabulary has; times 2^32 they are still whole numbers of double precision. */
const tokensAtMost = 2 ** 21

/** Tokens, likeliest first, equal ones by id: sorted as numbers whose high bits are the logit, low ones the token. */
const ranked = (logits: Float32Array): ReadonlyArray<number> => {
  const numbers = new Float32Array(logits.length)
  // adding zero makes zeros of either sign one
  for (let token = 0; token < numbers.length; token++) numbers[token] = logits[token]! + 0 // in range by the loop
  const words = new Int32Array(numbers.buffer)
  const keys = new Float64Array(words.length)
  for (let token = 0; token < keys.length; token++)
    keys[token] = (0xffffffff - ordinal(words[token]!)) * tokensAtMost + token // in range by the loop
  keys.sort()
  const tokens = new Array<number>(keys.length)
  for (let rank = 0; rank < keys.length; rank++) tokens[rank] = keys[rank]! % tokensAtMost // in range by the loop
  return tokens
}

/** What may be drawn from these logits, with settings that `refusal` has nothing against. */
export const candidates = (
  logits: Float32Array, { temperature, topK = logits.length, topP = 1 }: Sampling
): Candidates => {
  const at = (token: number): number => logits[token] ?? -Infinity
  const order = ranked(logits)
  if (temperature === 0) return { tokens: order.slice(0, 1), probabilities: [1] }
  const tokens = order.slice(0, topK)
  const top = at(tokens[0] ?? 0)
  const weights = tokens.map((token) => Math.exp((at(token) - top) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let before = 0
  const kept = weights.findIndex((weight) => (before += weight) >= topP * total) + 1 || weights.length
  const mass = weights.slice(0, kept).reduce((sum, weight) => sum + weight, 0)
  return { tokens: tokens.slice(0, kept), probabilities: weights.slice(0, kept).map((weight) => weight / mass) }
}

/** The token whose stretch of [0, 1), in the order of the candidates, holds `uniform`. */
export const draw = ({ tokens, probabilities }: Candidates, uniform: number): number => {
  let before = 0
  const found = probabilities.findIndex((probability) => (before += probability) > uniform)
  return tokens[found] ?? tokens.at(-1) ?? 0
}

/** Why these settings mean nothing, if they do not. */
export const refusal = ({ temperature, topK = 1, topP = 1 }: Sampling): string | undefined => {
  if (!(temperature >= 0 && temperature < Infinity))
    return `temperature is a finite number of at least 0, not ${temperature}`
  if (!Number.isInteger(topK) || topK < 1) return `topK is a whole number of at least 1, not ${topK}`
  return topP > 0 && topP <= 1 ? undefined : `topP is above 0 and at most 1, not ${topP}`
}
