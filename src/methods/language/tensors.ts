/** What goes into a transformer, flows through it and comes out, as tensors on named axes. */
import type { Float } from "../../algebra/dtype.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import type { AxesOf, ParameterKind, ParameterTree } from "./parameters.ts"

/** A tensor for each kind of parameter, on the axes of the kind. */
export type Tensors<D extends Float> = { readonly [K in ParameterKind]: Tensor<D, AxesOf<K>> }

/** The parameters of a model as tensors. */
export type Weights<D extends Float> = ParameterTree<Tensors<D>>

/** Token ids, one row a text. */
export type Rows = Tensor<"i32", "batch" | "time">

/** The residual stream. */
export type Stream<D extends Float> = Tensor<D, "batch" | "time" | "model">

/** What the unembedding reads: after the last norm, and out of the residual stream where there is a projection. */
export type Latents<D extends Float> = Tensor<D, "batch" | "time" | "embed">

export type Logits<D extends Float> = Tensor<D, "batch" | "time" | "vocabulary">
