/** Progress as the page draws it: a line for each piece of work, with a bar where its end is known. */
import { duration, quantity } from "../src/runtime/figures.ts"
import type { Tracked } from "../src/core/progress.ts"
import { element } from "./element.ts"
import type { News } from "./messages.ts"

const marks = { done: "✓", failed: "✗", interrupted: "■" } as const
/** Works deeper than this leave no line when they are done. */
const remembered = 2
/** Milliseconds from which a rate is told. */
const settled = 300

const said = ({ current, total, unit, figures, label }: Tracked, seconds: number): string => {
  const count = total === undefined
    ? current === 0 ? "" : `${quantity(current)} ${unit}`
    : `${unit} ${quantity(current)} of ${quantity(total)}`
  const left = total !== undefined && current > 0 && current < total && seconds * 1000 > settled
    ? `${duration(seconds * (total - current) / current)} left` : ""
  const loss = Object.entries(figures).filter(([name]) => name !== "tokensPerSecond" && name !== "learningRate")
    .map(([name, value]) => `${name} ${quantity(value)}`)
  return [label, count, left, ...loss].map((part) => part.trim()).filter((part) => part !== "").join(" · ")
}

interface Line {
  readonly line: HTMLElement
  readonly bar: HTMLProgressElement
  readonly text: HTMLElement
}

/** Draws into a list, which it empties. */
export const draw = (list: HTMLElement): (news: News) => void => {
  list.replaceChildren()
  const lines = new Map<number, Line>()
  const seconds = ({ started }: Tracked): number => (Date.now() - started) / 1000
  const tell = (work: Tracked, text: string): void => {
    const shown = lines.get(work.id)
    if (shown === undefined) return
    shown.text.textContent = text
    if (work.total === undefined) return
    shown.bar.max = work.total
    shown.bar.value = work.current
  }
  return (news) => {
    if (news.kind === "printed") return
    const { work } = news
    if (news.kind === "opened") {
      const bar = element("progress")
      const text = element("span", { class: "said" })
      const line = element("li", {}, element("span", { class: "name" }, work.name), bar, text)
      line.style.setProperty("--depth", String(work.path.length - 1))
      lines.set(work.id, { line, bar, text })
      list.append(line)
    }
    if (news.kind !== "closed") return tell(work, said(work, seconds(work)))
    const { line, bar } = lines.get(work.id) ?? {}
    if (work.path.length > remembered) line?.remove()
    else {
      bar?.remove()
      line?.classList.add(news.outcome)
      tell(work, [`${marks[news.outcome]} ${duration(seconds(work))}`, said({ ...work, label: "" }, 0)]
        .filter((part) => part !== "").join(" · "))
    }
    lines.delete(work.id)
  }
}
