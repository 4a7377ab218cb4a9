/**
 * How fast language models run: Llama-shaped ones with random weights read a prompt, continue it token by token, and
 * are trained, by the library's own decoder and training step. No other software takes part.
 * `npm run bench -- --only language`
 */
import { Effect, ManagedRuntime, Scope } from "effect"
import { Backend } from "../src/algebra/backend.ts"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import * as Key from "../src/core/key.ts"
import type { Architecture } from "../src/methods/language/architecture.ts"
import { decoder } from "../src/methods/language/decode.ts"
import { readConfig } from "../src/methods/language/families/registry.ts"
import { initialise } from "../src/methods/language/initialise.ts"
import { parametersOf } from "../src/methods/language/parameters.ts"
import { leavesOf as parametersWith } from "../src/methods/language/tree.ts"
import { pace } from "../src/methods/language/training/adamw.ts"
import { usual } from "../src/methods/language/training/configuration.ts"
import type { State } from "../src/methods/language/training/step.ts"
import { compileUpdate, leavesOf } from "../src/methods/language/training/step.ts"
import { groupsOf, taskOf } from "../src/methods/language/training/train.ts"
import type { Entrant } from "./race.ts"
import { race } from "./race.ts"
import type { Row } from "./row.ts"
import { suite } from "./suite.ts"

const [prompt, windows] = [512, { batch: 8, time: 64 }]

/** Heads of 64, a feed-forward 2.75 times as wide as the model in steps of 32, tied embeddings. */
const config = (vocabulary: number, model: number, layers: number) => ({
  model_type: "llama", vocab_size: vocabulary, hidden_size: model, num_hidden_layers: layers,
  intermediate_size: 32 * Math.ceil(2.75 * model / 32), num_attention_heads: model / 64,
  num_key_value_heads: model / 64, max_position_embeddings: 1024, rms_norm_eps: 1e-5, rope_theta: 10000,
  hidden_act: "silu", attention_bias: false, mlp_bias: false, tie_word_embeddings: true
})

const models = [config(1024, 128, 4), config(4096, 256, 5), config(8192, 512, 5)]

const sizeOf = (architecture: Architecture): number => parametersOf(architecture)
  .reduce((total, { axes }) => total + axes.reduce((count, [, size]) => count * size, 1), 0)

const tokensOf = ({ vocabulary }: Architecture, count: number): Int32Array =>
  Int32Array.from(Key.integers(Key.make(2), count, vocabulary))

/** A model that was read into a decoder's memory, and the same in training; each effect is one run. */
const prepare = (architecture: Architecture) => Effect.gen(function* () {
  const backend = yield* Backend
  const random = initialise(architecture, Key.make(1))
  const read = yield* decoder({ architecture, weights: yield* random }, 1, architecture.context)
  const piece = Array.from(tokensOf(architecture, prompt))

  const { batch, time } = windows
  const configuration = usual({ steps: 1000, ...windows, peak: 1e-4, seed: 1 })
  const task = taskOf(architecture)
  const update = yield* compileUpdate(task, windows, {
    ...configuration, groupOf: groupsOf(architecture, configuration)
  })
  const initial = new Map(parametersWith(architecture, yield* random).map(([{ path }, buffer]) => [path, buffer]))
  const zeros = Effect.forEach(leavesOf(task), ({ value: { axes } }) => backend.put<"f32", string>(
    "f32", Object.fromEntries(axes), new Float32Array([...axes.values()].reduce((count, size) => count * size, 1))))
  let state: State = {
    // every leaf of the task is a parameter of the architecture; buffers of all kinds are f32
    weights: leavesOf(task).map(({ path }) => initial.get(path) as State["weights"][number]),
    first: yield* zeros,
    second: yield* zeros
  }
  const tokens = tokensOf(architecture, batch * time + 1)
  const data = {
    ...windows, inputs: tokens.slice(0, -1), targets: tokens.slice(1), weights: new Float32Array(batch * time).fill(1)
  }
  return {
    prefill: read([{ piece, from: 0 }], "likeliest"),
    decode: read([{ piece: [1], from: prompt }], "likeliest"),
    train: Effect.map(
      Effect.suspend(() => update(state, [data], pace(configuration, 1e-5, 1))),
      ({ state: next }) => { state = next })
  }
})

await suite(async ({ milliseconds, quick }) => {
  const rows: Array<Row> = []
  for (const each of quick ? models.slice(0, 1) : models) {
    const { architecture } = await Effect.runPromise(readConfig(each, "this benchmark"))
    const size = `${(sizeOf(architecture) / 1e6).toFixed(1)} M parameters`
    const contestants = { prefill: [] as Array<Entrant>, decode: [] as Array<Entrant>, train: [] as Array<Entrant> }
    const runtimes = [1, 2].map((threads) => ({ threads, runtime: ManagedRuntime.make(layerWith({ threads })) }))
    const scope = await Effect.runPromise(Scope.make())
    for (const { threads, runtime } of runtimes) {
      const own = await runtime.runPromise(Effect.provideService(prepare(architecture), Scope.Scope, scope))
      const entrant = (work: number, once: typeof own[keyof typeof own]): Entrant =>
        ({ name: "noether", threads, work, run: async () => void await runtime.runPromise<unknown, unknown>(once) })
      contestants.prefill.push(entrant(prompt, own.prefill))
      contestants.decode.push(entrant(1, own.decode))
      contestants.train.push(entrant(1, own.train))
    }
    const rounds = { suite: "language" as const, milliseconds, warmUp: milliseconds / 2 }
    const reading = { ...rounds, unit: "tokens/s" }
    const [{ batch, time }, { prefill, decode, train }] = [windows, contestants]
    rows.push(
      ...await race({ ...reading, group: `reading ${prompt} tokens, ${size}`, contestants: prefill }),
      ...await race({ ...reading, group: `continuing ${prompt} tokens, ${size}`, contestants: decode }),
      ...await race({
        ...rounds, unit: "updates/s", group: `training, ${batch * time} tokens an update, ${size}`, contestants: train
      })
    )
    for (const { runtime } of runtimes) await runtime.dispose()
  }
  return rows
})
