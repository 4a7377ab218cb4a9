/** How much the experiment does: enough to see every part in a few minutes, or what the results were made with. */

/** How an adapter is trained. */
export interface Learning {
  readonly rank: number
  readonly steps: number
  /** Steps between two looks at the adapter; the steps are a multiple of it. */
  readonly every: number
  readonly batch: number
  readonly time: number
  readonly peak: number
}

/** Prompts of a kind, tokens in each, and tokens that each is continued by. */
export interface Prompts {
  readonly count: number
  readonly length: number
  readonly tokens: number
}

export interface Size {
  readonly masks: number
  /** The model's own texts to learn from, of each kind, and tokens of each that are given. */
  readonly own: { readonly texts: number, readonly given: number }
  /** The adapter of each kind of text. */
  readonly main: { readonly records: Learning, readonly prose: Learning }
  /** Every run of the ablations. */
  readonly ablation: Learning
  readonly ranks: ReadonlyArray<number>
  /** Windows of held-out text that adapters are looked at on. */
  readonly watched: { readonly batch: number, readonly time: number }
  /** Texts on which tokens a step are counted, those compared with plain greedy decoding, and those that are timed. */
  readonly counted: Prompts
  readonly compared: Prompts
  readonly timed: Prompts
  /** Factors by which the model is widened to time larger ones. */
  readonly widths: ReadonlyArray<number>
}

export const brief: Size = {
  masks: 4,
  own: { texts: 64, given: 16 },
  main: {
    records: { rank: 16, steps: 40, every: 20, batch: 4, time: 48, peak: 6e-3 },
    prose: { rank: 16, steps: 40, every: 20, batch: 4, time: 48, peak: 6e-3 }
  },
  ablation: { rank: 4, steps: 10, every: 5, batch: 2, time: 32, peak: 6e-3 },
  ranks: [1, 4],
  watched: { batch: 4, time: 32 },
  counted: { count: 4, length: 16, tokens: 48 },
  compared: { count: 4, length: 16, tokens: 48 },
  timed: { count: 2, length: 16, tokens: 48 },
  widths: [1, 2]
}

export const full: Size = {
  masks: 8,
  own: { texts: 2048, given: 16 },
  main: {
    records: { rank: 32, steps: 1200, every: 300, batch: 4, time: 64, peak: 6e-3 },
    prose: { rank: 32, steps: 240, every: 80, batch: 4, time: 64, peak: 6e-3 }
  },
  ablation: { rank: 16, steps: 120, every: 40, batch: 2, time: 64, peak: 6e-3 },
  ranks: [1, 4, 16, 64, 128],
  watched: { batch: 8, time: 64 },
  counted: { count: 32, length: 16, tokens: 104 },
  compared: { count: 84, length: 16, tokens: 104 },
  timed: { count: 6, length: 16, tokens: 64 },
  widths: [1, 2, 4]
}
