/**
 * What an overlap costs: how often phase estimation must be repeated until the ground state has been seen, how many
 * rounds amplitude amplification takes in place of that (Lin and Tong, Quantum 4, 372 (2020), up to logarithms), and
 * how long each run evolves, which is inverse in the error of the energy (Heisenberg's limit).
 */

export interface CostRequest {
  /** p0, the squared overlap of the guiding state with the ground state. */
  readonly overlap: number
  /** lambda: the sum of the moduli of the Hamiltonian's Pauli coefficients, in Ha. */
  readonly oneNorm: number
  /** Error of the energy, in Ha; chemical accuracy, 1.6e-3, when left out. */
  readonly error?: number
  /** Chance never to see the ground state; 0.01 when left out. */
  readonly failure?: number
}

export interface Cost {
  /** Runs after which the ground state has been seen but for the chance of failure: ln(failure) / ln(1 - p0). */
  readonly repetitions: number
  /** 1 / p0: runs until it is seen, on average. */
  readonly expected: number
  /** 1 / sqrt(p0): rounds of amplification. */
  readonly rounds: number
  /** lambda / error: uses of the Hamiltonian's block encoding in one run. */
  readonly queries: number
  /** Bits of the phase that resolve the error within [-lambda, lambda]. */
  readonly bits: number
  /** Queries of all repetitions, and of one amplified run. */
  readonly repeated: number
  readonly amplified: number
}

/** Chemical accuracy, 1 kcal/mol, in Ha. */
export const chemicalAccuracy = 1.6e-3

/** An overlap below this is rounding. */
const none = 1e-14

/** The cost of finding the ground state from a guiding state. Without overlap it is infinite. */
export const costOf = ({ overlap: given, oneNorm, error = chemicalAccuracy, failure = 0.01 }: CostRequest): Cost => {
  const overlap = given < none ? 0 : given
  const repetitions = overlap >= 1 ? 1 : Math.max(1, Math.ceil(Math.log(failure) / Math.log1p(-overlap)))
  const rounds = 1 / Math.sqrt(overlap)
  const queries = oneNorm / error
  return {
    repetitions, expected: 1 / overlap, rounds, queries,
    bits: Math.max(1, Math.ceil(Math.log2(2 * oneNorm / error))),
    repeated: repetitions * queries,
    amplified: rounds * queries
  }
}
