/**
 * The entry of the command line: arguments of the process in, progress on standard error, exit status out. Ctrl-C
 * interrupts the work.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { invoke } from "./cli/command-line.ts"
import { noether } from "./noether.ts"
import * as progress from "./progress.ts"

NodeRuntime.runMain(
  invoke(noether, process.argv.slice(2)).pipe(Effect.provide(Layer.merge(NodeServices.layer, progress.layer()))),
  { disableErrorReporting: true }
)
