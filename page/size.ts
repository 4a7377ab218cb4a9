/** How much the main job does in a page: about a minute on the cpu backend, most of it in the steps of training. */
import type { Size } from "../src/runtime/commands/run/size.ts"
import { brief } from "../src/runtime/commands/run/size.ts"

/** What a visitor sets. */
export interface Effort {
  /** Steps of training from each start. */
  readonly steps: number
  /** Held-out tokens whose perplexity is measured; logits and losses are looked at on fewer of them. */
  readonly tokens: number
}

/** The size of the job; whatever is not set is that of `noether run`, or a part of it. */
export const sized = ({ steps, tokens }: Effort): Size => ({
  ...brief,
  heldOut: tokens,
  compared: Math.min(tokens, 1_024),
  prompts: { count: 4, length: 16, tokens: 32 },
  training: {
    ...brief.training,
    steps,
    evaluateEvery: Math.max(1, Math.round(steps / 12)),
    evaluated: Math.min(tokens, brief.training.evaluated)
  }
})
