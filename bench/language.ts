/**
 * How fast language models run: Llama-shaped ones with random weights, kept in each format, read a prompt and continue
 * it token by token, and are trained, by the library's own decoder and training step. The model that llama.cpp's
 * figures are known for runs there too, with the same weights. `npm run bench -- --only language`
 */
import { Effect, ManagedRuntime, Scope } from "effect"
import { Backend } from "../src/algebra/backend.ts"
import { layerWith } from "../src/algebra/backends/cpu/index.ts"
import * as Key from "../src/core/key.ts"
import type { Architecture } from "../src/methods/language/architecture.ts"
import { decoder } from "../src/methods/language/decode.ts"
import { initialise } from "../src/methods/language/initialise.ts"
import type { Format } from "../src/methods/language/storage.ts"
import { leavesOf as parametersWith } from "../src/methods/language/tree.ts"
import { pace } from "../src/methods/language/training/adamw.ts"
import { usual } from "../src/methods/language/training/configuration.ts"
import type { State } from "../src/methods/language/training/step.ts"
import { compileUpdate, leavesOf } from "../src/methods/language/training/step.ts"
import { groupsOf as decayGroupsOf, taskOf } from "../src/methods/language/training/train.ts"
import { read as readWeights, restore } from "../src/methods/language/weights.ts"
import { gguf } from "./gguf.ts"
import { architectureOf, decoded, groupsOf, known, prompt, shapes, trained, windows } from "./models.ts"
import type { Entrant } from "./race.ts"
import { print, race } from "./race.ts"
import type { Row } from "./row.ts"
import { median } from "./row.ts"
import type { Settings } from "./suite.ts"
import { suite } from "./suite.ts"
import * as wllama from "./wllama.ts"

/** Places for keys and values. */
const room = prompt + 128

const tokensOf = ({ vocabulary }: Architecture, count: number): Int32Array =>
  Int32Array.from(Key.integers(Key.make(2), count, vocabulary))

/** A decoder of a model kept in a format, the prompt read; each effect is one run. */
const prepareDecoding = (architecture: Architecture, format: Format) => Effect.gen(function* () {
  const backend = yield* Backend
  const weights = yield* initialise(architecture, Key.make(1))
  const model = format === "f32" ? { architecture, weights } : yield* restore({ architecture, weights }, format)
  if (format !== "f32") yield* backend.free(weights)
  const read = yield* decoder(model, 1, room)
  const piece = Array.from(tokensOf(architecture, prompt))
  return {
    prefill: read([{ piece, from: 0 }], "likeliest"),
    decode: read([{ piece: [1], from: prompt }], "likeliest")
  }
})

/** An update of a model in training. */
const prepareTraining = (architecture: Architecture) => Effect.gen(function* () {
  const backend = yield* Backend
  const { batch, time } = windows
  const configuration = usual({ steps: 1000, ...windows, peak: 1e-4, seed: 1 })
  const task = taskOf(architecture)
  const update = yield* compileUpdate(task, windows, {
    ...configuration, groupOf: decayGroupsOf(architecture, configuration)
  })
  const random = yield* initialise(architecture, Key.make(1))
  const initial = new Map(parametersWith(architecture, random).map(([{ path }, buffer]) => [path, buffer]))
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
  return Effect.map(
    Effect.suspend(() => update(state, [data], pace(configuration, 1e-5, 1))),
    ({ state: next }) => { state = next })
})

/** What `measure` gives of a backend on so many threads, which ends with it. */
const onThreads = async <A>(
  threads: number,
  measure: (run: <B, E>(effect: Effect.Effect<B, E, Backend | Scope.Scope>) => Promise<B>) => Promise<A>
): Promise<A> => {
  const runtime = ManagedRuntime.make(layerWith({ threads }))
  const scope = Effect.runSync(Scope.make())
  try {
    return await measure((effect) => runtime.runPromise(Effect.provideService(effect, Scope.Scope, scope)))
  } finally {
    await runtime.dispose()
  }
}

/** Reading and continuing a prompt, by every format on as many threads. */
const decoding = (architecture: Architecture, kept: ReadonlyArray<Format>, threads: number, milliseconds: number) =>
  onThreads(threads, async (run) => {
    const contestants = { prefill: [] as Array<Entrant>, decode: [] as Array<Entrant> }
    for (const format of kept) {
      const own = await run(prepareDecoding(architecture, format))
      const entrant = (work: number, once: typeof own.prefill): Entrant =>
        ({ name: `noether ${format}`, threads, work, run: async () => void await run(once) })
      contestants.prefill.push(entrant(prompt, own.prefill))
      contestants.decode.push(entrant(1, own.decode))
    }
    const { prefill, decode } = groupsOf(architecture)
    const given = { suite: "language" as const, unit: "tokens/s", milliseconds, warmUp: milliseconds / 2 }
    return [
      ...await race({ ...given, group: prefill, contestants: contestants.prefill }),
      ...await race({ ...given, group: decode, contestants: contestants.decode })
    ]
  })

const training = async (architecture: Architecture, milliseconds: number): Promise<ReadonlyArray<Row>> =>
  onThreads(1, (one) => onThreads(2, async (two) => {
    const entrants = await Promise.all([[1, one] as const, [2, two] as const].map(async ([threads, run]) => {
      const once = await run(prepareTraining(architecture))
      return { name: "noether", threads, work: 1, run: async () => void await run(once) }
    }))
    return race({
      suite: "language", group: groupsOf(architecture).training, unit: "updates/s", milliseconds,
      warmUp: milliseconds / 2, contestants: entrants
    })
  }))

/** llama.cpp's rows beside ours, which run in another process: their ratios are of medians. */
const besideLlama = async (
  architecture: Architecture, own: ReadonlyArray<Row>, threads: number, { quick }: Settings
): Promise<ReadonlyArray<Row>> => {
  const file = await onThreads(1, (run) => run(Effect.gen(function* () {
    const weights = yield* initialise(architecture, Key.make(1))
    return gguf(architecture, yield* readWeights(architecture, weights))
  })))
  const speeds = await wllama.measure(file, threads, prompt, quick ? 8 : 64, quick ? 1 : 5)
  if (speeds === undefined) {
    console.log("\n@wllama/wllama is left out: no Chromium is in PATH")
    return []
  }
  const groups = groupsOf(architecture)
  const rows = (["prefill", "decode"] as const).map((what): Row => {
    const group = groups[what]
    const taken = speeds[what]
    const base = own.find((row) => row.group === group && row.threads === threads)
    return {
      suite: "language", group, name: wllama.name, threads, unit: "tokens/s", rounds: taken.length,
      median: median(taken), min: Math.min(...taken), max: Math.max(...taken),
      ratio: base === undefined ? null : base.median / median(taken)
    }
  })
  rows.forEach((row) => print([row]))
  return rows
}

await suite(async (settings) => {
  const { milliseconds, quick } = settings
  const rows: Array<Row> = []
  for (const [size, kept] of quick ? decoded.slice(0, 1) : decoded) {
    const architecture = await architectureOf(shapes[size])
    for (const threads of [1, 2]) {
      const own = await decoding(architecture, kept, threads, milliseconds)
      rows.push(...own)
      if (size === known || quick) rows.push(...await besideLlama(architecture, own, threads, settings))
    }
  }
  for (const size of quick ? trained.slice(0, 1) : trained)
    rows.push(...await training(await architectureOf(shapes[size]), milliseconds))
  return rows
})
