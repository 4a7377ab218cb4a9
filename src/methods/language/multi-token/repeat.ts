/**
 * The adapter of a model whose features are repeated: where a wider model holds n copies of every feature of a smaller
 * one and computes the same function (as symmetric HyperCloning, 2409.12903, makes it, with its head untied), this
 * adapter of it drafts what the smaller model's adapter drafts. What is summed over is repeated and divided by n, what
 * is given is repeated.
 */
import { Effect } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { multiply, tile } from "../../../algebra/tensor.ts"
import type { Architecture } from "../architecture.ts"
import type { Transformer } from "../weights.ts"
import type { AdapterParameter } from "./adapter.ts"
import { build, parametersOf, placeholders } from "./adapter.ts"
import type { Adapted } from "./verification.ts"

/** How many times an axis of an adapter is as long for the wider of two models. */
const factor = (narrow: Architecture, wide: Architecture) => (axis: string): number => {
  switch (axis) {
    case "model": return wide.model / narrow.model
    case "hidden": return wide.hidden / narrow.hidden
    case "head": return wide.heads.key / narrow.heads.key
    case "embed":
    case "inner": return wide.embed / narrow.embed
    default: return 1
  }
}

/** The axes that a parameter sums over. */
const summed = ({ path, axes }: AdapterParameter): ReadonlyArray<string> =>
  path.endsWith(".input") ? axes.map(([name]) => name).filter((name) => name !== "rank")
    : path === "sampler.outer" ? ["inner"]
    : path === "sampler.previous" || path === "sampler.latent" ? ["embed"] : []

/** The adapter of `model` for `wide`, the same function with every feature repeated. */
export const repeat = ({ architecture }: Transformer, { shape, adapter }: Adapted, wide: Transformer) =>
  Effect.gen(function*() {
    const backend = yield* Backend
    const times = factor(architecture, wide.architecture)
    // embeddings that are multiplied by a root of their width are smaller where they are wider
    const smaller = architecture.embeddingScale / wide.architecture.embeddingScale
    const scale = ({ path }: AdapterParameter): number =>
      path === "masks" ? smaller : path === "sampler.previous" ? 1 / smaller : 1
    const given = placeholders(architecture, shape, "f32")
    const outputs = yield* building(() => {
      const leaves = new Map(parametersOf(architecture, shape).map((parameter) => {
        const leaf = parameter.path.split(".").reduce<unknown>((node, field) =>
          typeof node === "object" && node !== null ? Reflect.get(node, field) : undefined, given)
        // the leaves are on the axes of their parameters, which a walk by path forgets
        const repeated = parameter.axes.reduce<Tensor<"f32", string>>((whole, [name]) =>
          times(name) === 1 ? whole : tile(whole, name, times(name)), leaf as Tensor<"f32", string>)
        const copies = summed(parameter).reduce((product, name) => product * times(name), 1)
        return [parameter.path, multiply(repeated, scale(parameter) / copies)] as const
      }))
      return build(architecture, shape, ({ path }) => leaves.get(path)) as object as typeof given
    })
    const program = yield* backend.compile({ adapter: given }, { adapter: outputs })
    return { shape, adapter: (yield* program.run({ adapter })).adapter } satisfies Adapted
  })
