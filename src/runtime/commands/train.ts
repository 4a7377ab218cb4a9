/**
 * Trains a model on the text of a file. The folder `out` holds `model`, written when training ends, and `state`, from
 * which it goes on after an interruption at any step.
 */
import { Effect, Path } from "effect"
import * as Key from "../../core/key.ts"
import { initialise } from "../../methods/language/initialise.ts"
import { make } from "../../methods/language/model.ts"
import { open, save } from "../../methods/language/model-folder.ts"
import { read as readTokenizer } from "../../methods/language/tokenizer.ts"
import { usual } from "../../methods/language/training/configuration.ts"
import { read as readRecipe } from "../../methods/language/training/recipe.ts"
import { inFolder } from "../../methods/language/training/snapshot.ts"
import { identityOf, train as run } from "../../methods/language/training/train.ts"
import { layer } from "../backend.ts"
import { embedded } from "../embedded.ts"
import { figure, type Outcome, type TrainRequest } from "./request.ts"
import { checkState, snapshotEvery, tokensToLearn } from "./training-run.ts"

/** The architecture of the embedded recipe with weights drawn as it says, and the tokenizer beside it. */
const random = Effect.fnUntraced(function*(seed: number) {
  const { architecture, deviation, family } = yield* readRecipe(embedded.recipe)
  const tokenizer = yield* readTokenizer(embedded.model)
  const weights = yield* initialise(architecture, Key.fold(Key.make(seed), 2), { deviation })
  const { tokenizerFiles } = embedded
  return make({ name: "random weights", architecture, family, weights, tokenizer, tokenizerFiles })
})

/** Trains, saving the state every 50 steps and when interrupted, and writes the trained model. */
export const train = ({
  text: file, from, out, steps, batch, context: time, rate: peak, resume, settings
}: TrainRequest) => Effect.scoped(Effect.gen(function*() {
  const path = yield* Path.Path
  const [state, place] = [path.join(out, "state"), path.join(out, "model")]
  yield* checkState(state, resume)
  const model = from === undefined ? yield* random(settings.seed) : yield* open(from)
  const { architecture } = model
  const tokens = yield* tokensToLearn(file, model, time)
  const configuration = usual({ steps, batch, time, peak, seed: settings.seed })
  const store = yield* inFolder(state, yield* identityOf(architecture, configuration, tokens))
  const plan = { steps, evaluateEvery: 0, snapshotEvery }
  const { model: trained, history } = yield* run({ model, tokens, configuration, store, plan })
  yield* save(make({ ...model, ...trained }), place, { overwrite: true })
  const rates = history.reduce((sum, { tokensPerSecond }) => sum + tokensPerSecond, 0)
  return {
    report: {
      method: "train",
      backend: settings.backend,
      seed: settings.seed,
      laws: [],
      figures: [
        figure("steps", history.length, "steps"),
        figure("first loss", history[0]?.loss ?? NaN, "nats a token"),
        figure("last loss", history.at(-1)?.loss ?? NaN, "nats a token"),
        figure("rate", rates / history.length, "tokens a second")
      ]
    },
    plots: [{
      title: "Training loss", x: "step", y: "loss (nats a token)",
      series: [{ name: "loss", points: history.map(({ step, loss }) => [step, loss] as const) }]
    }],
    written: { model: place, state }
  } satisfies Outcome
})).pipe(Effect.provide(layer(settings)))
