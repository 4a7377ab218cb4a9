/** Runs the command line in this process, and hears what it says. */
import { NodeServices } from "@effect/platform-node"
import { Console, Effect } from "effect"
import type { Exit } from "effect"
import type { Command } from "effect/cli"
import { decodeJson } from "../../src/core/codec.ts"
import { Document } from "../../src/core/document.ts"
import { invoke } from "../../src/runtime/cli/command-line.ts"
import { noether } from "../../src/runtime/noether.ts"

/** What an invocation left on standard output and standard error, a line for each call, and how it ended. */
export interface Said {
  readonly exit: Exit.Exit<void, unknown>
  readonly out: ReadonlyArray<string>
  readonly errors: ReadonlyArray<string>
}

/** A console that remembers. */
export const spoken = () => {
  const out: Array<string> = []
  const errors: Array<string> = []
  const log = (text: unknown) => void out.push(String(text))
  const error = (text: unknown) => void errors.push(String(text))
  return { out, errors, console: Object.assign(Object.create(globalThis.console), { log, error }) as Console.Console }
}

type Invocation = Effect.Effect<void, unknown, NodeServices.NodeServices>
type Around = (program: Invocation) => Invocation

/** Runs an invocation to its end; `around` is put around it, a disk that fills up or an observer of its progress. */
export const hear = async <const Name extends string, I, C, E>(
  command: Command.Command<Name, I, C, E, NodeServices.NodeServices>,
  args: ReadonlyArray<string>,
  around: Around = (program) => program
): Promise<Said> => {
  const { out, errors, console } = spoken()
  const exit = await Effect.runPromiseExit(around(invoke(command, args)).pipe(
    Effect.provide(NodeServices.layer),
    Effect.provideService(Console.Console, console)
  ))
  return { exit, out, errors }
}

/** Runs `noether` with its real commands. */
export const say = (args: ReadonlyArray<string>, around?: Around) =>
  hear(noether, args, around)

/** The document in a text. */
export const read = (text: string | undefined): Document => Effect.runSync(decodeJson(Document, "output")(text ?? ""))
