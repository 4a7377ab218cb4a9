/** `noether grow`: grows a model without changing what it computes. */
import type { Effect } from "effect"
import { Command, Flag } from "effect/cli"
import { type GrowRequest, type Outcome, variants } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { count, folder, maybeCount, number, out, settings } from "./flags.ts"

/** The command, around the body that does the work. */
export const grow = <E, R>(body: (request: GrowRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make("grow", {
    settings,
    folder,
    out: out("Folder of the grown model"),
    width: count("width", 2, "Factor of the model axis"),
    ffn: maybeCount("ffn", "Factor of the feed-forward axis (default: that of the width)"),
    variant: Flag.Literals("variant", variants).pipe(
      Flag.withDescription("How the blocks of a grown matrix are filled (default symmetric)"),
      Flag.withDefault("symmetric")
    ),
    noise: number("noise", 10, [-100, 1000], "Signal over noise of the noisy variants, in decibels")
  }, (request) => answer(request.settings, body(request))).pipe(
    Command.withDescription("Grow a model by HyperCloning: wider, and every logit the same"),
    Command.withExamples([
      { command: "noether grow models/small --out out/grown", description: "Twice the width, symmetric" },
      {
        command: "noether grow models/small --out out/grown --width 3 --ffn 2 --variant noisy-diagonal",
        description: "Factors of their own"
      }
    ])
  )
