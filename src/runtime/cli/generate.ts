/** `noether generate`: continues a prompt. */
import { type Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import type { GenerateRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { count, folder, maybeCount, number, path, settings, weights } from "./flags.ts"

/** The command, around the body that does the work. */
export const generate = <E, R>(body: (request: GenerateRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("generate", {
    settings,
    folder,
    weights,
    prompt: Flag.String("prompt").pipe(Flag.withDescription("Text to continue")),
    tokens: count("tokens", 64, "Tokens to add"),
    temperature: number("temperature", 0, [0, 100], "Temperature; 0 takes the likeliest token"),
    topP: number("top-p", 1, [0, 1], "Smallest set of tokens with this probability to draw from"),
    speculate: path("speculate", "Folder of an adapter: emit several tokens a step, and compare with plain decoding")
      .pipe(Flag.optional, Flag.map(Option.getOrUndefined)),
    scheme: Flag.Literals("scheme", ["quadratic", "linear"]).pipe(
      Flag.withDescription("Where masks stand in a step of speculation (default quadratic)"),
      Flag.withDefault("quadratic")
    ),
    masks: maybeCount("masks", "Masks of the adapter that are used; 0 for plain decoding (default: all)", 0)
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Continue a prompt with a model"),
    Command.withExamples([
      { command: 'noether generate models/small --prompt "Call me"', description: "Greedy" },
      {
        command: 'noether generate models/small --prompt "Call me" --temperature 0.8 --top-p 0.95 --seed 7',
        description: "Drawn, the same for the same seed"
      }
    ])
  )
