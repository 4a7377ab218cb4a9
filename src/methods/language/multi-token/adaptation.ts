/**
 * Training of an adapter (2507.11851, sections 2.5 and 3): mask embeddings, gated terms and the sampler head learn on
 * packed windows of a text; the model's own weights are read and never written. AdamW with a warm-up and then a flat
 * rate. A run may be stopped at any step and resumed to the bit.
 */
import { Effect, Stream } from "effect"
import { sizeOf } from "../../../algebra/axis.ts"
import type { Buffer, SomeBuffer } from "../../../algebra/backend.ts"
import type { Some, Tensor } from "../../../algebra/tensor.ts"
import { fromEither } from "../../../core/codec.ts"
import * as Key from "../../../core/key.ts"
import { tracked } from "../../../core/progress.ts"
import type { Batch, Tokens, Weighted } from "../corpus.ts"
import { batches } from "../corpus.ts"
import type { Uniform } from "../parameters.ts"
import { leavesOf } from "../tree.ts"
import type { Configuration as Training, Plan } from "../training/configuration.ts"
import { start } from "../training/loop.ts"
import { mean } from "../training/objective.ts"
import type { Report } from "../training/report.ts"
import type { Identity, Store, Values } from "../training/snapshot.ts"
import type { Task } from "../training/step.ts"
import { identityOf as trainingIdentity } from "../training/train.ts"
import * as Base from "../transformer.ts"
import type { Tensors } from "../transformer.ts"
import type { Transformer } from "../weights.ts"
import type { Adapter, AdapterParameter } from "./adapter.ts"
import { parametersOf, placeholders } from "./adapter.ts"
import type { Shape } from "./configuration.ts"
import { bufferTree, initialise } from "./initialise.ts"
import { combined, losses } from "./losses.ts"
import { gateOf, layoutOf, openGate, pack } from "./masked-input.ts"
import type { Adapted } from "./verification.ts"

/** What an adapter is trained on, and how. */
export interface Request {
  /** The model that is adapted; its weights stay what they are. */
  readonly model: Transformer
  readonly shape: Shape
  /** Weight of the latent-consistency loss. */
  readonly consistency: number
  /** False for plain low-rank adaptation, which acts on the text's own tokens too; for comparison. Default true. */
  readonly gated?: boolean
  readonly tokens: Tokens
  /** Windows to evaluate on. */
  readonly heldOut?: ReadonlyArray<Weighted>
  readonly configuration: Training
  readonly plan: Plan
  readonly store?: Store
}

/** A usual recipe: a tenth of warm-up and then a flat rate, as in the paper; no decay. */
export const usual = (
  { steps, batch, time, peak, seed }: Readonly<Record<"steps" | "batch" | "time" | "peak" | "seed", number>>
): Training => ({
  seed, batch, time, accumulate: 1,
  schedule: { kind: "constant", peak, warmup: Math.ceil(steps / 10) },
  beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0, clip: 1, multipliers: {}
})

/** Whether a parameter decays: it does where it is a map, between two axes of features. */
const decays = ({ path, axes }: AdapterParameter): boolean => path !== "masks" && axes.length > 1

/** The loss of an adapter, with the model's weights as what it reads and training leaves as it is. */
export const taskOf = (
  { architecture, weights }: Transformer, shape: Shape, consistency: number, gated = true
): Task<Adapter<"f32">> => {
  const base = Base.placeholders(architecture, "f32")
  // lists of leaves forget their axes, which the kinds of the parameters state
  const inputs: ReadonlyArray<Some<"f32">> = leavesOf<Tensors<"f32">>(architecture, base).map(([, leaf]) => leaf)
  const values: ReadonlyArray<SomeBuffer> =
    leavesOf<Uniform<SomeBuffer>>(architecture, weights).map(([, leaf]) => leaf)
  return {
    weights: placeholders(architecture, shape, "f32"),
    frozen: {
      inputs: inputs as ReadonlyArray<Tensor<"f32", string>>, values: values as ReadonlyArray<Buffer<"f32", string>>
    },
    total: (adapter, batch) => {
      const { axes } = batch.inputs
      const layout = layoutOf(pack(sizeOf("adapt", axes, "time"), shape.masks), sizeOf("adapt", axes, "batch"))
      const gate = gated ? gateOf(layout) : openGate(layout)
      return combined(losses(architecture, base, adapter, batch, layout, gate), consistency)
    }
  }
}

/** What a snapshot must agree in to be gone on from. The model itself is told by its architecture. */
export const identityOf = (
  { model, shape, consistency, gated = true, configuration, tokens }: Omit<Request, "plan">
): Effect.Effect<Identity> =>
  Effect.map(trainingIdentity(model.architecture, configuration, tokens), (identity) =>
    ({ ...identity, shape, consistency, gated }))

const counted = (batch: Batch): Weighted => ({ ...batch, weights: new Float32Array(batch.inputs.length).fill(1) })

/** The run of a request, started or resumed in its Scope. */
export const runOf = (
  { model, shape, consistency, gated, tokens, heldOut = [], configuration, plan, store }: Request
) => Effect.gen(function*() {
  const { architecture } = model
  const { batch, time, seed, decay, multipliers } = configuration
  const key = Key.make(seed)
  const batchOf = yield* fromEither(batches(tokens, { batch, time, key: Key.fold(key, 1) }))
  const first = yield* initialise(model, shape, Key.fold(key, 2))
  const parameters = parametersOf(architecture, shape)
  const groups = new Map(parameters.map((parameter) =>
    [parameter.path, { decay: decays(parameter) ? decay : 0, multiplier: multipliers[parameter.path] ?? 1 }]))
  return yield* start({
    task: taskOf(model, shape, consistency, gated),
    initial: parameters.map(({ path, axes }): Values =>
      ({ path, shape: axes.map(([, size]) => size), data: first.get(path) ?? new Float32Array(0) })),
    groupOf: (path) => groups.get(path) ?? { decay: 0, multiplier: 1 },
    batchAt: (position) => counted(batchOf(position)),
    heldOut, configuration, plan,
    ...store === undefined ? {} : { store }
  })
})

/** A trained adapter, in the Scope that asked for it, and the reports of all updates. */
export interface Trained {
  readonly adapted: Adapted
  readonly history: ReadonlyArray<Report>
}

/** Trains an adapter to the last step of the plan, as tracked work; interrupted, it goes on from its store. */
export const adapt = (request: Request) => Effect.gen(function*() {
  const { model: { architecture }, shape } = request
  const { values, history } = yield* Effect.scoped(Effect.gen(function*() {
    const run = yield* runOf(request)
    yield* tracked({ name: "adapting", total: request.plan.steps, unit: "step" }, (tracker) =>
      Stream.runForEach(run.reports, ({ step, heldOut, ...figures }) =>
        tracker.moveTo(step, { figures: heldOut === undefined ? figures : { ...figures, heldOut: mean(heldOut) } })))
    return { values: new Map((yield* run.weights).map(({ path, data }) => [path, data])), history: run.history() }
  }))
  const adapter = yield* bufferTree(architecture, shape, ({ path }) =>
    Effect.succeed(values.get(path) ?? new Float32Array(0)))
  const trained: Trained = { adapted: { shape, adapter }, history }
  return trained
})
