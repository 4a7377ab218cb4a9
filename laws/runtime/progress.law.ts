import * as fc from "fast-check"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { Progress, tracked } from "../../src/core/progress.ts"
import { drawing, type Screen } from "../../src/runtime/progress.ts"

const pieces = /\u001b\[(\d+)A|\u001b\[\?25([hl])|\u001b\[0J|\n|\r|[^\u001b\n\r]+/g

/** As much of a terminal as the renderer speaks to: lines, cursor up, wipe below, cursor hidden or shown. */
const terminal = (columns: number) => {
  const lines = [""]
  let row = 0
  let cursor = true
  const write = (text: string): void => {
    for (const [piece = "", moved, hidden] of text.matchAll(pieces)) {
      if (moved !== undefined) row = Math.max(0, row - Number(moved))
      else if (hidden !== undefined) cursor = hidden === "h"
      else if (piece === "\u001b[0J") lines.splice(row, Infinity, "")
      else if (piece === "\n") lines[++row] ??= ""
      else if (piece !== "\r") lines[row] = (lines[row] ?? "") + piece
    }
  }
  return { screen: { isTTY: true, columns, write } satisfies Screen, seen: () => ({ lines, cursor }) }
}

type Renderer = typeof drawing

const name = fc.string({ minLength: 1, maxLength: 60, unit: "grapheme-ascii" })
const works = fc.array(fc.record({ name, inside: fc.array(name, { maxLength: 3 }), fails: fc.boolean() }))

const leavesOneLineEach = (render: Renderer) =>
  fc.property(works, fc.integer({ min: 20, max: 200 }), (plans, columns) => {
    const { screen, seen } = terminal(columns)
    let time = 0
    const { observer, end } = render(screen, { frame: 10, line: 10, now: () => (time += 7) })
    const program = Effect.forEach(plans, ({ name, inside, fails }) =>
      Effect.ignore(tracked({ name, total: inside.length }, (tracker) => Effect.gen(function* () {
        for (const part of inside) {
          yield* tracked({ name: part }, (own) => own.advance(3, { figures: { loss: 0.5 } }))
          yield* tracker.advance(1, { label: part })
        }
        if (fails) yield* Effect.fail("as planned")
      }))))
    Effect.runSync(Effect.provideService(program, Progress, observer))
    end()
    const { lines, cursor } = seen()
    const finished = plans.reduce((sum, { inside }) => sum + 1 + inside.length, 0)
    expect(lines.filter((line) => line !== "")).toHaveLength(finished)
    expect(lines.every((line) => [...line].length < columns)).toBe(true)
    expect(cursor).toBe(true)
  })

describe("progress on a terminal", () => {
  it("leaves one line for each finished work, none wider than the screen, and the cursor shown", () =>
    fc.assert(leavesOneLineEach(drawing)))

  it("leaves a clean screen when it ends in the middle of work", () => {
    const { screen, seen } = terminal(80)
    const { observer, end } = drawing(screen, { frame: 0, line: 0, now: () => 0 })
    const work = { id: 1, path: ["train"], name: "train", unit: "step", total: 9, current: 0, label: "", figures: {} }
    observer.opened({ ...work, started: 0 })
    observer.changed({ ...work, current: 4, started: 0 })
    expect(seen()).toMatchObject({ cursor: false })
    expect(seen().lines[0]).toContain("4/9 step")
    end()
    expect(seen()).toEqual({ lines: [""], cursor: true })
  })

  it("writes plain lines, without any escape, where there is no terminal", () => {
    const written: Array<string> = []
    let time = 0
    const pace = { frame: 1, line: 50, now: () => (time += 1) }
    const { observer, end } = drawing({ write: (text) => written.push(text) }, pace)
    const program = tracked({ name: "train", total: 100, unit: "step" }, (tracker) =>
      Effect.forEach(Array.from({ length: 100 }), () => tracker.advance(1, { figures: { loss: 2.5 } })))
    Effect.runSync(Effect.provideService(program, Progress, observer))
    end()
    expect(written.join("")).not.toContain("\u001b")
    expect(written.length).toBeLessThan(15)
    expect(written.at(-1)).toMatch(/^✓ train {2}100\/100 step .*loss 2\.5\n$/)
  })

  it("is broken by a renderer that forgets how many lines it drew", () => {
    const forgetful: Renderer = (screen, pace) =>
      drawing({ ...screen, write: (text) => screen.write(text.replace(/\u001b\[\d+A/g, "")) }, pace)
    expect(fc.check(leavesOneLineEach(forgetful)).failed).toBe(true)
  })
})
