/** `noether run`: the main job. */
import type { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import type { Outcome, RunRequest } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { out, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const run = <E, R>(body: (request: RunRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("run", {
    settings,
    full: Flag.Boolean("full").pipe(
      Flag.withDescription("The paper's comparison at the largest size that fits in about an hour"),
      Flag.withDefault(false)
    ),
    out: out("Folder for the report and its curves (default out/run)").pipe(Flag.withDefault("out/run"))
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription(
      "The main job: grow the embedded model by every variant, show that no logit changed, train, compare, report"
    ),
    Command.withExamples([
      { command: "noether run", description: "The default, under three minutes" },
      { command: "noether run --full --out out/full", description: "The whole comparison, about an hour" },
      { command: "noether run --json", description: "One JSON document" }
    ])
  )
