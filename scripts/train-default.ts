/**
 * Trains the default model by models/default/recipe.json and writes config.json, model.safetensors (bf16) and
 * training.json (every loss, five digits) beside it. It can be stopped at any time and started again: it goes on where
 * it was, and ends at the same weights.
 *
 *   node scripts/train-default.ts [--steps N] [--write] [--threads N] [--aside FOLDER]
 *
 * With --steps it stops after that update, and does not write the model unless told to with --write. Snapshots lie in
 * out/default-training unless said otherwise.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { gunzipSync } from "node:zlib"
import { NodeFileSystem, NodePath, NodeRuntime } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"
import { fromEither } from "../src/core/codec.ts"
import * as Key from "../src/core/key.ts"
import { writeFileAside } from "../src/methods/language/aside.ts"
import { endOfText, words } from "../src/methods/language/bytepair.ts"
import { encodeText, sweep, wordwise } from "../src/methods/language/corpus.ts"
import { initialise } from "../src/methods/language/initialise.ts"
import { make } from "../src/methods/language/model.ts"
import { save } from "../src/methods/language/model-folder.ts"
import * as Tokenizer from "../src/methods/language/tokenizer.ts"
import { mean } from "../src/methods/language/training/objective.ts"
import { read as readRecipe } from "../src/methods/language/training/recipe.ts"
import { keptIn, train } from "../src/methods/language/training/train.ts"
import * as Backends from "../src/runtime/backend.ts"
import * as Progress from "../src/runtime/progress.ts"

const root = join(import.meta.dirname, "..")
const folder = join(root, "models/default")
const { values: given } = parseArgs({
  options: {
    steps: { type: "string" }, threads: { type: "string" }, aside: { type: "string" }, write: { type: "boolean" }
  }
})
const aside = given.aside ?? join(root, "out/default-training")
const last = given.steps === undefined ? undefined : Number(given.steps)

const textOf = (files: ReadonlyArray<string>): string =>
  files.map((file) => gunzipSync(readFileSync(join(root, file))).toString("utf8")).join("")

const program = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const recipe = yield* readRecipe(join(folder, "recipe.json"))
  const { architecture, configuration, family } = recipe
  const tokenizer = yield* Tokenizer.read(folder)
  const encode = wordwise((text) => Effect.runSync(tokenizer.encode(text, { plain: true })), words, [endOfText])
  const tokensOf = (files: ReadonlyArray<string>) =>
    fromEither(encodeText(textOf(files), { encode, vocabulary: architecture.vocabulary, source: files.join(", ") }))
  const tokens = yield* tokensOf(recipe.text)
  const judged = (yield* tokensOf(recipe.heldOut)).subarray(0, recipe.heldOutTokens + 1)
  const heldOut = yield* fromEither(sweep(judged, { batch: configuration.batch, time: configuration.time }))
  const weights = yield* initialise(architecture, Key.make(configuration.seed), { deviation: recipe.deviation })
  const plan = { ...recipe.plan, steps: last ?? recipe.plan.steps }
  const request = yield* keptIn(join(aside, "state"), {
    model: { architecture, weights }, tokens, heldOut, configuration, plan
  })
  const { model, history } = yield* train(request)
  const rates = history.map(({ tokensPerSecond }) => tokensPerSecond).sort((left, right) => left - right)
  const scored = history.findLast((report) => report.heldOut !== undefined)?.heldOut
  console.log(`${history.length} steps, loss ${history.at(-1)?.loss.toFixed(4)}, held out ${
    scored === undefined ? "not scored" : mean(scored).toFixed(4)}, median ${rates[rates.length >> 1]?.toFixed(0)} tokens a second`)
  if (last !== undefined && given.write !== true) return
  const digits = (value: number): number => Number(value.toPrecision(5))
  const log = {
    loss: history.map(({ loss }) => digits(loss)),
    heldOut: history.flatMap(({ step, heldOut }) => (heldOut === undefined ? [] : [[step, digits(mean(heldOut))]])),
    tokensPerSecond: Math.round(rates[rates.length >> 1] ?? 0)
  }
  yield* writeFileAside(join(folder, "training.json"), [
    Effect.succeed(new TextEncoder().encode(`${JSON.stringify(log)}\n`))
  ])
  yield* save(make({ name: "default", ...model, family }), join(aside, "model"), { dtype: "bf16", overwrite: true })
  for (const file of ["config.json", "model.safetensors"])
    yield* fs.copyFile(join(aside, "model", file), join(folder, file))
})

const services = Layer.mergeAll(
  Backends.layer({ backend: "cpu", threads: Number(given.threads ?? 2) }),
  Progress.layer(), NodeFileSystem.layer, NodePath.layer
)
NodeRuntime.runMain(Effect.provide(Effect.scoped(program), services))
