/**
 * The public pipeline: a language model, a text in tokens and a configuration give a trained model. Decay is for
 * matrices and tables (the embedding, the unembedding and learned positions among them), not for gains and shifts: the
 * parameters of two or more dimensions in a checkpoint, as in the recipes of GPT-2's reproductions and Llama.
 */
import { Effect, Layer, Stream } from "effect"
import { fromEither } from "../../../core/codec.ts"
import * as Key from "../../../core/key.ts"
import { tracked } from "../../../core/progress.ts"
import type { Architecture } from "../architecture.ts"
import type { Batch, Tokens, Weighted } from "../corpus.ts"
import { batches } from "../corpus.ts"
import type { Transformer } from "../model.ts"
import { LanguageModel, make } from "../model.ts"
import type { Parameter } from "../parameters.ts"
import { kinds, parametersOf } from "../parameters.ts"
import type { Weights } from "../transformer.ts"
import { logits, placeholders } from "../transformer.ts"
import { leavesOf } from "../tree.ts"
import { put, read } from "../weights.ts"
import type { Group } from "./adamw.ts"
import type { Configuration, Plan } from "./configuration.ts"
import type { Training } from "./loop.ts"
import { start } from "./loop.ts"
import { mean, nextToken } from "./objective.ts"
import type { Report } from "./report.ts"
import type { Identity, Store, Values } from "./snapshot.ts"
import { inFolder } from "./snapshot.ts"
import type { Task } from "./step.ts"

/** What `train` is given. */
export interface Request {
  /** Where training starts, unless the store holds a snapshot; its weights are copied, not consumed. */
  readonly model: Transformer
  /** The text to learn. */
  readonly tokens: Tokens
  /** Windows to evaluate on (`sweep` in corpus.ts makes them). */
  readonly heldOut?: ReadonlyArray<Weighted>
  readonly configuration: Configuration
  readonly plan: Plan
  readonly store?: Store
}

/** The task of a language model. */
export const taskOf = (architecture: Architecture): Task<Weights<"f32">> => ({
  weights: placeholders(architecture, "f32"),
  total: (weights, { inputs, targets, weights: counted }) =>
    nextToken(logits(architecture, weights, inputs), targets, counted)
})

/** Whether a parameter decays: it does where it is a table or a map. */
export const decays = ({ kind }: Parameter): boolean => kinds[kind].role === "table" || kinds[kind].role === "map"

/** The optimiser's group of each parameter of an architecture, by its path. */
export const groupsOf = (
  architecture: Architecture, { decay, multipliers }: Configuration
): ((path: string) => Group) => {
  const groups = new Map(parametersOf(architecture).map((parameter) =>
    [parameter.path, { decay: decays(parameter) ? decay : 0, multiplier: multipliers[parameter.path] ?? 1 }]))
  return (path) => groups.get(path) ?? { decay: 0, multiplier: multipliers[path] ?? 1 }
}

/** A model's weights as a list on the host. */
const valuesOf = ({ architecture, weights }: Transformer) => Effect.map(read(architecture, weights), (tree) =>
  leavesOf(architecture, tree).map(([{ path, axes }, data]): Values =>
    ({ path, shape: axes.map(([, size]) => size), data })))

const counted = (batch: Batch): Weighted => ({ ...batch, weights: new Float32Array(batch.inputs.length).fill(1) })

const hexadecimal = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")

/** What a snapshot must agree in to be gone on from; `text` is the SHA-256 of the tokens, four bytes each. */
export const identityOf = (
  architecture: Architecture, configuration: Configuration, tokens: Tokens
): Effect.Effect<Identity> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.digest("SHA-256", Uint32Array.from(tokens))),
    (digest) => ({ configuration, architecture, tokens: tokens.length, text: hexadecimal(new Uint8Array(digest)) })
  )

/** The request with its snapshots kept in a folder, from whose newest it goes on. */
export const keptIn = (folder: string, request: Request) =>
  Effect.gen(function* () {
    const { model: { architecture }, configuration, tokens } = request
    const store = yield* inFolder(folder, yield* identityOf(architecture, configuration, tokens))
    return { ...request, store } satisfies Request
  })

/** The run of a request, started or resumed in its Scope: its reports are a stream to be drawn from. */
export const runOf = ({ model, tokens, heldOut = [], configuration, plan, store }: Request) => Effect.gen(function* () {
  const { architecture } = model
  const { batch, time, seed } = configuration
  const batchOf = yield* fromEither(batches(tokens, { batch, time, key: Key.fold(Key.make(seed), 1) }))
  const training: Training<Weights<"f32">> = {
    task: taskOf(architecture),
    initial: yield* valuesOf(model),
    groupOf: groupsOf(architecture, configuration),
    batchAt: (position) => counted(batchOf(position)),
    heldOut, configuration, plan,
    ...store === undefined ? {} : { store }
  }
  return yield* start(training)
})

/** A trained model, its weights in the Scope that asked for it, and the reports of all updates. */
export interface Trained {
  readonly model: Transformer
  readonly history: ReadonlyArray<Report>
}

/**
 * Trains to the last step of the plan, as tracked work. Interrupted, it saves where it is and goes on from there next
 * time. Fails with a `NonFiniteLoss` that names the step, a `SnapshotMismatch` that names the field, a `CorpusError`
 * where the text is shorter than a window, or what the backend or the file system fails with.
 */
export const train = (request: Request) => Effect.gen(function* () {
  const { architecture } = request.model
  const { values, history } = yield* Effect.scoped(Effect.gen(function* () {
    const run = yield* runOf(request)
    yield* tracked({ name: "training", total: request.plan.steps, unit: "step" }, (tracker) =>
      Stream.runForEach(run.reports, ({ step, heldOut, ...figures }) =>
        tracker.moveTo(step, { figures: heldOut === undefined ? figures : { ...figures, heldOut: mean(heldOut) } })))
    return { values: new Map((yield* run.weights).map(({ path, data }) => [path, data])), history: run.history() }
  }))
  const weights = yield* put(architecture, ({ path }) => Effect.succeed(values.get(path) ?? new Float32Array(0)))
  const trained: Trained = { model: { architecture, weights }, history }
  return trained
})

/** The language model in the context, trained. */
export const layer = (request: Omit<Request, "model">) => Layer.effect(LanguageModel, Effect.gen(function* () {
  const model = yield* LanguageModel
  const trained = yield* train({ ...request, model })
  return make({ ...model, ...trained.model })
}))
