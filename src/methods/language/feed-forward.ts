/**
 * The feed-forward layer of a transformer: gated, down(f(gate x) * up x) (2002.05202), or plain, down(f(up x)). A map
 * of each position by itself, and a sum over `hidden`, which may be reordered or tiled and scaled without changing it.
 */
import type { Float } from "../../algebra/dtype.ts"
import { gelu, geluTanh, relu, silu } from "../../algebra/derived/activation.ts"
import type { Tensor } from "../../algebra/tensor.ts"
import { add, contract, multiply } from "../../algebra/tensor.ts"
import type { Adapt } from "./adapt.ts"
import { unadapted } from "./adapt.ts"
import type { Activation, FeedForward } from "./architecture.ts"
import type { LayerTree } from "./parameters.ts"
import type { Stream, Tensors } from "./tensors.ts"

const activate = <D extends Float, A extends string>(activation: Activation, x: Tensor<D, A>): Tensor<D, A> => {
  switch (activation) {
    case "silu": return silu(x)
    case "gelu": return gelu(x)
    case "gelu_tanh": return geluTanh(x)
    case "relu": return relu(x)
  }
}

type Hidden<D extends Float> = Tensor<D, "batch" | "time" | "hidden">

/** What the layer adds to the stream, from the (normalised) stream. */
export const feedForward = <D extends Float>(
  { activation }: FeedForward, { gate, up, down }: LayerTree<Tensors<D>>["feedForward"], x: Stream<D>,
  adapt: Adapt<D> = unadapted
): Stream<D> => {
  const mapped = (name: "gate" | "up", map: typeof up): Hidden<D> => {
    const y = adapt(name, x, contract(x, map.weight, "model"))
    return map.bias ? add(y, map.bias) : y
  }
  const hidden: Hidden<D> = gate
    ? multiply(activate(activation, mapped("gate", gate)), mapped("up", up))
    : activate(activation, mapped("up", up))
  const out: Stream<D> = adapt("down", hidden, contract(hidden, down.weight, "hidden"))
  return down.bias ? add(out, down.bias) : out
}
