/**
 * Grows the model of a folder by HyperCloning into another folder, and measures on random tokens that no logit changed
 * before anything is written.
 */
import { Effect } from "effect"
import * as Key from "../../core/key.ts"
import { judge } from "../../core/law.ts"
import { absent } from "../../methods/language/aside.ts"
import type { Architecture } from "../../methods/language/architecture.ts"
import { hyperClone, preservation } from "../../methods/language/hypercloning/index.ts"
import { open, save } from "../../methods/language/model-folder.ts"
import { layer } from "../backend.ts"
import { parameterCount } from "./parameter-count.ts"
import { figure, type GrowRequest, type Outcome } from "./request.ts"

/** Rows of random tokens on which logits are compared, and the most tokens of a row. */
const rows = 16
const longest = 128

const randomRows = ({ context, vocabulary }: Architecture, seed: number) =>
  Key.split(Key.fold(Key.make(seed), 1), rows).map((key) => Key.integers(key, Math.min(context, longest), vocabulary))

/** Reads, grows, compares, and only then writes: a model whose logits moved is not kept. */
export const grow = ({ folder, out, configuration, dtype, overwrite, settings }: GrowRequest) =>
  Effect.scoped(Effect.gen(function* () {
    if (!overwrite) yield* absent(out)
    const source = yield* open(folder)
    const grown = yield* hyperClone(source, { ...configuration, seed: settings.seed })
    const { absolute, measurement, tokens } =
      yield* preservation.deviation(source, grown, randomRows(source.architecture, settings.seed))
    const verdict = judge(preservation.sameLogits, measurement)
    if (verdict.holds) yield* save(grown, out, { dtype, overwrite })
    return {
      written: verdict.holds ? { "grown model": out } : {},
      report: {
        method: "HyperCloning",
        backend: settings.backend,
        seed: settings.seed,
        laws: [verdict],
        figures: [
          figure("parameters of the source", parameterCount(source.architecture), "weights"),
          figure("parameters", parameterCount(grown.architecture), "weights"),
          figure("largest difference of a logit", absolute),
          figure("tokens compared", tokens, "tokens")
        ]
      }
    } satisfies Outcome
  })).pipe(Effect.provide(layer(settings)))
