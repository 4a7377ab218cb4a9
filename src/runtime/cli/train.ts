/** `noether train`: trains a model on text. */
import type { Effect } from "effect"
import { Command } from "effect/cli"
import type { Outcome, TrainRequest } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { count, maybePath, number, out, path, resume, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const train = <E, R>(body: (request: TrainRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("train", {
    settings,
    text: path("text", "File of the text to learn"),
    from: maybePath("from", "Model folder to start from (default: the embedded recipe, at random)"),
    out: out("Folder of the trained model and its training state"),
    steps: count("steps", 300, "Steps of the optimiser"),
    batch: count("batch", 8, "Sequences a step"),
    context: count("context", 128, "Tokens a sequence", 2),
    rate: number("rate", 1e-3, [0, 1], "Peak learning rate"),
    resume
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Train a model on the text of a file; it can be stopped at any step and resumed"),
    Command.withExamples([
      {
        command: "noether train --text book.txt --out out/model --steps 500",
        description: "Train from random weights"
      },
      {
        command: "noether train --text book.txt --out out/model --steps 500 --resume",
        description: "Go on where it stopped, with the same flags"
      }
    ])
  )
