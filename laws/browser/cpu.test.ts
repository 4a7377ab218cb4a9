import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import os from "node:os"
import path from "node:path"
import { json } from "node:stream/consumers"
import { setTimeout as sleep } from "node:timers/promises"
import { Effect } from "effect"
import { build } from "vite"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { layerWith } from "../../src/algebra/backends/cpu/index.ts"
import { chromium } from "./chromium.ts"
import type { Report } from "./page.ts"
import type { Computed } from "./programs.ts"
import { programs } from "./programs.ts"

const scratch = mkdtempSync(path.join(os.tmpdir(), "noether-browser-"))
afterAll(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }))

/** Shares memory with workers only where a page asks to be isolated from other origins. */
const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" }

/** Serves the page, and the report that is posted back. */
const serve = async (isolated: boolean) => {
  const { promise: report, resolve } = Promise.withResolvers<Report>()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost")
    if (request.method === "POST") {
      void json(request).then((posted) => {
        response.end()
        // it is what page.ts posts
        resolve(posted as Report)
      })
      return
    }
    try {
      const content = readFileSync(path.join(scratch, "page", path.normalize(pathname)))
      response.writeHead(200, {
        "content-type": types[path.extname(pathname)] ?? "text/plain", ...isolated ? isolation : {}
      }).end(content)
    } catch {
      response.writeHead(404).end()
    }
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const address = server.address()
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { report, close, port: typeof address === "object" && address !== null ? address.port : 0 }
}

/** What a browser reports of the page on so many threads. */
const inBrowser = async (executable: string, threads: number, isolated: boolean): Promise<Report> => {
  const { report, close, port } = await serve(isolated)
  const browser = spawn(executable, [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
    `--user-data-dir=${path.join(scratch, `profile-${threads}-${isolated}`)}`,
    `http://127.0.0.1:${port}/page.html?threads=${threads}`
  ], { stdio: ["ignore", "ignore", "pipe"] })
  const said: Array<string> = []
  browser.stderr.on("data", (chunk) => said.push(String(chunk)))
  const silence = new AbortController()
  try {
    return await Promise.race([report, sleep(150_000, undefined, silence).then(() => {
      const console = said.join("").split("\n").filter((line) => line.includes("CONSOLE"))
      throw new Error(`the page did not report; on its console:\n${console.join("\n")}`)
    })])
  } finally {
    silence.abort()
    browser.kill("SIGKILL")
    close()
  }
}

/** That two computations gave the same names and, to the bit, the same numbers. */
const expectSame = (found: Computed | undefined, expected: Computed): void => {
  expect(Object.keys(found ?? {})).toEqual(Object.keys(expected))
  expect(Object.keys(expected).filter((name) => found?.[name] !== expected[name])).toEqual([])
}

describe.runIf(chromium !== undefined)("the cpu backend in a browser", () => {
  const executable = chromium ?? ""
  let inNode: Computed = {}

  beforeAll(async () => {
    inNode = await Effect.runPromise(Effect.provide(programs, layerWith({ threads: 2 })))
    await build({
      root: import.meta.dirname, configFile: false, logLevel: "error",
      build: {
        outDir: path.join(scratch, "page"), emptyOutDir: true, target: "esnext", minify: false,
        rolldownOptions: { input: path.join(import.meta.dirname, "page.html") }
      },
      worker: { format: "es" }
    })
  }, 300_000)

  it("gives Node's numbers, to the bit, on two threads of a page that is isolated", async () => {
    const { isolated, computed, error } = await inBrowser(executable, 2, true)
    expect(error).toBeUndefined()
    expect(isolated).toBe(true)
    expectSame(computed, inNode)
    const { softmax = "" } = inNode
    const off = softmax.replace(/.$/, (digit) => digit === "0" ? "1" : "0")
    expect(() => expectSame({ ...computed, softmax: off }, inNode)).toThrow()
  })

  it("gives them on one thread of a page that is not", async () => {
    const { isolated, computed, error } = await inBrowser(executable, 1, false)
    expect(error).toBeUndefined()
    expect(isolated).toBe(false)
    expectSame(computed, inNode)
  })
})
