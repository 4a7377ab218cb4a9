/**
 * Trains a model on the text of a file. The folder `out` holds `model`, written when training ends, and `state`, from
 * which it goes on after an interruption at any step.
 */
import { Data, Effect, FileSystem, Path } from "effect"
import * as Key from "../../core/key.ts"
import { initialise } from "../../methods/language/initialise.ts"
import { make } from "../../methods/language/model.ts"
import { open, save } from "../../methods/language/model-folder.ts"
import { read } from "../../methods/language/tokenizer.ts"
import { usual } from "../../methods/language/training/configuration.ts"
import { inFolder } from "../../methods/language/training/snapshot.ts"
import { identityOf, train as run } from "../../methods/language/training/train.ts"
import { layer } from "../backend.ts"
import { embedded } from "../embedded.ts"
import type { Outcome, TrainRequest } from "./request.ts"
import { readText, tokensOf } from "./text.ts"

/** The folder holds a training run, and the command did not say whether to go on with it. */
export class RunExists extends Data.TaggedError("RunExists")<{ readonly file: string; readonly message: string }> {}

const snapshotEvery = 50

/** Trains, saving the state every 50 steps and when interrupted, and writes the trained model. */
export const train = ({ text: file, from, out, steps, batch, context: time, rate: peak, resume, settings }: TrainRequest) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const state = path.join(out, "state")
    if (!resume && (yield* fs.exists(state)))
      return yield* new RunExists({ file: state, message: `${state}: there is a training run here; give --resume to go on with it, or another folder` })
    const folder = from ?? embedded.model
    const start = yield* open(folder)
    const tokenizer = yield* read(folder)
    const text = yield* readText(file)
    const tokens = yield* tokensOf(text, tokenizer, start.architecture.vocabulary, file)
    const model = from !== undefined ? start : make({
      ...start, name: "random weights", weights: yield* initialise(start.architecture, Key.fold(Key.make(settings.seed), 2))
    })
    const configuration = usual({ steps, batch, time, peak, seed: settings.seed })
    const store = yield* inFolder(state, yield* identityOf(model.architecture, configuration, tokens))
    const { model: trained, history } = yield* run({
      model, tokens, configuration, store, plan: { steps, evaluateEvery: 0, snapshotEvery }
    })
    const place = path.join(out, "model")
    yield* save(make({ ...model, ...trained }), place, { overwrite: true })
    const [first, last] = [history[0], history.at(-1)]
    return {
      report: {
        method: "train", backend: settings.backend, seed: settings.seed, laws: [],
        figures: [
          { name: "steps", value: history.length, unit: "steps", source: "measured" },
          { name: "first loss", value: first?.loss ?? NaN, unit: "nats a token", source: "measured" },
          { name: "last loss", value: last?.loss ?? NaN, unit: "nats a token", source: "measured" },
          { name: "rate", value: history.reduce((sum, { tokensPerSecond }) => sum + tokensPerSecond, 0) / history.length, unit: "tokens a second", source: "measured" }
        ]
      },
      plots: [{ title: "Training loss", x: "step", y: "loss (nats a token)", series: [{ name: "loss", points: history.map(({ step, loss }) => [step, loss] as const) }] }],
      written: { model: place, state }
    } satisfies Outcome
  })).pipe(Effect.provide(layer(settings)))
