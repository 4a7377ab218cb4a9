/** `noether experiment`: repeats the experiment with a method. */
import type { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import type { ExperimentRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { out, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const experiment = <E, R>(body: (request: ExperimentRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("experiment", {
    settings,
    method: Argument.Literals("method", ["multi-token"]).pipe(
      Argument.withDescription("The method: multi-token (2507.11851)")
    ),
    full: Flag.Boolean("full").pipe(
      Flag.withDescription("What the results in docs/results were made with, about an hour"),
      Flag.withDefault(false)
    ),
    out: out("Folder of the experiment's parts and its report (default out/multi-token)").pipe(
      Flag.withDefault("out/multi-token")
    )
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Repeat an experiment on the embedded model; stopped at any moment, it goes on from there"),
    Command.withExamples([
      { command: "noether experiment multi-token", description: "A small one, a few minutes" },
      { command: "noether experiment multi-token --full --out out/full", description: "The whole, about an hour" }
    ])
  )
