/** `noether adapt`: trains an adapter with which a model emits several tokens a step. */
import type { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { projections } from "../../methods/language/adapt.ts"
import type { AdaptRequest, Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { count, folder, maybePath, number, out, path, resume, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const adapt = <E, R>(body: (request: AdaptRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("adapt", {
    settings,
    folder,
    text: path("text", "File of the text to learn"),
    heldOut: maybePath("held-out", "File of text whose beginnings are continued to count accepted tokens"),
    out: out("Folder of the adapter and its training state"),
    own: count("own", 0,
      "Pieces of the text that the model continues itself, to learn from in place of the text; 0 for the text", 0),
    masks: count("masks", 4, "Mask tokens: tokens that are speculated at once"),
    rank: count("rank", 16, "Rank of the gated terms"),
    projections: Flag.Literals("projection", projections).pipe(
      Flag.withDescription("A linear map of each layer that has a gated term; may be repeated (default: all)"),
      Flag.between(0, projections.length)
    ),
    sampler: Flag.Boolean("sampler").pipe(
      Flag.withDescription("Train a sampler head; --no-sampler drafts with the base head alone (default on)"),
      Flag.withDefault(true)
    ),
    consistency: number("consistency", 1, [0, 1e6], "Weight of the latent-consistency loss"),
    steps: count("steps", 300, "Steps of the optimiser"),
    batch: count("batch", 8, "Sequences a step"),
    context: count("context", 64, "Tokens a sequence", 2),
    rate: number("rate", 2e-3, [0, 1], "Learning rate after the warm-up"),
    resume
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Teach a frozen model to draft several tokens a step; its logits and greedy text stay"),
    Command.withExamples([
      {
        command: "noether adapt models/default --text data/records.train.txt.gz --out out/adapter",
        description: "Four masks, rank 16"
      },
      {
        command: 'noether generate models/default --speculate out/adapter/adapter --prompt "Area: "',
        description: "Decode with it"
      }
    ])
  )
