/**
 * TypeScript line by line: what is typed is checked, compiled and evaluated in this process. The only file that knows
 * ts-node, whose service compiles to CommonJS with its own tsconfig, and requires this package through its own name.
 */
import NodeModule, { createRequire } from "node:module"
import path from "node:path"
import type { REPLServer } from "node:repl"
import { PassThrough } from "node:stream"
import { createInterface } from "node:readline"
import tsNode from "ts-node"

/** How a session looks, and what is done with the value of a line before it is printed. */
export interface SessionOptions {
  /** The folder that holds package.json, tsconfig.repl.json and node_modules. */
  readonly root: string
  /** TypeScript that is evaluated first: imports, which then are in scope with their types. */
  readonly preamble: string
  readonly prompt: string
  /** Turns the value of a line into what is shown, or refuses it. */
  readonly settle: (value: unknown) => Promise<unknown>
  /** The text of a value. */
  readonly show: (value: unknown) => string
  /** The one line that says an error that was thrown; undefined leaves it to the REPL. */
  readonly shown: (error: unknown) => string | undefined
  /** Called once the input has ended. */
  readonly ended: () => Promise<void>
}

/** The names that CommonJS code expects to find; Node's own REPL sets some of them to others. */
const commonJs = (root: string) => {
  const module = { exports: {} }
  return { require: createRequire(path.join(root, "repl.js")), module, exports: module.exports }
}

/**
 * ts-node declares every built-in module by its name as an identifier, which `node:sqlite` and its like are not: it is
 * shown those that have a plain name.
 */
const hidePrefixedModules = (): void => {
  const plain = NodeModule.builtinModules.filter((name) => !name.includes(":"))
  Object.assign(NodeModule, { builtinModules: plain })
}

/** Starts a session on standard input and output. Piped input is evaluated one line after the other, then it ends. */
export const startSession = ({ root, preamble, prompt, settle, show, shown, ended }: SessionOptions): REPLServer => {
  hidePrefixedModules()
  const interactive = process.stdin.isTTY === true
  const input = interactive ? process.stdin : new PassThrough()
  const repl = tsNode.createRepl({ stdin: input })
  repl.setService(tsNode.create({
    ...repl.evalAwarePartialHost,
    cwd: root,
    project: path.join(root, "tsconfig.repl.json"),
    experimentalReplAwait: true
  }))
  const globals = commonJs(root)
  Object.assign(globalThis, globals)
  repl.evalCode(preamble)

  // ts-node leaves the REPL options of its internal entry untyped
  const server = (repl as unknown as { startInternal: (options: object) => REPLServer }).startInternal({
    prompt: interactive ? prompt : "",
    terminal: interactive,
    ignoreUndefined: true,
    writer: show,
    eval: (code: string, context: unknown, file: string, done: (error: Error | null, value?: unknown) => void) =>
      repl.nodeEval(code, context as never, file, (error, value) => {
        const refusal = error ? shown(error) : undefined
        if (refusal !== undefined) {
          console.error(refusal)
          return done(null)
        }
        if (error) return done(error)
        settle(value).then((shown) => done(null, shown), (refused: unknown) => {
          console.error(refused instanceof Error ? refused.message : String(refused))
          done(null, undefined)
        })
      })
  })
  Object.assign(globalThis, globals)

  if (interactive) {
    server.on("exit", () => void ended().then(() => process.exit()))
    return server
  }
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const feed = async (): Promise<void> => {
    const next = await lines.next()
    if (next.done !== true) return void input.push(`${next.value}\n`)
    await ended()
    process.exit()
  }
  const display = server.displayPrompt.bind(server)
  server.displayPrompt = (preserveCursor) => {
    display(preserveCursor)
    setImmediate(() => void feed())
  }
  void feed()
  return server
}
