/**
 * The page's worker: it does one job at a time, tells the page how it goes and how it ends, and interrupts it when told
 * to. The page stays free to draw, and the cpu backend may wait here for its threads as it may not in a page.
 */
import type { Fiber } from "effect"
import { Cause, Effect, Exit } from "effect"
import { BackendFailure } from "../src/algebra/backend.ts"
import { fromEither } from "../src/core/codec.ts"
import { print as printed } from "../src/core/document.ts"
import { findings } from "../src/runtime/commands/run/findings.ts"
import { study } from "../src/runtime/commands/run/study.ts"
import { legible } from "../src/runtime/repl/legible.ts"
import { machine } from "./backends.ts"
import { evaluate } from "./evaluate.ts"
import { given } from "./files.ts"
import { inspect } from "./inspect.ts"
import type { Code, Ending, Job, MainJob, Reply, Request } from "./messages.ts"
import type { Services, Session } from "./session.ts"
import { begin } from "./session.ts"
import { sized } from "./size.ts"

const post = (reply: Reply): void => globalThis.postMessage(reply)

/** A value as the playground shows it. */
const show = (value: unknown): string => typeof value === "string" ? inspect(value) : inspect(legible(value, 6))

const print = (...values: ReadonlyArray<unknown>): void => {
  const text = values.map((value) => typeof value === "string" ? value : show(value)).join(" ")
  post({ kind: "printed", text })
}

const ears = {
  console: Object.assign(Object.create(console), { log: print, info: print, warn: print, error: print, debug: print }),
  progress: {
    opened: (work) => post({ kind: "opened", work }),
    changed: (work) => post({ kind: "changed", work }),
    closed: (work, outcome) => post({ kind: "closed", work, outcome })
  }
} satisfies Parameters<typeof begin>[1]

const mainJob = ({ place: { backend }, effort, seed }: MainJob) => Effect.gen(function*() {
  const size = sized(effort)
  const found = findings(yield* study(given, size, seed), size, { backend, seed })
  return { kind: "found", findings: found, document: yield* fromEither(printed(found.report)) } satisfies Ending
})

/** An Effect that code ends with is run, as at the prompt; so is one that it gives to `run`, as long as the code is. */
const code = ({ code }: Code, { runtime, names }: Session) => Effect.gen(function*() {
  const value = yield* Effect.tryPromise({
    try: (signal) => {
      names.run = (effect: Effect.Effect<unknown, unknown, Services>) => runtime.runPromise(effect, { signal })
      return evaluate(code, names)
    },
    catch: (cause) => cause
  })
  // what is typed may ask for any service: one that the session lacks is a defect with its name
  const settled = Effect.isEffect(value) ? yield* value as Effect.Effect<unknown, unknown, Services> : value
  return { kind: "value", text: settled === undefined ? undefined : show(settled) } satisfies Ending
})

/** An error in one line: what it is, and what it says. */
const line = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return String(error)
  const tag = "_tag" in error ? error._tag : error instanceof Error ? error.name : "Error"
  return "message" in error && error.message !== "" ? `${tag}: ${error.message}` : String(tag)
}

const ending = (exit: Exit.Exit<Ending, unknown>): Ending => {
  if (Exit.isSuccess(exit)) return exit.value
  return Cause.hasInterruptsOnly(exit.cause)
    ? { kind: "stopped", message: "stopped before the end" }
    : { kind: "failed", message: line(Cause.squash(exit.cause)) }
}

let session: (Session & { readonly at: string }) | undefined

const end = async (): Promise<void> => {
  const last = session
  session = undefined
  await last?.runtime.dispose()
}

/** The session at the job's place: the last one, or a new one. */
const sessionOf = ({ place }: Job) => Effect.gen(function*() {
  const at = JSON.stringify(place)
  if (session?.at === at) return session
  yield* Effect.promise(end)
  session = { ...begin(place, ears), at }
  return session
})

const answer = (job: Job) => Effect.gen(function*() {
  const session = yield* sessionOf(job)
  const work: Effect.Effect<Ending, unknown, Services> = job.kind === "code" ? code(job, session) : mainJob(job)
  return yield* Effect.provide(work, yield* session.runtime.contextEffect)
})

let running: Fiber.Fiber<Ending, unknown> | undefined

globalThis.onmessage = ({ data }: MessageEvent<Request>) => {
  if (data.kind === "stop") return running?.interruptUnsafe()
  running = Effect.runFork(answer(data))
  running.addObserver((exit) => {
    const failed = Exit.isFailure(exit) && Cause.squash(exit.cause) instanceof BackendFailure
    // a machine that failed is not asked again
    void (failed ? end() : Promise.resolve()).then(() => post(ending(exit)))
  })
}

post({ kind: "machine", machine: await Effect.runPromise(machine) })
