/** Small random models in folders that are whole: configuration, weights, and the tokenizer of the embedded model. */
import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"
import { afterAll } from "vitest"
import * as Reference from "../../src/algebra/backends/reference/index.ts"
import * as Key from "../../src/core/key.ts"
import { readConfig } from "../../src/methods/language/families/registry.ts"
import { initialise } from "../../src/methods/language/initialise.ts"
import { save } from "../../src/methods/language/model-folder.ts"
import { make } from "../../src/methods/language/model.ts"
import { embedded } from "../../src/runtime/embedded.ts"

/** A Llama of 0.02 million weights for the embedded tokenizer. */
const config = {
  model_type: "llama", vocab_size: 1024, hidden_size: 16, intermediate_size: 24, num_hidden_layers: 2,
  num_attention_heads: 4, num_key_value_heads: 2, max_position_embeddings: 64, rms_norm_eps: 1e-5, rope_theta: 10000,
  hidden_act: "silu", attention_bias: false, mlp_bias: false, tie_word_embeddings: true, bos_token_id: 0,
  eos_token_id: 0
}

/** A folder that is gone after the laws of the file. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), "noether-law-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a model of random weights with this standard deviation. */
export const writeModel = (folder: string, deviation = 0.3): Promise<void> =>
  Effect.gen(function*() {
    const { architecture, family } = yield* readConfig(config, "config.json")
    const weights = yield* initialise(architecture, Key.make(3), { deviation })
    const { tokenizerFiles } = embedded
    yield* save(make({ name: "random", architecture, family, weights, tokenizerFiles }), folder)
  }).pipe(
    Effect.scoped,
    Effect.provide(Layer.merge(Reference.layer, NodeServices.layer)),
    Effect.runPromise
  )

/** English for a model to read. */
export const prose = `A whale-ship was my Yale College and my Harvard. ${
  "It is not down on any map; true places never are. I know not all that may be coming, but be it what it will, "
    .repeat(9)
}I'll go to it laughing.`
