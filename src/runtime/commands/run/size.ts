/**
 * How much the main job does: enough to see everything within three minutes on two cores, or the paper's comparison.
 */

export interface Size {
  /** Factor of the growth, in all parts; the paper's is 2. */
  readonly width: number
  /** Held-out tokens whose perplexity and logits are looked at. */
  readonly heldOut: number
  readonly compared: number
  /** Prompts, their length, and how many tokens each is continued by. */
  readonly prompts: { readonly count: number; readonly length: number; readonly tokens: number }
  readonly training: {
    readonly steps: number
    readonly batch: number
    readonly time: number
    /** The peak learning rate, the same for every start, as in the paper. */
    readonly peak: number
    /** Steps between two evaluations, and held-out tokens of each. */
    readonly evaluateEvery: number
    readonly evaluated: number
  }
}

export const brief: Size = {
  width: 2,
  heldOut: 20_000,
  compared: 2_048,
  prompts: { count: 8, length: 16, tokens: 48 },
  training: { steps: 300, batch: 6, time: 64, peak: 5e-4, evaluateEvery: 25, evaluated: 2_048 }
}

export const full: Size = {
  width: 2,
  heldOut: 90_000,
  compared: 16_384,
  prompts: { count: 32, length: 16, tokens: 96 },
  training: { steps: 5_000, batch: 8, time: 128, peak: 2e-3, evaluateEvery: 125, evaluated: 16_384 }
}
