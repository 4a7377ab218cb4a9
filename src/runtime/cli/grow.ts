/** `noether grow`: grows a model without changing what it computes. */
import { type Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { variants } from "../../methods/language/hypercloning/index.ts"
import { dtypes, type GrowRequest, type Outcome } from "../commands/request.ts"
import { answer } from "./answer.ts"
import { folder, number, out, settings } from "./flags.ts"

const factor = (name: string, description: string) =>
  Flag.Finite(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

const given = <T extends object>(settings: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  // a flag that was left out is a setting that is absent
  Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

/** The command, around the body that does the work. */
export const grow = <E, R>(body: (request: GrowRequest) => Effect.Effect<Outcome, E, R>) =>
  Command.make(
    "grow",
    {
      settings,
      folder,
      out: out("Folder of the grown model"),
      width: factor("width", "Factor of the residual stream, a whole number (default 2)"),
      feedForward: factor("ffn", "Factor of the feed-forward layer (default: that of the width)"),
      headCount: factor(
        "heads",
        "Factor of the number of heads (default: that of the width over that of the head depth)"
      ),
      headDepth: factor("head-depth", "Factor of the depth of a head (default 1)"),
      keyValue: Flag.Literals("key-value", ["repeat", "keep"]).pipe(
        Flag.withDescription(
          "Whether key-value heads are repeated with the query heads (default: unless there is one)"
        ),
        Flag.optional,
        Flag.map(Option.getOrUndefined)
      ),
      tiedHead: Flag.Literals("tied-head", ["fold", "untie"]).pipe(
        Flag.withDescription(
          "A tied head stays tied by folding its factor into the final norm, or is untied (default fold)"
        ),
        Flag.withDefault("fold")
      ),
      variant: Flag.Literals("variant", variants).pipe(
        Flag.withDescription("How the blocks of a grown matrix are filled (default symmetric)"),
        Flag.withDefault("symmetric")
      ),
      noise: number("noise", 10, [-100, 1000], "Signal over noise of the noisy variants, in decibels"),
      dtype: Flag.Literals("dtype", dtypes).pipe(
        Flag.withDescription("How weights are stored (default f32, which loses nothing)"),
        Flag.withDefault("f32")
      ),
      overwrite: Flag.Boolean("overwrite").pipe(
        Flag.withDescription("Replace the folder if it is there"),
        Flag.withDefault(false)
      )
    },
    ({ settings, folder, out, dtype, overwrite, noise, ...growth }) =>
      answer(
        settings,
        body({ settings, folder, out, dtype, overwrite, configuration: given({ ...growth, decibels: noise }) })
      )
  ).pipe(
    Command.withDescription("Grow a model by HyperCloning: wider, and every logit the same"),
    Command.withExamples([
      { command: "noether grow models/default --out out/grown", description: "Twice the width, symmetric" },
      {
        command: "noether grow models/default --out out/grown --width 3 --ffn 2 --variant noisy-diagonal",
        description: "Factors of their own"
      }
    ])
  )
