/**
 * The `noether` command line: its commands, and how one invocation of it ends. A command is listed when its body
 * exists. Exit status: 0 done, 1 an error or a broken law, 130 interrupted.
 */
import { Effect, Layer, Logger } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import { version } from "../package.ts"
import { explain } from "./answer.ts"

/** Help and version as they are; errors of usage are left to `explain`, which says them in one line. */
const presenter = CliOutput.layerPresenter({
  present: (event) => event._tag === "InvalidInvocation" ? Effect.void : CliOutput.defaultPresenter.present(event)
})

/** What is logged goes to standard error, a line each: standard output is for answers. */
const logger = Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])

const builtIns = [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions]

/** The root command over the given commands. */
export const noether = Command.make("noether").pipe(
  Command.withDescription("Published methods as typed pipelines, each with the law that says what it leaves unchanged")
)

/** Whether the arguments ask for JSON, before they are decoded: an error of usage must be answered in JSON too. */
export const asksForJson = (args: ReadonlyArray<string>): boolean => {
  const end = args.indexOf("--")
  return (end < 0 ? args : args.slice(0, end)).includes("--json")
}

/** Runs a command on arguments. Every error is explained once, and is still the error of the Effect. */
export const invoke = <const Name extends string, I, C, E, R>(
  command: Command.Command<Name, I, C, E, R>,
  args: ReadonlyArray<string>
) =>
  Command.runWith(command, { version })(args).pipe(
    Effect.onError((cause) => explain(cause, asksForJson(args))),
    Effect.provide(Layer.mergeAll(presenter, logger, CliConfig.layer({ builtIns })))
  )

