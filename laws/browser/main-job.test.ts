import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sized } from "../../page/size.ts"
import { layerWith } from "../../src/algebra/backends/cpu/index.ts"
import type { Report } from "../../src/core/document.ts"
import { findings } from "../../src/runtime/commands/run/findings.ts"
import { study } from "../../src/runtime/commands/run/study.ts"
import { embedded } from "../../src/runtime/embedded.ts"
import type { Page } from "./chromium.ts"
import { chromium } from "./chromium.ts"
import type { Site } from "./site.ts"
import { click, fill, serveSite, textOf } from "./site.ts"

const effort = { steps: 2, tokens: 128 }
const seed = 3

/** The same job in Node. */
const inNode = Effect.gen(function*() {
  const size = sized(effort)
  return findings(yield* study(embedded, size, seed), size, { backend: "cpu", seed }).report
}).pipe(Effect.provide(Layer.merge(layerWith({ threads: 1 }), NodeServices.layer)))

/** Starts the main job of a page on a backend. */
const start = async (page: Page, backend: string, { steps, tokens } = effort): Promise<void> => {
  await page.value(click(`#backend-${backend}`))
  for (const [field, value] of Object.entries({ steps, tokens, seed })) await page.value(fill(`#${field}`, value))
  await page.value(click("#run-job"))
}

const status = textOf("#job-status")

/** Runs it to its end, and gives the document that it offers to save. */
const perform = async (page: Page, backend: string, seconds: number): Promise<Report> => {
  await start(page, backend)
  await page.until(`(${status}) !== ""`, seconds)
  expect(await page.value(status)).toBe("done")
  return page.value(`fetch(document.querySelector("a[download='figures.json']").href).then((file) => file.json())`)
}

const value = ({ figures }: Report, name: string): number =>
  figures.find((figure) => figure.name === name)?.value ?? NaN

/** That two reports found the same, where that does not hang on the order of sums. */
const expectSame = (found: Report, expected: Report): void => {
  expect(found.figures.map(({ name }) => name)).toEqual(expected.figures.map(({ name }) => name))
  for (const text of ["prose", "records"]) {
    const name = `perplexity of the source on held-out ${text}`
    expect(Math.abs(value(found, name) - value(expected, name))).toBeLessThan(1e-4)
  }
  const looked = ({ laws }: Report) => laws.map(({ name, cases }) => [name, cases])
  expect(looked(found)).toEqual(looked(expected))
  for (const { name } of found.figures.filter(({ name }) => name.startsWith("final held-out loss")))
    expect(Math.abs(value(found, name) - value(expected, name))).toBeLessThan(1e-3)
}

/** What the page shows of a job that held: every law, and three curves of which the random start's falls. */
const expectShown = async (page: Page, { laws, figures }: Report): Promise<void> => {
  expect(laws).toHaveLength(8)
  expect(laws.filter(({ holds }) => !holds)).toEqual([])
  expect(figures.filter(({ value }) => !Number.isFinite(value))).toEqual([])
  expect(await page.value("document.querySelectorAll('#findings td.holds').length")).toBe(8)
  expect(await page.value("document.querySelectorAll('#findings figure svg').length")).toBe(2)
  const rows = await page.value<ReadonlyArray<ReadonlyArray<string>>>(
    `[...document.querySelectorAll("#findings section:last-of-type tbody tr")]
      .map((row) => [...row.cells].map((cell) => cell.innerText))`)
  expect(rows.map(([start]) => start)).toEqual(["grown, symmetric", "grown, noisy symmetric", "random"])
  const [, , [, before, after] = []] = rows
  expect(Number(after)).toBeLessThan(Number(before))
  expect(page.complaints).toEqual([])
}

describe.runIf(chromium !== undefined)("the main job in a browser", { timeout: 1_200_000 }, () => {
  let site: Site
  let expected: Report

  beforeAll(async () => {
    expected = await Effect.runPromise(inNode)
    site = await serveSite()
  }, 300_000)
  afterAll(() => site?.close())

  it("finds on cpu what it finds in Node", async () => {
    const page = await site.open()
    try {
      const found = await perform(page, "cpu", 300)
      expectSame(found, expected)
      await expectShown(page, found)
      const wrong = { ...found, figures: found.figures.map((figure) => ({ ...figure, value: figure.value * 1.00001 })) }
      expect(() => expectSame(wrong, expected)).toThrow()
    } finally {
      await page.close()
    }
  })

  it("stops in the midst of training, and leaves the page usable", async () => {
    const page = await site.open()
    try {
      await start(page, "cpu", { steps: 500, tokens: 128 })
      await page.until(`/step [2-9] of 500/.test(${textOf("#progress")})`, 240)
      expect(await page.value("document.querySelectorAll('#curves svg').length")).toBe(2)
      expect(await page.value("document.querySelector('#run-code').disabled")).toBe(true)
      await page.value(click("#run-job"))
      await page.until(`(${status}) === "stopped before the end"`)
      expect(await page.value(textOf("#progress"))).toContain("■")
      await page.value(fill("#code", "6 * 7"))
      await page.value(click("#run-code"))
      await page.until(`(${textOf("#output pre.value")}) === "42"`)
    } finally {
      await page.close()
    }
  })

  it("finds on webgpu what it finds in Node, within rounding", async () => {
    const page = await site.open({ webgpu: true })
    try {
      expect(await page.value(textOf("label[for=backend-webgpu] small"))).not.toMatch(/adapter/)
      const found = await perform(page, "webgpu", 900)
      expect(found.backend).toBe("webgpu")
      expectSame(found, expected)
      await expectShown(page, found)
      await page.value(click("#run-job"))
      await page.until(`/step [12] of/.test(${textOf("#progress")})`, 240)
      await page.value(click("#run-job"))
      // a step of a software adapter may outlast the page's patience, and then goes with its worker
      await page.until(`(${status}).startsWith("stopped")`)
      await page.value(fill("#code", "algebra.evaluate(algebra.iota('f64', 'time', 3))"))
      await page.value(click("#run-code"))
      await page.until(`(${textOf("#output pre.failed")}).startsWith("UnsupportedDType: the backend webgpu has no f64")`)
    } finally {
      await page.close()
    }
  })
})
