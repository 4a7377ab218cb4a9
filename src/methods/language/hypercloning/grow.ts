/**
 * The growth of a whole model: every parameter by the one expansion, and the three places where a copied stream must
 * be scaled by hand (2409.12903, sections 3.2 and 3.3):
 *
 * - deeper heads: scores of r-fold tiled vectors are r times larger, the model divides them by a root that grew by
 *   sqrt(r), so queries are divided by sqrt(r);
 * - families that multiply the embedding by the root of the width: the embedding is divided by what that root grew by;
 * - a tied head reads n copies with the embedding itself: the gain and bias of the final norm take the missing 1/n, so
 *   that the head stays tied and the file needs no new field. Where there is no such gain, the head is untied.
 */
import type { Float } from "../../../algebra/dtype.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import * as T from "../../../algebra/tensor.ts"
import * as Key from "../../../core/key.ts"
import type { Architecture } from "../architecture.ts"
import type { Parameter, ParameterKind } from "../parameters.ts"
import { kinds } from "../parameters.ts"
import type { Tensors, Weights } from "../transformer.ts"
import * as ParameterTree from "../tree.ts"
import type { Noise, Variant } from "./expansion.ts"
import { expand } from "./expansion.ts"
import type { Growth } from "./growth.ts"

/** How blocks are filled and what becomes of a tied head. */
export interface Expansion {
  readonly variant: Variant
  /** Signal-to-noise ratio of the noisy variants, in decibels. */
  readonly decibels: number
  readonly key: Key.Key
  readonly tiedHead: "fold" | "untie"
}

type Names = Tensor<Float, string>

// noise belongs to the linear maps of attention and feed-forward (the official code's rule); the maps from and to the
// vocabulary are copied, and divided, evenly
const isInner = ({ kind }: Parameter): boolean =>
  kinds[kind].role === "map" && kind !== "unembedding" && kind !== "projectIn" && kind !== "projectOut"

const isQuery = ({ attention }: Architecture, { kind }: Parameter): boolean =>
  attention.queryKeyNorm === "none" ? kind === "query" || kind === "queryBias" : false

const isQueryNorm = ({ attention }: Architecture, { kind, path }: Parameter): boolean =>
  attention.queryKeyNorm === "head"
    ? path.endsWith(".queryNorm")
    : attention.queryKeyNorm === "all" && kind === "jointQueryNorm"

/** Every parameter draws from a key of its own, which its path names. */
const keyOf = (key: Key.Key, { path }: Parameter): Key.Key =>
  Array.from(path).reduce((folded, letter) => Key.fold(folded, letter.charCodeAt(0)), key)

/** The grown architecture and weights; computes the same logits. */
export const grow = <D extends Float>(
  source: Architecture,
  weights: Weights<D>,
  { architecture: grown, factors }: Growth,
  { variant, decibels, key, tiedHead }: Expansion
): { readonly architecture: Architecture; readonly weights: Weights<D> } => {
  const embeddingGain = source.embeddingScale / grown.embeddingScale
  const foldable = source.finalNorm && source.norm.parametric
  const missing = factors.embed * embeddingGain
  const untied = source.tiedHead && missing !== 1 && (tiedHead === "untie" || !foldable)
  const folded = source.tiedHead && missing !== 1 && !untied
  const architecture: Architecture = untied ? { ...grown, tiedHead: false } : grown
  const scaleOf = (parameter: Parameter): number => {
    if (parameter.kind === "embedding") return embeddingGain
    return isQuery(source, parameter) || isQueryNorm(source, parameter) ? 1 / Math.sqrt(factors.depth) : 1
  }
  const noise: Noise | undefined = variant === "symmetric" || variant === "diagonal" ? undefined : { key, decibels }
  const leaf = (parameter: Parameter): Names => {
    // a head untied by the growth reads the embedding
    const found = ParameterTree.at(weights, parameter.path === "unembedding" && untied ? "embedding" : parameter.path)
    if (found === undefined) throw new RangeError(`the weights have no parameter "${parameter.path}"`)
    // which axes a leaf has is data here, as its parameter says
    const tensor = found as Names
    const { contracted } = kinds[parameter.kind]
    const repetitions = kinds[parameter.kind].axes
      .filter((axis) => factors[axis] > 1)
      .map((axis) => ({ axis, times: factors[axis], summed: contracted.some((summed) => summed === axis) }))
    const own = noise === undefined || !isInner(parameter) ? undefined : { ...noise, key: keyOf(noise.key, parameter) }
    const copied = expand(tensor, repetitions, isInner(parameter) ? variant : "symmetric", own, scaleOf(parameter))
    if (!folded || !parameter.path.startsWith("finalNorm.")) return copied
    // a gain stored as its deviation from one is scaled as the gain that it stands for
    return source.norm.unitOffset && parameter.kind === "normGain"
      ? T.subtract(T.divide(T.add(copied, 1), missing), 1)
      : T.divide(copied, missing)
  }
  // an expansion keeps the dtype and the axes of its parameter, which `Names` forgets
  return {
    architecture,
    weights: ParameterTree.build<Tensors<D>>(architecture, (parameter) => leaf(parameter) as Tensors<D>[ParameterKind])
  }
}
