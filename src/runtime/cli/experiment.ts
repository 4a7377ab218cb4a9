/** `noether experiment`: repeats the experiments whose results are under docs/results. */
import type { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import type { GuideStudyRequest } from "../commands/guide/request.ts"
import type { ExperimentRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { out, settings } from "./flags.ts"

/** The command, around the bodies of its experiments. */
export const experiment = <E1, R1, E2, R2>({ multiToken, guidingStates }: {
  readonly multiToken: (request: ExperimentRequest) => Effect.Effect<Outcome, E1, R1>
  readonly guidingStates: (request: GuideStudyRequest) => Effect.Effect<Outcome, E2, R2>
}) =>
  Command.make("experiment").pipe(
    Command.withDescription("Repeat an experiment with a method"),
    Command.withSubcommands([
      Command.make("multi-token", {
        settings,
        full: Flag.Boolean("full").pipe(
          Flag.withDescription("What the results in docs/results were made with, about an hour"),
          Flag.withDefault(false)
        ),
        out: out("Folder of the experiment's parts and its report (default out/multi-token)").pipe(
          Flag.withDefault("out/multi-token")
        )
      }, (request) => answer(request.settings, multiToken(request))).pipe(
        Command.withDescription("Multi-token prediction on the embedded model; stopped, it goes on from there"),
        Command.withExamples([
          { command: "noether experiment multi-token", description: "A small one, a few minutes" },
          { command: "noether experiment multi-token --full --out out/full", description: "The whole, about an hour" }
        ])
      ),
      Command.make("guiding-states", {
        settings,
        out: out("Folder of the report and the figures (default out/guiding-states)").pipe(
          Flag.withDefault("out/guiding-states")
        )
      }, (request) => answer(request.settings, guidingStates(request))).pipe(
        Command.withDescription("Guiding states of chains, rings, a long bond, pi electrons and impurities"),
        Command.withExamples([{ command: "noether experiment guiding-states", description: "About two minutes" }])
      )
    ])
  )
