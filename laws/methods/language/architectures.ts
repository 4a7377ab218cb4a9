/** Small transformers of every kind that the description covers, and random weights for them. */
import fc from "fast-check"
import type { Float } from "../../../src/algebra/dtype.ts"
import { zeros } from "../../../src/algebra/dtype.ts"
import type { Tensor } from "../../../src/algebra/tensor.ts"
import { literal } from "../../../src/algebra/tensor.ts"
import * as Key from "../../../src/core/key.ts"
import type { Architecture } from "../../../src/methods/language/architecture.ts"
import type { ParameterKind } from "../../../src/methods/language/parameters.ts"
import { countOf } from "../../../src/methods/language/parameters.ts"
import type { Tensors, Weights } from "../../../src/methods/language/transformer.ts"
import { build } from "../../../src/methods/language/tree.ts"

/** A small Llama: pre-norm, rotary, gated, untied. */
export const small: Architecture = {
  vocabulary: 7,
  layers: 2,
  model: 6,
  embed: 6,
  projected: false,
  context: 16,
  heads: { key: 2, share: 2, depth: 4 },
  hidden: 5,
  norm: { kind: "rms", epsilon: 1e-5, parametric: true, bias: false, unitOffset: false },
  placement: "pre",
  parallelResidual: false,
  position: { kind: "rotary", theta: 10_000, fraction: 1 },
  attention: {
    bias: { query: false, key: false, value: false, output: false },
    queryKeyNorm: "none",
    scale: 0.5,
    windows: [null, null]
  },
  feedForward: { gated: true, activation: "silu", bias: false },
  embeddingScale: 1,
  tiedHead: false,
  finalNorm: true,
  tokens: { end: [] }
}

const bool = fc.boolean()

/** Any small architecture: every placement, norm, position, bias, cap and head arrangement. */
export const architecture: fc.Arbitrary<Architecture> = fc
  .record({
    heads: fc.constantFrom(
      { key: 1, share: 1, depth: 4 },
      { key: 2, share: 1, depth: 4 },
      { key: 2, share: 2, depth: 4 },
      { key: 1, share: 3, depth: 4 }
    ),
    norm: fc.record({
      kind: fc.constantFrom("rms" as const, "layer" as const),
      epsilon: fc.constant(1e-5),
      parametric: bool,
      bias: bool,
      unitOffset: bool
    }),
    placement: fc.constantFrom("pre" as const, "post" as const, "sandwich" as const, "branch" as const),
    rotary: bool,
    partial: bool,
    bias: bool,
    gated: bool,
    projected: bool,
    parallelResidual: bool,
    finalNorm: bool,
    tiedHead: bool,
    capped: bool,
    windowed: bool,
    scaled: bool,
    queryKeyNorm: fc.constantFrom("none" as const, "head" as const, "all" as const),
    activation: fc.constantFrom("silu" as const, "gelu" as const, "gelu_tanh" as const, "relu" as const)
  })
  .map((drawn): Architecture => ({
    ...small,
    heads: drawn.heads,
    norm: drawn.norm,
    placement: drawn.placement,
    projected: drawn.projected,
    embed: drawn.projected ? 3 : small.model,
    parallelResidual: drawn.parallelResidual && drawn.placement === "pre",
    position: drawn.rotary
      ? { kind: "rotary", theta: 10_000, fraction: drawn.partial ? 0.5 : 1 }
      : { kind: "learned", offset: 2, length: 18 },
    attention: {
      bias: { query: drawn.bias, key: drawn.bias, value: drawn.bias, output: drawn.bias },
      queryKeyNorm: drawn.queryKeyNorm,
      scale: 0.5,
      windows: drawn.windowed ? [2, null] : [null, null],
      ...(drawn.capped ? { softCap: 3 } : {})
    },
    feedForward: { gated: drawn.gated, activation: drawn.activation, bias: drawn.bias },
    embeddingScale: drawn.scaled ? Math.sqrt(small.model) : 1,
    tiedHead: drawn.tiedHead,
    finalNorm: drawn.finalNorm,
    ...(drawn.capped ? { finalSoftCap: 5 } : {})
  }))

/** Standard normal weights, norms and biases among them, so that no term is hidden by a one or a zero. */
export const weights = <D extends Float>(dtype: D, of: Architecture, key: Key.Key): Weights<D> => {
  let index = 0
  return build<Tensors<D>>(of, (parameter) => {
    const data = zeros(dtype, countOf(parameter))
    data.set(Key.normal(Key.fold(key, index++), data.length).map((value) => value * 0.7))
    return literal(dtype, Object.fromEntries(parameter.axes), data) as Tensor<D, string> as Tensors<D>[ParameterKind]
  })
}

/** Rows of random tokens. */
export const rows = (of: Architecture, key: Key.Key, batch = 2, time = 5): Tensor<"i32", "batch" | "time"> =>
  literal("i32", { batch, time }, Int32Array.from(Key.integers(key, batch * time, of.vocabulary)))
