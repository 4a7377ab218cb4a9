import * as fc from "fast-check"
import { Effect, Exit } from "effect"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { parseHTML } from "linkedom"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { duration, quantity, table } from "../../src/runtime/figures.ts"
import { chart } from "../../src/runtime/report/chart.ts"
import type { Plot } from "../../src/runtime/report/content.ts"
import { report, type ReportContent, writeReport } from "../../src/runtime/report/report.ts"

const text = fc.string({ unit: "grapheme-ascii", minLength: 1 }).map((words) => words.trim() || "x")
const values = fc.oneof(
  { weight: 5, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }) },
  { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) }
)

const plots: fc.Arbitrary<Plot> = fc.record({
  title: text,
  x: text,
  y: text,
  series: fc.array(fc.record({ name: text, points: fc.array(fc.tuple(fc.nat(1000), values), { maxLength: 20 }) }),
    { maxLength: 4 }),
  logY: fc.boolean()
})

const contents: fc.Arbitrary<ReportContent> = fc.record({
  title: text,
  summary: text,
  ran: fc.dictionary(text, text, { maxKeys: 3 }),
  laws: fc.array(fc.record({
    name: text, holds: fc.boolean(), worst: values, tolerance: fc.double({ noNaN: true }), cases: fc.nat()
  }), { maxLength: 3 }),
  figures: fc.array(fc.record({
    name: text, value: values, unit: text, source: fc.constantFrom("measured" as const, "paper" as const)
  }), { maxLength: 3 }),
  plots: fc.array(plots, { maxLength: 2 }),
  tables: fc.array(fc.record({
    title: text, heading: fc.constant(["a", "b"]), rows: fc.array(fc.tuple(text, text), { maxLength: 3 })
  }), { maxLength: 2 })
})

type Render = typeof report

const rows = (html: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...parseHTML(html).document.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("td")].map((cell) => cell.textContent ?? ""))

const saysAll = (render: Render) =>
  fc.property(contents, (content) => {
    const html = render(content)
    const { document } = parseHTML(html)
    expect(document.querySelector("h1")?.textContent).toBe(content.title)
    const first = rows(html).map(([name]) => name)
    const named = [...content.laws, ...content.figures].map(({ name }) => name)
    expect(first).toEqual([...named, ...(content.tables ?? []).flatMap(({ rows }) => rows.map(([cell]) => cell))])
    expect(document.querySelectorAll("figure")).toHaveLength(content.plots?.length ?? 0)
    expect(document.querySelectorAll("script, link, img, iframe")).toHaveLength(0)
    expect(html).not.toMatch(/NaN,|,NaN|undefined/)
  })

describe("a report", () => {
  it("says every law, figure and table in its own words, and asks the network for nothing", () =>
    fc.assert(saysAll(report), { numRuns: 40 }))

  it("marks what the paper says apart from what was measured", () => {
    const figures = [
      { name: "a", value: 1, unit: "s", source: "measured" as const },
      { name: "b", value: 2, unit: "", source: "paper" as const }
    ]
    const html = report({ title: "t", summary: "s", ran: {}, laws: [], figures })
    expect(rows(html)).toEqual([["a", "1", "s", "measured here"], ["b", "2", "", "from the paper"]])
  })

  it("would be broken by text that is put in as it is", () => {
    const raw: Render = (content) => report({ ...content, title: "" }).replace("<h1></h1>", `<h1>${content.title}</h1>`)
    expect(fc.check(saysAll(raw), { numRuns: 300 }).failed).toBe(true)
  })
})

describe("writing a report", () => {
  let folder = ""
  beforeAll(() => void (folder = mkdtempSync(path.join(tmpdir(), "report-"))))
  afterAll(() => rmSync(folder, { recursive: true }))
  const content = { title: "t", summary: "s", ran: {}, laws: [], figures: [] }

  it("makes the folder and leaves nothing but the file", () => {
    const file = path.join(folder, "deep", "report.html")
    expect(Effect.runSync(writeReport(file, content))).toBe(file)
    expect(readFileSync(file, "utf8")).toBe(report(content))
    expect(readdirSync(path.dirname(file))).toEqual(["report.html"])
  })

  it("is one error that names the file where it cannot be written", () => {
    writeFileSync(path.join(folder, "occupied"), "")
    const file = path.join(folder, "occupied", "report.html")
    const exit = Effect.runSyncExit(writeReport(file, content))
    expect(Exit.isFailure(exit) && String(exit.cause)).toContain("ReportNotWritten")
    expect(existsSync(file)).toBe(false)
  })
})

describe("a chart in text", () => {
  it("is as wide and as high as asked, whatever the points", () => {
    const sizes = fc.tuple(fc.integer({ min: 10, max: 90 }), fc.integer({ min: 4, max: 20 }))
    fc.assert(fc.property(plots, sizes, (plot, [columns, rows]) => {
      const drawn = chart(plot, { columns, rows }).split("\n").filter((line) => /[⠀-⣿]/.test(line))
      expect([0, rows]).toContain(drawn.length)
      expect(drawn.every((line) => [...line.replace(/^[^⠀-⣿]*/, "")].length === columns)).toBe(true)
    }))
  })

  it("rises from the lower left to the upper right where the numbers do", () => {
    const plot = { title: "t", x: "x", y: "y", series: [{ name: "s", points: [[0, 0], [1, 1]] as const }] }
    const drawn = chart(plot, { columns: 10, rows: 5 }).split("\n").slice(1, 6).map((line) => line.replace(/^[^⠀-⣿]*/, ""))
    expect(drawn[0]).toMatch(/^⠀+[⠁-⣿]+$/)
    expect(drawn[4]).toMatch(/^[⠁-⣿]+⠀+$/)
  })
})

describe("numbers for people", () => {
  it("are read back to four digits", () => {
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), (value) => {
      const read = Number(quantity(value).replaceAll(",", ""))
      expect(Math.abs(read - value)).toBeLessThanOrEqual(6e-3 * Math.abs(value))
    }))
  })

  it("never fall as a duration grows", () => {
    const parts = (shown: string) => shown.split(/[^\d.]+/).filter((part) => part !== "").map(Number)
    const units: Readonly<Record<string, number>> = { h: 3600, min: 60, s: 1 }
    const seconds = (shown: string) => parts(shown).reduce((sum, value, at) =>
      sum + value * (units[shown.match(/[a-z]+/g)?.[at] ?? ""] ?? NaN), 0)
    fc.assert(fc.property(fc.double({ min: 0, max: 1e5, noNaN: true }), (value) => {
      expect(Math.abs(seconds(duration(value)) - value)).toBeLessThanOrEqual(value < 3599 ? 0.51 : 60)
    }))
  })

  it("stand in columns of one width", () => {
    fc.assert(fc.property(fc.array(fc.tuple(text, fc.nat().map(String))), (cells) => {
      const [head = "", ...lines] = table(["name", "value"], cells).split("\n")
      const width = Math.max(head.length, ...lines.map((line) => line.length))
      expect(lines.slice(1).every((line) => line.length === width)).toBe(true)
    }))
  })
})
