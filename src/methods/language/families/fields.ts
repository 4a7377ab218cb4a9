/**
 * Fields that configurations of several families share, as io-ts codecs: a codec knows what transformers assumes when
 * the field is absent or null, and refuses values that would compute another function than the description can say.
 */
import * as t from "io-ts"
import type { Activation, Learned, Rotary, RotaryScaling } from "../architecture.ts"

const given = (input: unknown): boolean => input !== undefined && input !== null

/** A type whose refusal is the sentence `expected`. */
export const refined = <A>(
  expected: string,
  base: t.Type<A, unknown>,
  holds: (value: A) => boolean
): t.Type<A, unknown> =>
  new t.Type(expected, (input): input is A => base.is(input) && holds(input), (input, context) => {
    const decoded = base.validate(input, context)
    return decoded._tag === "Left" || holds(decoded.right) ? decoded : t.failure(input, context, expected)
  }, base.encode)

/** A field that may be absent or null, and then is the given value. */
export const optional = <A, const B>(codec: t.Type<A, unknown>, absent: B): t.Type<A | B, unknown> =>
  new t.Type<A | B, unknown>(
    `${codec.name} or nothing`,
    (input): input is A | B => input === absent || codec.is(input),
    (input, context) => given(input) ? codec.validate(input, context) : t.success(absent),
    (value) => codec.is(value) ? codec.encode(value) : value
  )

/** A field where null says something else than absence: null stays null, and only absence means the given value. */
export const nullable = <A>(codec: t.Type<A, unknown>, absent: A | null): t.Type<A | null, unknown> =>
  new t.Type<A | null, unknown>(
    `${codec.name} or null`,
    (input): input is A | null => input === null || codec.is(input),
    (input, context) =>
      input === undefined ? t.success(absent) : input === null ? t.success(null) : codec.validate(input, context),
    (value) => value === null ? null : codec.encode(value)
  )

/** A count of at least one. */
export const size = refined("a positive integer", t.number, (value) => Number.isSafeInteger(value) && value > 0)

/** A finite number above zero. */
export const positive = refined("a positive number", t.number, (value) => Number.isFinite(value) && value > 0)

export const flag = t.boolean

/** A switch that only has one setting that the library computes. */
export const only = <A extends boolean | number | string>(value: A): t.Type<A, unknown> =>
  new t.Type(
    JSON.stringify(value), (input): input is A => input === value,
    (input, context) => !given(input) || input === value ? t.success(value) : t.failure(input, context), t.identity)

/** What is looked at before the family is known. */
export const identity = t.type({ model_type: t.string, quantization_config: t.unknown })

/** `model_type` itself. */
export const modelType = <M extends string>(name: M): t.Type<M, unknown> => t.literal(name)

const activations: ReadonlyMap<string, Activation> = new Map([
  ["silu", "silu"], ["swish", "silu"], ["gelu", "gelu"], ["relu", "relu"],
  ["gelu_new", "gelu_tanh"], ["gelu_pytorch_tanh", "gelu_tanh"], ["gelu_fast", "gelu_tanh"]
])

/** The name of an activation, in any of the spellings that mean it. */
export const activation: t.Type<Activation, unknown> = new t.Type<Activation, unknown>(
  "one of silu, gelu, gelu_new, gelu_pytorch_tanh, relu",
  (input): input is Activation => Array.from(activations.values()).some((name) => name === input),
  (input, context) => {
    const known = typeof input === "string" ? activations.get(input) : undefined
    return known === undefined ? t.failure(input, context) : t.success(known)
  },
  (name) => name === "gelu_tanh" ? "gelu_pytorch_tanh" : name
)

const token = refined("a token id", t.number, (value) => Number.isSafeInteger(value) && value >= 0)
const tokens = refined("a token id or a list of them", t.union([t.number, t.array(t.number)]), (value) =>
  [value].flat().every(token.is))

/** `bos_token_id`, `eos_token_id`, `pad_token_id`; null is none, absence the family's default. */
export const tokenFields = (begin: number | null, end: number | null, pad: number | null) => ({
  bos_token_id: nullable(token, begin),
  eos_token_id: nullable(tokens, end),
  pad_token_id: nullable(token, pad)
})

interface TokenFields {
  readonly bos_token_id: number | null
  readonly eos_token_id: number | ReadonlyArray<number> | null
  readonly pad_token_id: number | null
}

export const readTokens = ({ bos_token_id: begin, eos_token_id: end, pad_token_id: pad }: TokenFields) => ({
  ...(begin !== null && { begin }),
  end: end === null ? [] : [end].flat(),
  ...(pad !== null && { pad })
})

export const writeTokens = ({ begin, end, pad }: { begin?: number, end: ReadonlyArray<number>, pad?: number }) => ({
  bos_token_id: begin ?? null,
  eos_token_id: end.length > 1 ? [...end] : end[0] ?? null,
  pad_token_id: pad ?? null
})

const ropeCodec = t.type({
  rope_type: optional(t.string, undefined),
  type: optional(t.string, undefined),
  rope_theta: optional(positive, undefined),
  partial_rotary_factor: optional(positive, undefined),
  factor: optional(positive, undefined),
  low_freq_factor: optional(positive, undefined),
  high_freq_factor: optional(positive, undefined),
  original_max_position_embeddings: optional(size, undefined)
})
type Rope = t.TypeOf<typeof ropeCodec>

const kindOf = (rope: Rope): string => rope.rope_type ?? rope.type ?? "default"

const ropeDict: t.Type<Rope, unknown> = refined(
  "rope_type default, linear (with factor) or llama3 (with factor, low_freq_factor and high_freq_factor)",
  ropeCodec,
  (rope) => kindOf(rope) === "default"
    || kindOf(rope) === "linear" && rope.factor !== undefined
    || kindOf(rope) === "llama3" && [rope.factor, rope.low_freq_factor, rope.high_freq_factor].every(given)
)

/**
 * Rotary fields, in both spellings: `rope_theta` beside `rope_scaling`, or all in `rope_parameters`. The library writes
 * the first, which every version of transformers reads.
 */
export const ropeFields = {
  rope_theta: optional(positive, undefined),
  rope_scaling: optional(ropeDict, undefined),
  rope_parameters: optional(ropeDict, undefined)
}

interface RopeFields {
  readonly rope_theta: number | undefined
  readonly rope_scaling: Rope | undefined
  readonly rope_parameters: Rope | undefined
}

const scalingOf = (rope: Rope, context: number): RotaryScaling | undefined => {
  const { factor = 1, low_freq_factor: low = 1, high_freq_factor: high = 1 } = rope
  switch (kindOf(rope)) {
    case "linear": return { kind: "linear", factor }
    case "llama3": return {
      kind: "llama3", factor, lowFrequencyFactor: low, highFrequencyFactor: high,
      originalContext: rope.original_max_position_embeddings ?? context
    }
    default: return undefined
  }
}

/** The rotary embedding that the fields describe; `fraction` where neither spelling gives one. */
export const readRotary = (fields: RopeFields, context: number, fraction = 1): Rotary => {
  const rope = fields.rope_scaling ?? fields.rope_parameters
  const scaling = rope && scalingOf(rope, context)
  return {
    kind: "rotary",
    theta: rope?.rope_theta ?? fields.rope_theta ?? 10_000,
    fraction: rope?.partial_rotary_factor ?? fraction,
    ...(scaling && { scaling })
  }
}

const emptyRope: Rope = {
  rope_type: undefined, type: undefined, rope_theta: undefined, partial_rotary_factor: undefined, factor: undefined,
  low_freq_factor: undefined, high_freq_factor: undefined, original_max_position_embeddings: undefined
}

const writeScaling = (scaling: RotaryScaling): Rope => scaling.kind === "linear"
  ? { ...emptyRope, rope_type: "linear", factor: scaling.factor }
  : {
    ...emptyRope, rope_type: "llama3", factor: scaling.factor, low_freq_factor: scaling.lowFrequencyFactor,
    high_freq_factor: scaling.highFrequencyFactor, original_max_position_embeddings: scaling.originalContext
  }

/** The fields of a rotary embedding, where the positions are that. */
export const writeRotary = (position: Rotary | Learned) => ({
  rope_theta: position.kind === "rotary" ? position.theta : undefined,
  rope_scaling: position.kind === "rotary" && position.scaling ? writeScaling(position.scaling) : undefined,
  rope_parameters: undefined
})
