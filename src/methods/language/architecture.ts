/**
 * What a decoder-only transformer is, as plain data: one description that covers Llama, Mistral, Qwen2, Qwen3, Gemma,
 * Gemma 2, OPT, GPT-NeoX (Pythia), GPT-2, OLMo and OLMo 2. Together with the parameter table (parameters.ts) it fixes
 * the function that a checkpoint computes: two models of equal description and equal parameters have equal logits.
 *
 * One block maps the residual stream x {time, model} by `placement` (A attention, F feed-forward, N a norm of its own):
 *
 *     pre       x + A(N x),     then  x + F(N x)          with parallelResidual:  x + A(N x) + F(N' x)
 *     post      N(x + A x),     then  N(x + F x)
 *     sandwich  x + N'(A(N x)), then  x + N'(F(N x))
 *     branch    x + N'(A x),    then  x + N'(F x)
 *
 * where N is `attentionNorm` or `feedForwardNorm` and N' is `postAttentionNorm` or `postFeedForwardNorm` of the tree
 * (the parallel N' is `feedForwardNorm`).
 */

/** A description of a decoder-only transformer. Sizes are counts, names are the names of axes where there is one. */
export interface Architecture {
  /** Number of tokens: size of axis `vocabulary`. */
  readonly vocabulary: number
  /** Number of blocks. */
  readonly layers: number
  /** Width of the residual stream: size of axis `model`. */
  readonly model: number
  /** Width of the token embedding: size of axis `embed`. Equal to `model` unless `projected`. */
  readonly embed: number
  /** Whether `projectIn` {embed, model} and `projectOut` {model, embed} stand between embedding and residual stream. */
  readonly projected: boolean
  /** The longest sequence that the model was made for, in tokens. */
  readonly context: number
  /** Attention heads. Query head number h of the file is (head, share) = (floor(h / share), h mod share). */
  readonly heads: {
    /** Number of key-value heads: size of axis `head`. */
    readonly key: number
    /** Query heads that share one key-value head: size of axis `share`; 1 is multi-head attention. */
    readonly share: number
    /** Width of a head: size of axis `depth`. */
    readonly depth: number
  }
  /** Width of the feed-forward layer: size of axis `hidden`. */
  readonly hidden: number
  readonly norm: Norm
  readonly placement: "pre" | "post" | "sandwich" | "branch"
  /** Attention and feed-forward read the same stream, each through a norm of its own; only with placement `pre`. */
  readonly parallelResidual: boolean
  readonly position: Rotary | Learned
  readonly attention: Attention
  readonly feedForward: FeedForward
  /** The token embedding is multiplied by this before anything else (Gemma: the root of `model`); 1 elsewhere. */
  readonly embeddingScale: number
  /** The token embedding is also the unembedding; then there is no parameter `unembedding`. */
  readonly tiedHead: boolean
  /** A norm after the last block (false for post-norm OPT, whose last block ends in one). */
  readonly finalNorm: boolean
  /** Logits become cap * tanh(logits / cap). */
  readonly finalSoftCap?: number
  readonly tokens: Tokens
}

/** The norm used throughout: x / sqrt(mean(x^2) + epsilon), for `layer` after subtracting the mean. */
export interface Norm {
  readonly kind: "rms" | "layer"
  /** Added to the mean square under the root. */
  readonly epsilon: number
  /** Whether there is a gain at all (OLMo has none). */
  readonly parametric: boolean
  /** Whether a bias is added after the gain; only where `parametric`. */
  readonly bias: boolean
  /** The stored gain is the deviation from one: multiply by 1 + weight (Gemma). */
  readonly unitOffset: boolean
}

/**
 * Rotary position embedding: coordinate i of the first half of the rotated part of a head turns with coordinate
 * i + half, by position * theta^(-2i / rotated). See `rotary`, which gives the frequencies.
 */
export interface Rotary {
  readonly kind: "rotary"
  /** Base of the geometric series of wavelengths. */
  readonly theta: number
  /** The part of a head that is rotated: the first floor(depth * fraction) coordinates. */
  readonly fraction: number
  readonly scaling?: RotaryScaling
  /**
   * Set where heads were deepened by tiling: each run of `sourceDepth` coordinates is rotated by itself, with the
   * frequencies of that depth. No published file format can express it.
   */
  readonly sourceDepth?: number
}

/** How rotary frequencies were stretched for long contexts. */
export type RotaryScaling =
  /** Every frequency divided by `factor`. */
  | { readonly kind: "linear", readonly factor: number }
  /** Llama 3: long wavelengths divided by `factor`, short ones kept, a ramp between. */
  | {
    readonly kind: "llama3"
    readonly factor: number
    readonly lowFrequencyFactor: number
    readonly highFrequencyFactor: number
    readonly originalContext: number
  }

/** Learned position embedding: row `position + offset` of a table of `length` rows (axis `position`) is added. */
export interface Learned {
  readonly kind: "learned"
  readonly offset: number
  readonly length: number
}

export interface Attention {
  /** Which of the four maps have a bias. */
  readonly bias: { readonly query: boolean, readonly key: boolean, readonly value: boolean, readonly output: boolean }
  /**
   * RMS norm of query and key before rotation: `head` over each head's depth with one gain {depth} (Qwen3), `all` over
   * all heads together with a gain for each coordinate (OLMo 2). Its epsilon is the norm's, its gain without offset.
   */
  readonly queryKeyNorm: "none" | "head" | "all"
  /** Scores are the dot products times this. */
  readonly scale: number
  /** Scores become cap * tanh(scores / cap), before the mask. */
  readonly softCap?: number
  /** Query, key and value are clamped to [-clip, clip] after their maps. */
  readonly clip?: number
  /** One entry a layer: how many newest positions (itself included) a query sees; null for all. */
  readonly windows: ReadonlyArray<number | null>
}

/** gated: down(activation(gate x) * (up x)); plain: down(activation(up x)). */
export interface FeedForward {
  readonly gated: boolean
  readonly activation: Activation
  /** Whether each of its maps has a bias. */
  readonly bias: boolean
}

/** `gelu` by the error function, `gelu_tanh` by its hyperbolic-tangent approximation. */
export type Activation = "silu" | "gelu" | "gelu_tanh" | "relu"

/** Token ids with a meaning to decoding. */
export interface Tokens {
  readonly begin?: number
  /** Any of these ends a text. */
  readonly end: ReadonlyArray<number>
  readonly pad?: number
}

/** Number of query heads. */
export const queryHeads = (architecture: Architecture): number => architecture.heads.key * architecture.heads.share

/** How many of the first coordinates of a run of `depth` coordinates are rotated. */
export const rotatedDepth = (position: Rotary, depth: number): number =>
  Math.floor((position.sourceDepth ?? depth) * position.fraction)

/**
 * Angles a position of each rotated pair, in the order of the pairs: rotatedDepth / 2 of them. Stretched as `scaling`
 * says (Llama 3's rule: wavelengths beyond originalContext / lowFrequencyFactor are divided by `factor`, those below
 * originalContext / highFrequencyFactor kept, in between a linear ramp in the frequency).
 */
export const rotaryFrequencies = (position: Rotary, depth: number): ReadonlyArray<number> => {
  const rotated = rotatedDepth(position, depth)
  const plain = Array.from({ length: rotated / 2 }, (_, pair) => position.theta ** (-2 * pair / rotated))
  const { scaling } = position
  if (scaling === undefined) return plain
  if (scaling.kind === "linear") return plain.map((frequency) => frequency / scaling.factor)
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContext } = scaling
  return plain.map((frequency) => {
    const turns = originalContext * frequency / (2 * Math.PI)
    if (turns < low) return frequency / factor
    if (turns > high) return frequency
    const ramp = (turns - low) / (high - low)
    return (1 - ramp) * frequency / factor + ramp * frequency
  })
}
