/** Loss curves while they grow, out of what the training of the main job says of itself. */
import type { Curve } from "../src/runtime/commands/run/curves.ts"
import type { Report } from "../src/methods/language/training/report.ts"
import type { News } from "./messages.ts"

/** The curves so far; a start has one from when its first loss is known. */
export interface Growing {
  readonly curves: () => ReadonlyArray<Curve>
  /** Whether the news changed a curve. */
  readonly hear: (news: News) => boolean
}

/** No curves yet. */
export const growing = (): Growing => {
  const curves: Array<{ readonly start: string; readonly initial: number; readonly history: Array<Report> }> = []
  let start = ""
  let before = NaN
  const hear = (news: News): boolean => {
    if (news.kind === "printed") return false
    const { path, name, label, current, figures } = news.work
    if (name === "starts") start = label
    if (path.at(-2) !== "starts") return false
    if (name === "perplexity" && news.kind === "closed") {
      before = Math.log(figures.perplexity ?? NaN)
      curves.push({ start, initial: before, history: [] })
      return true
    }
    const { loss, gradientNorm = NaN, learningRate = NaN, tokensPerSecond = NaN, heldOut } = figures
    if (name !== "training" || news.kind !== "changed" || loss === undefined) return false
    // a figure is kept until there is another, so only a new one is a judgement of this step
    const judged = heldOut === undefined || heldOut === before ? {} : { heldOut: { nats: heldOut, count: 1 } }
    before = heldOut ?? before
    curves.at(-1)?.history.push({ step: current, loss, gradientNorm, learningRate, tokensPerSecond, ...judged })
    return true
  }
  return { curves: () => curves, hear }
}
