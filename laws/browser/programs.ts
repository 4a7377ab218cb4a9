/**
 * What is computed in a browser and in Node alike, to be compared to the bit: contractions in f32 and f64, loops with
 * reductions and elementary functions, and a small transformer that is initialised and trained for three updates.
 */
import { Effect, Stream } from "effect"
import { Backend } from "../../src/algebra/backend.ts"
import { geluTanh } from "../../src/algebra/derived/activation.ts"
import { layerNorm } from "../../src/algebra/derived/norm.ts"
import { softmax } from "../../src/algebra/derived/softmax.ts"
import type { HostArray } from "../../src/algebra/dtype.ts"
import { contract, input, sine } from "../../src/algebra/tensor.ts"
import { fromEither } from "../../src/core/codec.ts"
import * as Key from "../../src/core/key.ts"
import { fromIds } from "../../src/methods/language/corpus.ts"
import { readConfig } from "../../src/methods/language/families/registry.ts"
import { initialise } from "../../src/methods/language/initialise.ts"
import { usual } from "../../src/methods/language/training/configuration.ts"
import { runOf } from "../../src/methods/language/training/train.ts"

/** Results by name: their bytes in hexadecimal, which no encoding on the way can change. */
export type Computed = Readonly<Record<string, string>>

const hexadecimal = ({ buffer, byteOffset, byteLength }: HostArray): string =>
  Array.from(new Uint8Array(buffer, byteOffset, byteLength), (byte) => byte.toString(16).padStart(2, "0")).join("")

const size = 160

const matrices = Effect.scoped(Effect.gen(function*() {
  const backend = yield* Backend
  const [left, right] = [{ row: size, column: size }, { column: size, other: size }]
  const given = {
    a32: input("f32", left, "a32"), b32: input("f32", right, "b32"),
    a64: input("f64", left, "a64"), b64: input("f64", right, "b64")
  }
  const program = yield* backend.compile(given, {
    single: contract(given.a32, given.b32, "column"),
    double: contract(given.a64, given.b64, "column"),
    weight: softmax(given.a32, "column"),
    norm: layerNorm(given.a64, "column", 1e-5),
    chain: geluTanh(sine(given.a32))
  })
  // exact in f32, and whatever the engine's elementary functions are
  const numbers = Float64Array.from(Key.uniform(Key.make(3), size * size), (number) => number - 0.5)
  const { single, double, weight, norm, chain } = yield* program.run({
    a32: yield* backend.put("f32", left, Float32Array.from(numbers)),
    b32: yield* backend.put("f32", right, Float32Array.from(numbers).reverse()),
    a64: yield* backend.put("f64", left, numbers),
    b64: yield* backend.put("f64", right, numbers.toReversed())
  })
  const computed: Computed = {
    "f32 contraction": hexadecimal((yield* backend.read(single)).data),
    "f64 contraction": hexadecimal((yield* backend.read(double)).data),
    softmax: hexadecimal((yield* backend.read(weight)).data),
    "layer norm": hexadecimal((yield* backend.read(norm)).data),
    "gelu of a sine": hexadecimal((yield* backend.read(chain)).data)
  }
  return computed
}))

const config = {
  model_type: "llama", vocab_size: 64, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2,
  num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 32, rms_norm_eps: 1e-5, rope_theta: 10000,
  hidden_act: "silu", attention_bias: false, mlp_bias: false, tie_word_embeddings: true
}

const training = Effect.scoped(Effect.gen(function*() {
  const { architecture } = yield* readConfig(config, "the browser's law")
  const { vocabulary } = architecture
  const ids = Key.integers(Key.make(4), 500, vocabulary)
  const steps = 3
  const run = yield* runOf({
    model: { architecture, weights: yield* initialise(architecture, Key.make(5)) },
    tokens: yield* fromEither(fromIds(ids, { vocabulary, source: "random tokens" })),
    configuration: usual({ steps, batch: 8, time: 32, peak: 0.01, seed: 6 }),
    plan: { steps, evaluateEvery: 0, snapshotEvery: 0 }
  })
  yield* Stream.runDrain(run.reports)
  const computed: Computed = {
    losses: hexadecimal(Float64Array.from(run.history(), ({ loss }) => loss)),
    ...Object.fromEntries((yield* run.weights).map(({ path, data }) => [`trained ${path}`, hexadecimal(data)]))
  }
  return computed
}))

/** Everything, on the backend in the context. */
export const programs = Effect.map(Effect.all([matrices, training]), ([first, second]): Computed =>
  ({ ...first, ...second }))
