/**
 * Layouts conserve bytes: factoring a checkpoint into parameters and merging these again gives every tensor back, in
 * every family, and no weight is lost, moved or counted twice.
 */
import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { openFolder, writeFolder } from "../../../src/methods/language/folder.ts"
import type { Slot } from "../../../src/methods/language/layout.ts"
import { merge, slots, split } from "../../../src/methods/language/layout.ts"
import type { Uniform } from "../../../src/methods/language/parameters.ts"
import { countOf, parametersOf } from "../../../src/methods/language/parameters.ts"
import { build, leavesOf } from "../../../src/methods/language/tree.ts"
import { architecture, small } from "./architectures.ts"
import { inFolder, reference, references, run } from "./files.ts"

const fusions = {
  "within each head (GPT-NeoX)": [["head", "part", "depth"], ["model"]],
  "side by side, input first (GPT-2)": [["model"], ["part", "head", "depth"]],
  "side by side": [["part", "head", "depth"], ["model"]],
  "in the middle of nowhere": [["depth", "model"], ["part"], ["head"]]
} as const

const fusedSlot = (key: number, depth: number, model: number, dims: (typeof fusions)[keyof typeof fusions]): Slot => {
  const of = { ...small, layers: 1, model, embed: model, heads: { key, share: 1, depth } }
  const at = (part: number) => ({ tensor: "fused", dims, part })
  const [slot] = slots(of, {
    "layers.*.attention.key.weight": at(1),
    "layers.*.attention.value.weight": at(2),
    "layers.*.attention.query.weight": at(0)
  })
  if (slot === undefined) throw new Error("no slot")
  return slot
}

/** The value at named indices, by the definition of row-major order. */
const valueAt = (slot: Slot, tensor: Float32Array, index: Readonly<Record<string, number>>): number | undefined =>
  tensor[slot.axes.reduce((offset, [axis, size]) => offset * size + (index[axis] ?? 0), 0)]

describe("a fused tensor", () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }))

  test.each(Object.entries(fusions))("%s: each parameter is its slice, on named axes", (_, dims) => {
    fc.assert(fc.property(sizes, ([key, depth, model]) => {
      const slot = fusedSlot(key, depth, model, dims)
      const tensor = Float32Array.from({ length: 3 * key * depth * model }, (_, i) => i)
      split(slot, tensor).forEach((values, part) => {
        for (let head = 0; head < key; head++)
          for (let d = 0; d < depth; d++)
            for (let m = 0; m < model; m++)
              expect(values[(head * depth + d) * model + m])
                .toBe(valueAt(slot, tensor, { part, head, depth: d, model: m }))
      })
      expect(merge(slot, split(slot, tensor))).toEqual(tensor)
    }))
  })

  test("the law catches a layout that takes the parts for the outermost axis", () => {
    const right = fusedSlot(2, 2, 1, fusions["within each head (GPT-NeoX)"])
    const wrong = fusedSlot(2, 2, 1, fusions["side by side"])
    const tensor = Float32Array.from({ length: 12 }, (_, i) => i)
    expect(split(wrong, tensor)).not.toEqual(split(right, tensor))
  })
})

describe("the parameter table", () => {
  test("gives a tree whose leaves are the parameters, each once, whatever the architecture", () => {
    fc.assert(fc.property(architecture, (of) => {
      const parameters = parametersOf(of)
      const tree = build<Uniform<string>>(of, ({ path }) => path)
      expect(leavesOf(of, tree)).toEqual(parameters.map((parameter) => [parameter, parameter.path]))
      expect(JSON.stringify(tree).match(/:"/g)).toHaveLength(parameters.length)
      for (const parameter of parameters) expect(countOf(parameter)).toBeGreaterThan(0)
    }))
  })
})

describe.each(references)("%s", (name) => {
  test("holds exactly the parameters of its description, and reading then writing gives its bytes back", async () => {
    await inFolder((folder) => Effect.gen(function*() {
      const original = yield* openFolder(reference + name)
      const parameters = yield* original.parameters()
      const leaves = leavesOf(original.architecture, parameters)
      expect(leaves).toHaveLength(parametersOf(original.architecture).length)
      for (const [parameter, values] of leaves) expect(values).toHaveLength(countOf(parameter))
      for (const [at, options] of [["whole", {}], ["sharded", { shardBytes: 5000 }]] as const) {
        yield* writeFolder(`${folder}/${at}`, { ...original, parameters }, options)
        const written = yield* openFolder(`${folder}/${at}`)
        expect(written.architecture).toEqual(original.architecture)
        expect(new Set(written.weights.tensors.keys())).toEqual(new Set(original.weights.tensors.keys()))
        for (const [tensor, { shape, dtype }] of original.weights.tensors) {
          expect(written.weights.tensors.get(tensor)).toMatchObject({ shape, dtype })
          expect(yield* written.weights.read(tensor)).toEqual(yield* original.weights.read(tensor))
        }
      }
    }))
  })

  test("stored in sixteen bits and read again, is stored the same again", async () => {
    await inFolder((folder) => Effect.gen(function*() {
      const original = yield* openFolder(reference + name)
      for (const dtype of ["BF16", "F16"] as const) {
        const parameters = yield* original.parameters()
        yield* writeFolder(`${folder}/once`, { ...original, parameters }, { dtype, replace: true })
        const once = yield* openFolder(`${folder}/once`)
        const rounded = yield* once.parameters()
        yield* writeFolder(`${folder}/twice`, { ...once, parameters: rounded }, { dtype, replace: true })
        const twice = yield* openFolder(`${folder}/twice`)
        for (const tensor of once.weights.tensors.keys())
          expect(yield* twice.weights.read(tensor)).toEqual(yield* once.weights.read(tensor))
      }
    }))
  })
})

test("tensors are read one by one, or several at once", () =>
  run(Effect.gen(function*() {
    const { weights } = yield* openFolder(`${reference}gpt2`)
    const reads = Array.from(weights.tensors.keys(), (name) => weights.read(name))
    const bytes = yield* Effect.all(reads, { concurrency: 8 })
    expect(bytes.reduce((sum, { length }) => sum + length, 0)).toBe(
      Array.from(weights.tensors.values()).reduce((sum, { begin, end }) => sum + end - begin, 0))
  })))
