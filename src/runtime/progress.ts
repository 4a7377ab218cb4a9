/**
 * Draws tracked work on a terminal: bars with rate and time left, redrawn in place on a TTY, sparse plain lines
 * elsewhere. However the work ends, the bars are wiped, the cursor is shown again, and one line a piece is left.
 */
import { Effect, Layer } from "effect"
import { type Observer, type Outcome, Progress, silent, type Tracked } from "../core/progress.ts"
import { duration, quantity } from "./figures.ts"

/** What a renderer needs of a stream; `process.stderr` is one. */
export interface Screen {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** How often to draw (milliseconds between two frames or two plain lines), and the clock to measure it by. */
export interface Pace {
  readonly frame: number
  readonly line: number
  readonly now: () => number
}

const usual: Pace = { frame: 100, line: 10_000, now: () => performance.now() }

const hideCursor = "\u001b[?25l"
const showCursor = "\u001b[?25h"
const wipeBelow = "\u001b[0J"
const up = (lines: number): string => (lines === 0 ? "\r" : `\r\u001b[${lines}A`)

/** Works deeper than this leave no line when they are done. */
const remembered = 2

interface Open {
  readonly opened: number
  readonly first: { readonly at: number; readonly current: number } | undefined
  readonly work: Tracked
}

const figuresOf = ({ figures }: Tracked): string =>
  Object.entries(figures).map(([name, value]) => `${name} ${quantity(value)}`).join("  ")

const count = ({ current, total, unit }: Tracked): string =>
  total === undefined
    ? current === 0 ? "" : `${quantity(current)} ${unit}`.trim()
    : `${quantity(current)}/${quantity(total)} ${unit}`.trim()

const pace = ({ first, work }: Open, now: number): string => {
  if (first === undefined || work.current <= first.current || now <= first.at) return ""
  const perSecond = (1000 * (work.current - first.current)) / (now - first.at)
  const left = work.total === undefined ? undefined : (work.total - work.current) / perSecond
  const rate = `${quantity(perSecond)}/s`
  return left === undefined || left <= 0 ? rate : `${rate}  ${duration(left)} left`
}

const bar = ({ current, total }: Tracked, width: number): string => {
  if (total === undefined || total <= 0) return ""
  const eighths = Math.round(Math.min(1, Math.max(0, current / total)) * width * 8)
  const full = "█".repeat(Math.floor(eighths / 8))
  const part = eighths % 8 === 0 ? "" : String.fromCodePoint(0x2590 - (eighths % 8))
  return `${full}${part}`.padEnd(width, "░")
}

const joined = (...parts: ReadonlyArray<string>): string => parts.filter((part) => part !== "").join("  ")

const indent = ({ path }: Tracked): string => "  ".repeat(path.length - 1)

const marks: Readonly<Record<Outcome, string>> = { done: "✓", failed: "✗", interrupted: "■" }

/** An observer that draws on `screen`, and `end`, which wipes what is still drawn. */
export const drawing = (screen: Screen, { frame, line, now }: Pace = usual): {
  readonly observer: Observer
  readonly end: () => void
} => {
  const live = screen.isTTY === true
  const open = new Map<number, Open>()
  let drawn = 0
  let last = -Infinity

  const fitted = (text: string): string => {
    const characters = [...text]
    const columns = Math.max(1, (screen.columns || 80) - 1)
    return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join("")}…`
  }
  const status = (entry: Open): string => {
    const { work } = entry
    const head = `${indent(work)}${work.name}`
    return joined(head.padEnd(16), bar(work, 12), count(work), pace(entry, now()), figuresOf(work), work.label)
  }
  const redraw = (above = ""): void => {
    const lines = [...open.values()].map((entry) => `${fitted(status(entry))}\n`)
    screen.write(`${drawn > 0 ? up(drawn) : ""}${wipeBelow}${above}${lines.length > 0 ? hideCursor : ""}${lines.join("")}`)
    drawn = lines.length
    last = now()
  }
  const settle = (above: string): void => {
    redraw(above)
    if (open.size === 0) screen.write(showCursor)
  }

  const observer: Observer = {
    opened: (work) => {
      open.set(work.id, { opened: now(), first: undefined, work })
      if (live) redraw()
    },
    changed: (work) => {
      const entry = open.get(work.id)
      if (entry === undefined) return
      const first = entry.first ?? (work.current > 0 ? { at: now(), current: work.current } : undefined)
      open.set(work.id, { opened: entry.opened, first, work })
      if (live) {
        if (now() - last >= frame) redraw()
      } else if (now() - Math.max(last, entry.opened) >= line) {
        last = now()
        screen.write(`${joined(work.path.join(" > "), count(work), pace({ ...entry, first, work }, now()),
          figuresOf(work), work.label)}\n`)
      }
    },
    closed: (work, outcome) => {
      const entry = open.get(work.id)
      open.delete(work.id)
      if (entry === undefined) return
      const took = duration((now() - entry.opened) / 1000)
      const left = joined(`${indent(work)}${marks[outcome]} ${work.name}`, count(work), took, figuresOf(work), work.label)
      const kept = work.path.length <= remembered ? `${fitted(left)}\n` : ""
      if (live) settle(kept)
      else if (kept !== "") screen.write(kept)
    }
  }
  const end = (): void => {
    const pending = open.size > 0
    open.clear()
    if (live && pending) settle("")
  }
  return { observer, end }
}

/**
 * Progress drawn on `screen` (standard error when left out). The screen is left clean when the layer's scope closes,
 * and when the process exits without closing it.
 */
export const layer = (screen: Screen = process.stderr): Layer.Layer<never> =>
  Layer.effect(Progress, Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const { observer, end } = drawing(screen)
        process.once("exit", end)
        return { observer, end }
      }),
      ({ end }) => Effect.sync(() => {
        end()
        process.removeListener("exit", end)
      })
    ),
    ({ observer }) => observer
  ))

/** Progress that nobody sees. */
export const layerSilent: Layer.Layer<never> = Layer.succeed(Progress, silent)
