import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { examples } from "../../page/examples.ts"
import type { Page } from "./chromium.ts"
import { chromium } from "./chromium.ts"
import type { Site } from "./site.ts"
import { click, fill, serveSite, textOf } from "./site.ts"

const lines = (class_: string): string =>
  `[...document.querySelectorAll("#output article:last-child pre.${class_}")].map((line) => line.innerText)`

const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

describe.runIf(chromium !== undefined)("the page, in a browser without WebGPU", { timeout: 180_000 }, () => {
  let site: Site
  let page: Page

  beforeAll(async () => {
    site = await serveSite()
    page = await site.open()
  }, 300_000)
  afterAll(async () => {
    await page?.close()
    await site?.close()
  })

  let entries = 0
  /** Types code, runs it by Shift-Enter, and gives the text of its output. */
  const play = async (code: string): Promise<{ ended: string, value: string, failed: string, printed: string }> => {
    await page.value(fill("#code", code))
    await page.value("document.querySelector('#code').focus()")
    const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, modifiers: 8 }
    await page.command("Input.dispatchKeyEvent", { type: "keyDown", ...key })
    await page.command("Input.dispatchKeyEvent", { type: "keyUp", ...key })
    entries += 1
    await page.until(`document.querySelectorAll("#output article[data-ended]").length === ${entries}`)
    const part = async (kind: string) => (await page.value<ReadonlyArray<string>>(lines(kind))).join("\n")
    return {
      ended: await page.value("document.querySelector('#output article:last-child').dataset.ended"),
      value: await part("value"), failed: await part("failed"), printed: await part("printed")
    }
  }

  it("is isolated, and offers threads", async () => {
    expect(await page.value("crossOriginIsolated")).toBe(true)
    expect(await page.value("Number(document.querySelector('#threads').value)"))
      .toBe(Math.min(8, await page.value("navigator.hardwareConcurrency")))
  })

  it("greys webgpu out, and says why", async () => {
    expect(await page.value("document.querySelector('#backend-webgpu').disabled")).toBe(true)
    expect(await page.value(textOf("label[for=backend-webgpu] small"))).toMatch(/adapter|navigator\.gpu/)
    expect(await page.value("document.querySelector('#backend-cpu').checked")).toBe(true)
  })

  it("has one thread where its server does not isolate it, says why, and computes", async () => {
    const shared = await site.open({ isolated: false })
    try {
      expect(await shared.value("crossOriginIsolated")).toBe(false)
      expect(await shared.value("document.querySelector('#threads').disabled")).toBe(true)
      expect(await shared.value(textOf("#alone"))).toMatch(/headers/)
      await shared.value(fill("#code", "algebra.evaluate(algebra.iota('f32', 'time', 3))"))
      await shared.value(click("#run-code"))
      await shared.until(`(${textOf("#output pre.value")}).includes("0  1  2")`)
    } finally {
      await shared.close()
    }
  })

  it("runs what its examples say", async () => {
    const shown = []
    for (const { code } of examples) shown.push(await play(code))
    const [attention, gradient, text] = shown
    expect(attention?.printed).toMatch(/contract\(.*\) over model/)
    expect(attention?.printed).toMatch(/operations: \d+/)
    const rows = attention?.value.split("\n").slice(1).map((row) => row.split(/ {2,}/).slice(1).map(Number)) ?? []
    expect(rows).toHaveLength(6)
    rows.forEach((row, time) => {
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 3)
      expect(row.slice(time + 1).every((weight) => weight === 0)).toBe(true)
    })
    const fitted = gradient?.value.match(/[\d.]+(?=[, ])/g)?.map(Number) ?? []
    expect(fitted).toHaveLength(2)
    expect(fitted[0]).toBeCloseTo(2, 4)
    expect(fitted[1]).toBeCloseTo(3, 4)
    expect(text?.value).toMatch(/^'.{40,}'$/)
  })

  it("keeps names from one input to the next, and waits at the top level", async () => {
    expect((await play("const four = await run(Effect.succeed(4))")).value).toBe("")
    expect((await play("const [a, { b }] = [1, { b: 2 }]\nfour + a + b")).value).toBe("7")
    expect((await play("algebra.iota('f32', 'time', four)")).value).toContain("f32 over time 4, by iota")
  })

  it("says errors in one line, whoever makes them", async () => {
    expect((await play("1 +")).failed).toMatch(/^SyntaxError: .*\(1:3\)$/)
    expect((await play("nobody")).failed).toBe("ReferenceError: nobody is not defined")
    const contraction = "algebra.contract(algebra.iota('f32', 'a', 4), algebra.iota('f32', 'a', 5), 'a')"
    expect((await play(contraction)).failed).toMatch(/^ShapeError: contract: .*4.*5/)
    expect((await play("language.Checkpoint.open('models/other')")).failed).toMatch(/NotFound|models\/other/)
    expect((await play("import 'x'")).failed).toMatch(/in scope/)
  })

  it("interrupts an Effect that runs, and says what its finalizers print", async () => {
    await page.value(fill("#code", "Effect.never.pipe(Effect.onInterrupt(() => Console.log('let go')))"))
    await page.value(click("#run-code"))
    await page.until(`${textOf("#run-code")} === "Stop"`)
    await page.value(click("#run-code"))
    entries += 1
    await page.until(`document.querySelectorAll("#output article[data-ended=stopped]").length === 1`)
    expect(await page.value(lines("printed"))).toEqual(["let go"])
    expect((await play("four")).value).toBe("4")
  })

  it("ends a worker that does not listen, and stays usable", async () => {
    await page.value(fill("#code", "for (;;) {}"))
    await page.value(click("#run-code"))
    await page.until(`${textOf("#run-code")} === "Stop"`)
    await page.value(click("#run-code"))
    entries += 1
    await page.until(`document.querySelectorAll("#output article[data-ended=stopped]").length === 2`)
    expect((await play("algebra.evaluate(algebra.iota('f32', 'time', 3))")).value).toContain("0  1  2")
    expect((await play("four")).failed).toContain("four is not defined")
  })

  it("fits a phone, and nothing was complained of", async () => {
    const phone = { width: 360, height: 740, deviceScaleFactor: 1, mobile: false }
    await page.command("Emulation.setDeviceMetricsOverride", phone)
    expect(await page.value(overflow)).toBe(0)
    expect(page.complaints).toEqual([])
  })

  it("would not be said to fit, were it wider", async () => {
    await page.value(`document.body.insertAdjacentHTML("beforeend", "<p style='width: 900px'>wide</p>")`)
    expect(await page.value(overflow)).toBeGreaterThan(500)
  })
})
