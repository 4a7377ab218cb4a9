/**
 * States of a few determinants: of all superpositions of some, the one with their amplitudes in Psi has the largest
 * overlap with it, the sum of their weights (Cauchy and Schwarz). More determinants never have less.
 */
import type { State } from "../correlation/fci.ts"

/** The squared amplitudes of the heaviest determinants, falling, at most `most` of them. */
export const heaviest = ({ vector }: Pick<State, "vector">, most: number): Float64Array => {
  // amplitudes fall fast: those above a threshold are few enough to sort, and it falls until there are enough
  let found = Float64Array.of()
  const wanted = Math.min(most, vector.length)
  for (let least = 1e-4; found.length < wanted; least *= 1e-4) {
    found = vector.map((value) => value ** 2).filter((weight) => weight >= least || least < 1e-40)
  }
  return found.sort().reverse().slice(0, most)
}

/** The overlap that a superposition of the k heaviest determinants can have, for k = 1, 2, ... */
export const cumulative = (weights: Float64Array): Float64Array => {
  let sum = 0
  return weights.map((weight) => sum += weight)
}

/** How many determinants an overlap takes; undefined where those given do not reach it. */
export const determinantsFor = (cumulated: Float64Array, overlap: number): number | undefined => {
  const at = cumulated.findIndex((value) => value >= overlap)
  return at < 0 ? undefined : at + 1
}
