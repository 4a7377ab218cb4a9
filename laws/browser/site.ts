/** The page as a visitor finds it: built, served with its headers, and opened in a browser. */
import { mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { fileURLToPath } from "node:url"
import { build, preview } from "vite"
import type { Page } from "./chromium.ts"
import { openPage } from "./chromium.ts"

const configFile = fileURLToPath(new URL("../../vite.page.config.ts", import.meta.url))

/** How a visitor comes: with a browser that has WebGPU, to a server that isolates the page as its own does. */
export interface Visit {
  readonly webgpu?: boolean
  readonly isolated?: boolean
}

export interface Site {
  /** Opens the page, and waits until it is ready. */
  readonly open: (visit?: Visit) => Promise<Page>
  readonly close: () => Promise<void>
}

const shared = { "Cross-Origin-Opener-Policy": "unsafe-none", "Cross-Origin-Embedder-Policy": "unsafe-none" }

/** Builds the page into a folder of its own, and serves it. */
export const serveSite = async (): Promise<Site> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "noether-page-"))
  const root = path.dirname(configFile)
  const common = { configFile, root: path.join(root, "page"), logLevel: "error" } as const
  await build({ ...common, build: { outDir: folder, reportCompressedSize: false } })
  const serve = (headers: Readonly<Record<string, string>>) =>
    preview({ ...common, build: { outDir: folder }, preview: { port: 0, host: "127.0.0.1", headers } })
  const servers = { isolated: await serve({}), shared: await serve(shared) }
  return {
    open: async ({ webgpu = false, isolated = true } = {}) => {
      const { resolvedUrls } = servers[isolated ? "isolated" : "shared"]
      const page = await openPage(resolvedUrls?.local[0] ?? "", { webgpu })
      await page.until("document.body.dataset.ready === 'yes'")
      return page
    },
    close: async () => {
      await Promise.all(Object.values(servers).map((server) => server.close()))
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** What stands in an element of the page. */
export const textOf = (selector: string): string => `document.querySelector(${JSON.stringify(selector)})?.innerText ?? ""`

/** Clicks an element. */
export const click = (selector: string): string => `document.querySelector(${JSON.stringify(selector)}).click()`

/** Writes into a field. */
export const fill = (selector: string, value: string | number): string =>
  `void (document.querySelector(${JSON.stringify(selector)}).value = ${JSON.stringify(String(value))})`
