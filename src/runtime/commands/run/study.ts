/**
 * The main job's work, wherever it runs: it reads a model and text from the file system in the context, and computes on
 * the backend in the context. The command line gives it this package's files on disk, the page the same files fetched.
 */
import { Clock, Effect } from "effect"
import { tracked } from "../../../core/progress.ts"
import * as Stage from "../../../core/stage.ts"
import { open } from "../../../methods/language/model-folder.ts"
import { perplexity } from "../../../methods/language/score.ts"
import { readText, tokensOf } from "../text.ts"
import { compare } from "./compare.ts"
import { conserve } from "./conserve.ts"
import type { Size } from "./size.ts"

/** Where the job finds what it reads: the folder of the model, and files of text. */
export interface Given {
  readonly model: string
  readonly prose: { readonly train: string; readonly heldOut: string }
  readonly records: { readonly heldOut: string }
}

const load = Stage.make("load", (given: Given) => Effect.gen(function*() {
  const model = yield* open(given.model)
  const tokens = (file: string) =>
    tracked({ name: `reading ${file}` }, () => Effect.flatMap(readText(file), (text) => tokensOf(text, file, model)))
  return {
    model, train: yield* tokens(given.prose.train),
    heldOut: yield* tokens(given.prose.heldOut), records: yield* tokens(given.records.heldOut)
  }
}))

type Loaded = Effect.Success<ReturnType<typeof load.run>>

const measure = (size: Size, seed: number) =>
  Stage.make("study", ({ model, train, heldOut, records }: Loaded) =>
    Effect.gen(function* () {
      const scored = yield* perplexity(model, heldOut.slice(0, size.heldOut))
      const recorded = yield* perplexity(model, records.slice(0, size.heldOut))
      const conserved = yield* conserve(model, heldOut, size, seed)
      const curves = yield* compare(model, train, heldOut, size, seed)
      return { architecture: model.architecture, scored, recorded, conserved, curves }
    })
  )

/** Loads, then measures, grows by every variant and trains; everything that was found, and the seconds it took. */
export const study = (given: Given, size: Size, seed: number) => Effect.scoped(Effect.gen(function*() {
  const began = yield* Clock.currentTimeMillis
  const found = yield* Stage.andThen(load, measure(size, seed)).run(given)
  return { ...found, seconds: ((yield* Clock.currentTimeMillis) - began) / 1000 }
}))

/** What a study found. */
export type Study = Effect.Success<ReturnType<typeof study>>
