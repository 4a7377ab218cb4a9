/**
 * A config.json as text. JSON has one kind of number and transformers two: it refuses an 8 where it wants a float, so
 * the fields that are floats there are written with a decimal point.
 */
import type { Json } from "./family.ts"

const floats = [
  "rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "clip_qkv", "attn_logit_softcapping",
  "final_logit_softcapping", "rope_theta", "factor", "low_freq_factor", "high_freq_factor", "rotary_pct"
]
const wholeFloat = new RegExp(`^( *"(?:${floats.join("|")})": -?\\d+)(,?)$`, "gm")

/** The text of a config.json. */
export const printConfig = (config: Json): string => `${JSON.stringify(config, null, 2).replace(wholeFloat, "$1.0$2")}\n`
