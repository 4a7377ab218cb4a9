/** `noether inspect`: what the folder of a model holds. */
import type { Effect } from "effect"
import { Command } from "effect/cli"
import type { InspectRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { folder, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const inspect = <E, R>(body: (request: InspectRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("inspect", {
    settings,
    folder
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Show the architecture, sizes and tensors of a model folder, and what is wrong with them"),
    Command.withExamples([
      { command: "noether inspect models/small", description: "Architecture, sizes, tensors" }
    ])
  )
