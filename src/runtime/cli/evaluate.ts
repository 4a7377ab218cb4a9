/** `noether evaluate`: the perplexity of a model on text. */
import type { Effect } from "effect"
import { Command } from "effect/cli"
import type { EvaluateRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { folder, maybeCount, path, settings, weights } from "./flags.ts"

/** The command, around the body that does the work. */
export const evaluate = <E, R>(body: (request: EvaluateRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("evaluate", {
    settings,
    folder,
    weights,
    text: path("text", "File of the text to score"),
    context: maybeCount("context", "Tokens a window (default: the model's own context)", 2),
    tokens: maybeCount("tokens", "Score at most so many tokens (default: all)", 2)
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Print the perplexity of a model on the text of a file"),
    Command.withExamples([
      {
        command: "noether evaluate models/small --text held-out.txt",
        description: "Perplexity with its count of tokens"
      },
      {
        command: "noether evaluate models/small --text held-out.txt --weights int8",
        description: "The same with weights rounded to eight bits"
      }
    ])
  )
