/**
 * An adapter: what multi-token prediction trains beside a frozen model, and nothing else. It is k mask embeddings, a
 * gated low-rank term for each adapted map of each layer, and the sampler head. One function lays its tree out;
 * tensors, values and buffers are the same tree with other leaves.
 */
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { input } from "../../../algebra/tensor.ts"
import type { Projection } from "../adapt.ts"
import type { Architecture } from "../architecture.ts"
import { kinds, sizeOf } from "../parameters.ts"
import type { Latents, Rows, Weights } from "../tensors.ts"
import type { Arrangement } from "../transformer.ts"
import { latents } from "../transformer.ts"
import type { Shape } from "./configuration.ts"
import type { LayerTerms } from "./gated-lora.ts"
import { gatedLora } from "./gated-lora.ts"
import type { Layout } from "./masked-input.ts"
import { gateOf, memoriesOf, positionOf, tokensOf, visible } from "./masked-input.ts"
import type { Sampler } from "./sampler.ts"

/** An adapter as tensors. */
export interface Adapter<D extends Float> {
  /** The embedding of each mask; masks are the tokens after the vocabulary. */
  readonly masks: Tensor<D, "vocabulary" | "embed">
  readonly layers: ReadonlyArray<LayerTerms<D>>
  readonly sampler?: Sampler<D>
}

/** How a parameter begins: uniform within 1 / sqrt(fan), as the model's embeddings are long, or one number. */
export type Start = { readonly fan: number } | "embedding" | { readonly value: number }

/** One parameter of an adapter: its dotted path, its axes with sizes in memory order, and how it begins. */
export interface AdapterParameter {
  readonly path: string
  readonly axes: ReadonlyArray<readonly [string, number]>
  readonly start: Start
}

/** The maps that an architecture has, of those of a shape. */
const adaptedMaps = ({ feedForward }: Architecture, { projections }: Shape): ReadonlyArray<Projection> =>
  projections.filter((map) => map !== "gate" || feedForward.gated)

/** The tree of an adapter, each leaf made from its parameter. */
export const build = <T>(architecture: Architecture, shape: Shape, leaf: (parameter: AdapterParameter) => T) => {
  const { embed, layers } = architecture
  const make = (path: string, sizes: { readonly [axis: string]: number }, start: Start): T =>
    leaf({ path, axes: Object.entries(sizes), start })
  const sizes = (axes: ReadonlyArray<Parameters<typeof sizeOf>[1]>) =>
    Object.fromEntries(axes.map((axis) => [axis, sizeOf(architecture, axis)]))
  const term = (path: string, map: Projection) => {
    const { axes, contracted } = kinds[map]
    const sums: ReadonlyArray<string> = contracted
    const fan = contracted.reduce((product, axis) => product * sizeOf(architecture, axis), 1)
    return {
      input: make(`${path}.input`, { rank: shape.rank, ...sizes(contracted) }, { fan }),
      output: make(`${path}.output`, { ...sizes(axes.filter((axis) => !sums.includes(axis))), rank: shape.rank },
        { value: 0 })
    }
  }
  const wide = { fan: 2 * embed }
  const narrow = { fan: embed }
  return {
    masks: make("masks", { vocabulary: shape.masks, embed }, "embedding"),
    layers: Array.from({ length: layers }, (_, layer) => Object.fromEntries(adaptedMaps(architecture, shape)
      .map((map) => [map, term(`layers.${layer}.${map}`, map)]))),
    ...shape.sampler && {
      sampler: {
        previous: make("sampler.previous", { inner: embed, embed }, wide),
        latent: make("sampler.latent", { inner: embed, embed }, wide),
        innerBias: make("sampler.innerBias", { inner: embed }, wide),
        innerGain: make("sampler.innerGain", { inner: embed }, { value: 1 }),
        innerShift: make("sampler.innerShift", { inner: embed }, { value: 0 }),
        outer: make("sampler.outer", { embed, inner: embed }, narrow),
        outerBias: make("sampler.outerBias", { embed }, narrow),
        outerGain: make("sampler.outerGain", { embed }, { value: 1 }),
        outerShift: make("sampler.outerShift", { embed }, { value: 0 })
      }
    }
  }
}

/** Every parameter of an adapter. */
export const parametersOf = (architecture: Architecture, shape: Shape): ReadonlyArray<AdapterParameter> => {
  const parameters: Array<AdapterParameter> = []
  build(architecture, shape, (parameter) => parameters.push(parameter))
  return parameters
}

/** Number of weights of one parameter. */
export const countOf = ({ axes }: AdapterParameter): number => axes.reduce((product, [, size]) => product * size, 1)

/** An adapter of the tensors that `leaf` gives, each on the axes of its parameter. */
export const tensors = <D extends Float>(
  architecture: Architecture, shape: Shape, leaf: (parameter: AdapterParameter) => Tensor<D, string>
): Adapter<D> =>
  // `build` names the axes that the type states, as values
  build(architecture, shape, leaf) as object as Adapter<D>

/** The parameters of an adapter as inputs of a program. */
export const placeholders = <D extends Float>(architecture: Architecture, shape: Shape, dtype: D): Adapter<D> =>
  tensors(architecture, shape, ({ path, axes }) => input(dtype, Object.fromEntries(axes), path))

/**
 * How the entries of a masked text stand to each other, and what the adapter adds to the model at those where `gate`
 * is open: masks, or else it is no longer the model's own text that is read.
 */
export const arrangementOf = <D extends Float>(
  { masks, layers }: Adapter<D>, layout: Layout, gate = gateOf(layout)
): Arrangement<D> => ({
  positions: positionOf(layout),
  visible: visible(layout, memoriesOf(layout)),
  beyond: masks,
  adapt: gatedLora(layers, gate)
})

/** The latents of the entries of a text, masks and its own tokens, under an adapted model. */
export const maskedLatents = <D extends Float>(
  architecture: Architecture, weights: Weights<D>, adapter: Adapter<D>, text: Rows, layout: Layout,
  gate = gateOf(layout)
): Latents<D> =>
  latents(architecture, weights, tokensOf(text, layout, architecture.vocabulary), arrangementOf(adapter, layout, gate))
