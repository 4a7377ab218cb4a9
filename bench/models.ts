/** The Llama-shaped models with random weights that language benchmarks run, and what is done with each. */
import { Effect } from "effect"
import type { Architecture } from "../src/methods/language/architecture.ts"
import { readConfig } from "../src/methods/language/families/registry.ts"
import { countOf, parametersOf } from "../src/methods/language/parameters.ts"
import type { Format } from "../src/methods/language/storage.ts"

export interface Shape {
  readonly vocabulary: number
  readonly model: number
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly keyHeads: number
}

/** A feed-forward 2.75 times as wide as the model in steps of 32, as many keys as queries. */
const usual = (vocabulary: number, model: number, layers: number): Shape => ({
  vocabulary, model, layers, hidden: 32 * Math.ceil(2.75 * model / 32), heads: model / 64, keyHeads: model / 64
})

/** Shapes by number of parameters; the two largest are those of SmolLM2. */
export const shapes = {
  "1M": usual(1024, 128, 4),
  "5M": usual(4096, 256, 5),
  "20M": usual(8192, 512, 5),
  "15M": usual(5632, 448, 5),
  "98.6M": { vocabulary: 2048, model: 1024, layers: 8, hidden: 2560, heads: 16, keyHeads: 16 },
  "135M": { vocabulary: 49152, model: 576, layers: 30, hidden: 1536, heads: 9, keyHeads: 3 },
  "360M": { vocabulary: 49152, model: 960, layers: 32, hidden: 2560, heads: 15, keyHeads: 5 }
} as const satisfies Readonly<Record<string, Shape>>

/** The architecture of a shape, heads of 64 and tied embeddings. */
export const architectureOf = (shape: Shape): Promise<Architecture> => Effect.runPromise(Effect.map(readConfig({
  model_type: "llama", vocab_size: shape.vocabulary, hidden_size: shape.model, num_hidden_layers: shape.layers,
  intermediate_size: shape.hidden, num_attention_heads: shape.heads, num_key_value_heads: shape.keyHeads, head_dim: 64,
  max_position_embeddings: 1024, rms_norm_eps: 1e-5, rope_theta: 10000, hidden_act: "silu", attention_bias: false,
  mlp_bias: false, tie_word_embeddings: true
}, "this benchmark"), ({ architecture }) => architecture))

/** How many weights an architecture has. */
export const sizeOf = (architecture: Architecture): number =>
  parametersOf(architecture).reduce((total, parameter) => total + countOf(parameter), 0)

export type Size = keyof typeof shapes

/** Tokens of the prompt; a training update's rows and their length. */
export const [prompt, windows] = [512, { batch: 8, time: 64 }]

/** What is read and continued, in which formats; the first of a group is the one that the others are compared with. */
export const decoded: ReadonlyArray<readonly [Size, ReadonlyArray<Format>]> = [
  ["15M", ["int8", "f32", "bf16", "int4"]], ["98.6M", ["int8", "f32", "bf16", "int4"]], ["135M", ["int8", "f32"]],
  ["360M", ["int8", "f32"]]
]
export const trained: ReadonlyArray<Size> = ["1M", "5M", "20M"]
/** The model of @wllama/wllama's bar. */
export const known: Size = "98.6M"

/** The names of the groups of rows of a model. */
export const groupsOf = (architecture: Architecture) => {
  const size = `${(sizeOf(architecture) / 1e6).toFixed(1)} M parameters`
  return {
    prefill: `reading ${prompt} tokens, ${size}`, decode: `continuing ${prompt} tokens, ${size}`,
    training: `training, ${windows.batch * windows.time} tokens an update, ${size}`
  }
}

/** The models as another program is told of them. */
export const described = async (quick: boolean): Promise<string> => {
  const all: ReadonlyArray<Size> = [...decoded.map(([size]) => size), ...trained]
  const chosen = quick ? all.filter((size) => size === "15M" || size === "1M") : all
  return JSON.stringify(await Promise.all(chosen.map(async (size) => ({
    ...shapes[size], ...groupsOf(await architectureOf(shapes[size])), decoded: !trained.includes(size),
    trained: trained.includes(size)
  }))))
}
