/**
 * A page in headless Chromium, driven over the DevTools protocol: opened, asked for the values of expressions, typed
 * into, looked at. What a page says on its console, and errors that nobody caught, are kept.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const names = ["chromium", "chromium-browser", "google-chrome", "chrome"]

/** The browser of this machine, if there is one. */
export const chromium = (process.env.PATH ?? "").split(path.delimiter)
  .flatMap((folder) => names.map((name) => path.join(folder, name)))
  .find(isExecutable)
if (chromium === undefined) console.log(`no browser, so nothing is tried in one: none of ${names.join(", ")} is in PATH`)

/** A browser with one page. */
export interface Page {
  /** The value of an expression in the page; a promise is waited for. */
  readonly value: <A>(expression: string) => Promise<A>
  /** Waits until an expression is true. */
  readonly until: (expression: string, seconds?: number) => Promise<void>
  /** Sends a command of the protocol to the page; who sends it knows what it answers. */
  readonly command: <A>(method: string, parameters?: object) => Promise<A>
  /** Errors of the page that nobody caught, and what the browser noted as an error. */
  readonly complaints: ReadonlyArray<string>
  readonly close: () => Promise<void>
}

interface Thrown { readonly text: string; readonly exception?: { readonly description?: string } }

interface Entry { readonly level: string; readonly text: string }

interface Answer { readonly id: number; readonly result?: unknown; readonly error?: { readonly message: string } }

type Event =
  | { readonly method: "Runtime.exceptionThrown"; readonly params: { readonly exceptionDetails: Thrown } }
  | { readonly method: "Log.entryAdded"; readonly params: { readonly entry: Entry } }
  | { readonly method: "another" }

const said = ({ text, exception }: Thrown): string => exception?.description ?? text

const flags = [
  "--headless", "--no-sandbox", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--disable-quic", "--remote-debugging-port=0"
]

/** A browser that runs, and the address at which it listens. */
const launch = async (own: ReadonlyArray<string>) => {
  const profile = mkdtempSync(path.join(os.tmpdir(), "noether-profile-"))
  const browser = spawn(chromium ?? "", [...flags, ...own, `--user-data-dir=${profile}`, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"] })
  const ended = once(browser, "exit")
  const listening = Promise.withResolvers<string>()
  createInterface({ input: browser.stderr }).on("line", (line) => {
    const [, address] = /^DevTools listening on (ws:.*)$/.exec(line) ?? []
    if (address !== undefined) listening.resolve(address)
  })
  void ended.then(() => listening.reject(new Error("the browser ended before it listened")))
  const kill = (): void => void browser.kill("SIGKILL")
  // a test that runs out of time closes nothing
  process.once("exit", kill)
  const close = async (): Promise<void> => {
    process.off("exit", kill)
    kill()
    await ended
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
  return { address: await listening.promise, close }
}

/** Opens a page; `webgpu` is off unless asked for. */
export const openPage = async (url: string, { webgpu = false } = {}): Promise<Page> => {
  const browser = await launch(webgpu ? ["--enable-unsafe-webgpu"] : ["--disable-gpu", "--disable-features=WebGPU"])
  const socket = new WebSocket(browser.address)
  await once(socket, "open")

  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  const complaints: Array<string> = []
  socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
    const message: Answer | Event = JSON.parse(data)
    if ("id" in message) {
      if (message.error === undefined) waiting.get(message.id)?.resolve(message.result)
      else waiting.get(message.id)?.reject(new Error(message.error.message))
      waiting.delete(message.id)
    } else if (message.method === "Runtime.exceptionThrown") complaints.push(said(message.params.exceptionDetails))
    else if (message.method === "Log.entryAdded" && message.params.entry.level === "error")
      complaints.push(message.params.entry.text)
  })
  let sent = 0
  const send = <A>(method: string, params: object, session: { readonly sessionId?: string } = {}): Promise<A> => {
    const answer = Promise.withResolvers<unknown>()
    waiting.set(++sent, answer)
    socket.send(JSON.stringify({ id: sent, method, params, ...session }))
    // each command answers in a shape of its own, which who sends it names
    return answer.promise as Promise<A>
  }

  const target = await send<{ readonly targetId: string }>("Target.createTarget", { url: "about:blank" })
  const session = await send<{ readonly sessionId: string }>("Target.attachToTarget", { ...target, flatten: true })
  const command = <A>(method: string, parameters: object = {}) => send<A>(method, parameters, session)
  for (const domain of ["Runtime", "Log", "Page"]) await command(`${domain}.enable`)
  await command("Page.navigate", { url })

  const value = async <A>(expression: string): Promise<A> => {
    const { result, exceptionDetails } = await command<Evaluated<A>>("Runtime.evaluate",
      { expression, awaitPromise: true, returnByValue: true, userGesture: true })
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${said(exceptionDetails)}`)
    return result.value
  }
  const until = async (expression: string, seconds = 60): Promise<void> => {
    const deadline = performance.now() + seconds * 1000
    // while the page is being replaced there is nothing to ask
    while (!(await value<boolean>(`Boolean(${expression})`).catch(() => false))) {
      if (performance.now() > deadline) throw new Error(
        `not within ${seconds} s: ${expression}\n${complaints.join("\n")}\n${await value("document.body.innerText")}`)
      await sleep(100)
    }
  }
  const close = async (): Promise<void> => {
    socket.close()
    await browser.close()
  }
  return { value, until, command, complaints, close }
}

interface Evaluated<A> {
  readonly result: { readonly value: A }
  readonly exceptionDetails?: Thrown
}
