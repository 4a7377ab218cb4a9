/**
 * A language model of bytes, from random weights, trained for twenty steps. Training is a stream of reports: whoever
 * draws from it decides how far it goes and what becomes of them.
 *
 *   npm run example examples/train.ts
 */
import { Console, Effect, Stream } from "effect"
import { algebra, core, language } from "noether"

const text = "She sells sea-shells on the sea-shore; the shells she sells are sea-shells, I'm sure. ".repeat(20)

const config = {
  model_type: "llama", vocab_size: 256, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2,
  num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 10000,
  hidden_act: "silu", attention_bias: false, mlp_bias: false, tie_word_embeddings: true
}

const steps = 20

const program = Effect.scoped(Effect.gen(function*() {
  const { architecture } = yield* language.Families.readConfig(config, "this example")
  const weights = yield* language.Initialise.initialise(architecture, core.Key.make(1))
  const bytes = new TextEncoder().encode(text)
  const tokens = yield* core.Codec.fromEither(
    language.Corpus.fromIds(bytes, { vocabulary: architecture.vocabulary, source: "the text" }))
  const { reports } = yield* language.Training.runOf({
    model: { architecture, weights },
    tokens,
    configuration: language.TrainingConfiguration.usual({ steps, batch: 8, time: 32, peak: 0.02, seed: 1 }),
    plan: { steps, evaluateEvery: 0, snapshotEvery: 0 }
  })
  yield* Stream.runForEach(reports, ({ step, loss, gradientNorm }) =>
    Console.log(`step ${step}: loss ${loss.toFixed(4)}, gradient norm ${gradientNorm.toFixed(3)}`))
}))

await Effect.runPromise(Effect.provide(program, algebra.Cpu.layer))
