/** The entry of the command line: arguments of the process in, exit status out, Ctrl-C interrupts the work. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { invoke, noether } from "./cli/command-line.ts"
import * as cli from "./cli/inspect.ts"
import { inspect } from "./commands/inspect.ts"

const commands = noether.pipe(Command.withSubcommands([cli.inspect(inspect)]))

NodeRuntime.runMain(
  invoke(commands, process.argv.slice(2)).pipe(Effect.provide(NodeServices.layer)),
  { disableErrorReporting: true }
)
