/**
 * llama.cpp in WebAssembly, as @wllama/wllama runs it in headless Chromium: how many tokens a second it reads of a
 * prompt and adds to it, by its own clocks.
 */
import { readFileSync } from "node:fs"
import { once } from "node:events"
import { createServer } from "node:http"
import path from "node:path"
import { chromium, openPage } from "../laws/browser/chromium.ts"
import { folder } from "./machine.ts"

export const name = "@wllama/wllama q8_0"

/** Tokens a second. */
export interface Speeds {
  readonly prefill: ReadonlyArray<number>
  readonly decode: ReadonlyArray<number>
}

const page = `<!doctype html><body><script type="module">
import { Wllama } from "/esm/index.js"
window.measure = async (threads, prompt, added, rounds) => {
  const quiet = { debug: () => {}, log: () => {}, warn: () => {}, error: console.error }
  const wllama = new Wllama({ default: "/esm/wasm/wllama.wasm" }, { logger: quiet, suppressNativeLog: true })
  const model = await (await fetch("/model.gguf")).blob()
  await wllama.loadModel([model], { n_ctx: 1024, n_batch: 512, n_threads: threads, n_gpu_layers: 0, warmup: false })
  const speeds = { prefill: [], decode: [], threads: wllama.getNumThreads() }
  for (let round = 0; round <= rounds; round++) {
    // another first letter each time, so that nothing of the last prompt is reused; one token is the beginning of text
    const text = String.fromCharCode(65 + round) + "a".repeat(prompt - 2)
    const { timings } = await wllama.createCompletion(
      { prompt: text, max_tokens: added, temperature: 0, ignore_eos: true, cache_prompt: false })
    // the first round compiles
    if (round > 0) {
      speeds.prefill.push(timings.prompt_per_second)
      speeds.decode.push(timings.predicted_per_second)
    }
    speeds.timings = timings
  }
  await wllama.exit()
  return speeds
}
</script>`

const types: Readonly<Record<string, string>> = { ".js": "text/javascript", ".wasm": "application/wasm" }

/** Measures a model's file; undefined where no browser is installed. */
export const measure = async (
  model: Uint8Array<ArrayBuffer>, threads: number, prompt: number, added: number, rounds: number
): Promise<Speeds | undefined> => {
  if (chromium === undefined) return undefined
  const root = path.join(folder, "node_modules/@wllama/wllama")
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost")
    const type = types[path.extname(pathname)] ?? (pathname === "/" ? "text/html" : "application/octet-stream")
    response.writeHead(200, {
      "content-type": type, "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp"
    })
    response.end(pathname === "/" ? page : pathname === "/model.gguf" ? model
      : pathname.startsWith("/esm/") ? readFileSync(path.join(root, path.normalize(pathname))) : "")
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const opened = await openPage(`http://127.0.0.1:${port}/`)
  try {
    await opened.until("window.measure")
    return await opened.value<Speeds>(`measure(${threads}, ${prompt}, ${added}, ${rounds})`)
  } finally {
    await opened.close()
    server.close()
    server.closeAllConnections()
  }
}
