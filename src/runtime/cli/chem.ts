/** `noether chem`: what the chemistry of the library brings along. */
import type { Effect } from "effect"
import { Command } from "effect/cli"
import type { BasisRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { settings } from "./flags.ts"

/** The command, around the body of each of its parts. */
export const chem = <E, R>({ basis }: { readonly basis: (request: BasisRequest) => Effect.Effect<Outcome, E, R> }) =>
  Command.make("chem").pipe(
    Command.withDescription("What there is for chemistry"),
    Command.withSubcommands([
      Command.make("basis", { settings }, (request) => answer(request.settings, basis(request))).pipe(
        Command.withDescription("List the packaged basis sets and their elements"),
        Command.withExamples([{ command: "noether chem basis", description: "Names, functions and elements" }])
      )
    ])
  )
