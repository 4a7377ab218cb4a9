/** Models in folders: what is written and read again is the same model; a stored format rounds and nothing else. */
import { Effect, FileSystem, Layer, Path } from "effect"
import { describe, expect, it } from "vitest"
import { layer as backend } from "../../../src/algebra/backends/reference/index.ts"
import { fromEither } from "../../../src/core/codec.ts"
import * as Key from "../../../src/core/key.ts"
import type { Architecture } from "../../../src/methods/language/architecture.ts"
import { train } from "../../../src/methods/language/bytepair.ts"
import { fromBf16, toBf16 } from "../../../src/methods/language/half.ts"
import { initialise } from "../../../src/methods/language/initialise.ts"
import type { Model } from "../../../src/methods/language/model.ts"
import { LanguageModel, make } from "../../../src/methods/language/model.ts"
import { layer, open, save } from "../../../src/methods/language/model-folder.ts"
import { leavesOf } from "../../../src/methods/language/tree.ts"
import { read } from "../../../src/methods/language/weights.ts"
import { small } from "./architectures.ts"
import { folderOf, referenceFolders, run } from "./models.ts"

const key = Key.make(7)

/** Every value of a model, parameter after parameter. */
const valuesOf = ({ architecture, weights }: Model) =>
  Effect.map(read(architecture, weights), (tree) =>
    leavesOf(architecture, tree).flatMap(([, values]) => Array.from(values)))

const place = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  return path.join(yield* files.makeTempDirectoryScoped(), "model")
})

describe("a model in a folder", () => {
  it.each(referenceFolders)("%s is read again as it was written, to the bit", (name) => run(Effect.gen(function*() {
    const model = yield* open(folderOf(name))
    const folder = yield* place
    yield* save(model, folder)
    const again = yield* open(folder)
    expect(again.architecture).toEqual(model.architecture)
    expect(yield* valuesOf(again)).toEqual(yield* valuesOf(model))
  })))

  it("stored in bf16 is every weight rounded once; not rounded, the law sees it", () => run(Effect.gen(function*() {
    const model = yield* open(folderOf("llama"))
    const folder = yield* place
    yield* save(model, folder, { dtype: "bf16" })
    const before = Float32Array.from(yield* valuesOf(model))
    const after = yield* valuesOf(yield* open(folder))
    expect(after).toEqual(Array.from(fromBf16(toBf16(before))))
    expect(after).not.toEqual(Array.from(before))
  })))

  it("is not overwritten unasked", () => run(Effect.gen(function*() {
    const model = yield* open(folderOf("llama"))
    const folder = yield* place
    yield* save(model, folder)
    expect((yield* Effect.flip(save(model, folder)))._tag).toBe("FolderExists")
    yield* save(model, folder, { overwrite: true })
  })))

  it("cannot be written without a family, and says so", () => run(Effect.gen(function*() {
    const model = make({ name: "drawn", architecture: small, weights: yield* initialise(small, key) })
    const error = yield* Effect.flip(save(model, yield* place))
    expect(error.message).toBe("drawn: a model without a family of formats cannot be written")
  })))

  it("comes with its tokenizer, which may not have more tokens than the model", () => run(Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const trained = yield* fromEither(train("a house of words", { size: 257 }))
    const folder = yield* place
    yield* save(yield* open(folderOf("llama")), folder)
    yield* files.writeFileString(`${folder}/tokenizer.json`, JSON.stringify(trained))
    const error = yield* Effect.flip(open(folder))
    expect(error.message).toBe(`${folder}: the tokenizer has 257 tokens, the model 67`)

    const roomy = yield* place
    const drawn = { ...small, vocabulary: 300, model: 8, embed: 8, heads: { key: 2, share: 1, depth: 4 } }
    const { family } = yield* open(folderOf("llama"))
    const weights = yield* initialise(drawn, key)
    yield* save(make({ name: "drawn", architecture: drawn, weights, ...(family && { family }) }), roomy)
    yield* files.writeFileString(`${roomy}/tokenizer.json`, JSON.stringify(trained))
    const { tokenizer, tokenizerFiles } = yield* open(roomy)
    expect([tokenizer?.vocabulary, tokenizerFiles?.length]).toEqual([257, 1])
  })))

  it("is a Layer that needs a backend", () => run(Effect.gen(function*() {
    const { name, architecture } = yield* LanguageModel
    expect([name, architecture.vocabulary]).toEqual([folderOf("llama"), 67])
  }).pipe(Effect.provide(Layer.provide(layer(folderOf("llama")), backend)))))
})

describe("random weights", () => {
  const layers = 8
  const deep: Architecture = {
    ...small, layers, model: 40, hidden: 50, vocabulary: 90,
    attention: { ...small.attention, windows: new Array<null>(layers).fill(null) }
  }
  const spread = (values: Float32Array) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)

  it("have the deviation asked for, a quarter in the maps back of 8 layers", () => run(Effect.gen(function*() {
    const tree = yield* read(deep, yield* initialise(deep, key, { deviation: 0.5 }))
    expect(spread(tree.embedding)).toBeCloseTo(0.5, 1)
    for (const layer of tree.layers) {
      expect(spread(layer.feedForward.up.weight)).toBeCloseTo(0.5, 1)
      expect(spread(layer.feedForward.down.weight)).toBeCloseTo(0.5 / 4, 1)
      expect(spread(layer.feedForward.down.weight)).toBeLessThan(0.25)
      expect(Array.from(layer.attentionNorm?.weight ?? [])).toEqual(new Array<number>(40).fill(1))
    }
  })))

  it("are those of their key, and differ between parameters and keys", () => run(Effect.gen(function*() {
    const drawn = (from: Key.Key) => Effect.flatMap(initialise(small, from), (weights) => read(small, weights))
    const first = yield* drawn(key)
    expect(yield* drawn(key)).toEqual(first)
    expect(Array.from((yield* drawn(Key.fold(key, 1))).embedding)).not.toEqual(Array.from(first.embedding))
    expect(first.layers[0]?.feedForward.up.weight).not.toEqual(first.layers[1]?.feedForward.up.weight)
  })))
})
