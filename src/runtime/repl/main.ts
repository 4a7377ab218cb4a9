/**
 * The typed REPL: the library in scope, top-level await, and an Effect on a line of its own is run and its value
 * shown. Runs from the built package, so that what is typed sees the same types as a user of the library.
 */
import { NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Layer, ManagedRuntime, Scope } from "effect"
import type { Backend, BackendError } from "../../algebra/backend.ts"
import * as Cpu from "../../algebra/backends/cpu/index.ts"
import { failureOf, line } from "../cli/answer.ts"
import { root, version } from "../package.ts"
import { banner } from "./banner.ts"
import { show } from "./show.ts"
import { startSession } from "./typescript.ts"

const preamble = `import { Effect, Layer, Stream, Schedule, Option, Result, pipe } from "effect"
import * as noether from "noether"
import { algebra, core, HyperCloning, language } from "noether"
declare const run: <A, E>(effect: Effect.Effect<A, E, import("effect").Scope.Scope | noether.algebra.Backend |
  import("@effect/platform-node").NodeServices.NodeServices>) => Promise<A>
`

/** What an Effect on a line may ask for; a Scope is that of the session. */
type Services = Backend | NodeServices.NodeServices | Scope.Scope

const runtime: ManagedRuntime.ManagedRuntime<Services, BackendError> =
  ManagedRuntime.make(Layer.mergeAll(Cpu.layer, NodeServices.layer, Layer.effect(Scope.Scope, Effect.scope)))

/** Runs an Effect; its failure is refused in one line. */
const settle = async (value: unknown): Promise<unknown> => {
  if (!Effect.isEffect(value)) return value
  // what is typed may ask for any service: one that the runtime lacks is a defect with its name
  const exit = await runtime.runPromiseExit(value as Effect.Effect<unknown, unknown, Services>)
  if (Exit.isSuccess(exit)) return exit.value
  throw new Error(Cause.hasDies(exit.cause) ? Cause.pretty(exit.cause) : line(failureOf(Cause.squash(exit.cause))))
}

if (process.stdin.isTTY) console.log(banner(version))
const shown = (error: unknown): string | undefined =>
  typeof error === "object" && error !== null && "_tag" in error ? line(failureOf(error)) : undefined

/** At the prompt, as the preamble declares it: an Effect's value, to be given a name. */
const run = <A, E>(effect: Effect.Effect<A, E, Services>): Promise<A> => runtime.runPromise(effect)
Object.assign(globalThis, { run })

startSession({ root, preamble, prompt: "noether> ", settle, show, shown, ended: () => runtime.dispose() })
