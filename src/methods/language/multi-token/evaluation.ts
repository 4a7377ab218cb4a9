/**
 * What is watched of an adapter while it learns: its losses on held-out windows, and a digest of the logits of the
 * text's own tokens, which is the same to the bit for every adapter whose terms are gated.
 */
import { Effect } from "effect"
import { Backend, building } from "../../../algebra/backend.ts"
import type { Tensor } from "../../../algebra/tensor.ts"
import { divide, input, slice } from "../../../algebra/tensor.ts"
import type { Batch } from "../corpus.ts"
import { placeholders, unembed } from "../transformer.ts"
import type { Transformer } from "../weights.ts"
import * as Adapters from "./adapter.ts"
import { losses } from "./losses.ts"
import { gateOf, layoutOf, openGate, pack } from "./masked-input.ts"
import type { Adapted } from "./verification.ts"

/** Mean losses in nats an entry, latent consistency in its own measure, and the digest. */
export interface Watched {
  readonly nextToken: number
  readonly masks: number
  readonly sampler?: number
  readonly consistency: number
  /** SHA-256 of the logits of the text's own tokens. */
  readonly logits: string
}

/** Looks at an adapter on windows of held-out text, all in one batch. */
export const watch = (
  { architecture, weights }: Transformer, { shape, adapter }: Adapted, { batch, time, ...rows }: Batch, gated = true
) => Effect.scoped(Effect.gen(function*() {
  const backend = yield* Backend
  const base = placeholders(architecture, "f32")
  const terms = Adapters.placeholders(architecture, shape, "f32")
  const texts = {
    inputs: input("i32", { batch, time }, "inputs"), targets: input("i32", { batch, time }, "targets"),
    weights: input("f32", { batch, time }, "weights")
  }
  const outputs = yield* building(() => {
    const layout = layoutOf(pack(time, shape.masks), batch)
    const gate = gated ? gateOf(layout) : openGate(layout)
    const { nextToken, masks, sampler, consistency } = losses(architecture, base, terms, texts, layout, gate)
    const z = Adapters.maskedLatents(architecture, base, terms, texts.inputs, layout, gate)
    const own: Tensor<"f32", "batch" | "time" | "embed"> = slice(z, "time", 0, time, shape.masks + 1)
    const mean = ({ nats, count }: typeof nextToken) => divide(nats, count)
    return {
      nextToken: mean(nextToken), masks: mean(masks), consistency: mean(consistency),
      ...sampler && { sampler: mean(sampler) },
      logits: unembed<"f32", "batch" | "time">(architecture, base, own)
    }
  })
  const program = yield* backend.compile({ weights: base, adapter: terms, texts }, outputs)
  const put = (name: "inputs" | "targets") => backend.put("i32", { batch, time }, rows[name])
  const found = yield* program.run({
    weights, adapter, texts: {
      inputs: yield* put("inputs"), targets: yield* put("targets"),
      weights: yield* backend.put("f32", { batch, time }, new Float32Array(batch * time).fill(1))
    }
  })
  const { data } = yield* backend.read(found.logits)
  const digest = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", Float32Array.from(data)))
  const number = (buffer: typeof found.masks) => Effect.map(backend.read(buffer), ({ data: [value = NaN] }) => value)
  return {
    nextToken: yield* number(found.nextToken), masks: yield* number(found.masks),
    consistency: yield* number(found.consistency),
    ...found.sampler && { sampler: yield* number(found.sampler) },
    logits: Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("")
  } satisfies Watched
}))
