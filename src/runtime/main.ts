/** The entry of the command line: arguments of the process in, exit status out, Ctrl-C interrupts the work. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { invoke, noether } from "./cli/command-line.ts"
import { evaluate as evaluateCommand } from "./cli/evaluate.ts"
import { generate as generateCommand } from "./cli/generate.ts"
import { grow as growCommand } from "./cli/grow.ts"
import { inspect as inspectCommand } from "./cli/inspect.ts"
import { run as runCommand } from "./cli/run.ts"
import { train as trainCommand } from "./cli/train.ts"
import { evaluate } from "./commands/evaluate.ts"
import { generate } from "./commands/generate.ts"
import { grow } from "./commands/grow.ts"
import { inspect } from "./commands/inspect.ts"
import { run } from "./commands/run/index.ts"
import { train } from "./commands/train.ts"

const commands = noether.pipe(Command.withSubcommands([
  runCommand(run),
  trainCommand(train),
  growCommand(grow),
  generateCommand(generate),
  evaluateCommand(evaluate),
  inspectCommand(inspect)
]))

NodeRuntime.runMain(
  invoke(commands, process.argv.slice(2)).pipe(Effect.provide(NodeServices.layer)),
  { disableErrorReporting: true }
)
