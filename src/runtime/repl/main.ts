/**
 * The typed REPL: the library in scope, top-level await, and an Effect on a line of its own is run and its value
 * shown. Runs from the built package, so that what is typed sees the same types as a user of the library.
 */
import { Cause, Effect, Exit, ManagedRuntime } from "effect"
import { inspect } from "node:util"
import type { Backend } from "../../algebra/backend.ts"
import * as Cpu from "../../algebra/backends/cpu/index.ts"
import { failureOf, line } from "../cli/answer.ts"
import { root, version } from "../package.ts"
import { startSession } from "./typescript.ts"

const banner = `Noether ${version}, TypeScript with types checked; an Effect on a line is run. Try:
  algebra.evaluate(() => algebra.softmax(algebra.iota("f32", "time", 4), "time"))
  algebra.contract(algebra.iota("f32", "time", 4), algebra.iota("f32", "time", 5), "time")
  .type algebra.softmax
(.help lists the commands, .exit or Ctrl-D leaves)`

const preamble = `import { Effect, Layer, Stream, Schedule, Option, Result, pipe } from "effect"
import * as noether from "noether"
import { algebra, core, HyperCloning, language } from "noether"
`

const runtime = ManagedRuntime.make(Cpu.layer)

/** Runs an Effect; its failure is refused in one line. */
const settle = async (value: unknown): Promise<unknown> => {
  if (!Effect.isEffect(value)) return value
  // what is typed may ask for any service: one that the runtime lacks is a defect with its name
  const exit = await runtime.runPromiseExit(value as Effect.Effect<unknown, unknown, Backend>)
  if (Exit.isSuccess(exit)) return exit.value
  throw new Error(Cause.hasDies(exit.cause) ? Cause.pretty(exit.cause) : line(failureOf(Cause.squash(exit.cause))))
}

inspect.defaultOptions.depth = 4
if (process.stdin.isTTY) console.log(banner)
const shown = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "_tag" in error ? line(failureOf(error)) : undefined

startSession({ root, preamble, prompt: "noether> ", settle, shown, ended: () => runtime.dispose() })
