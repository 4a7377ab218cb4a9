/** The families that the library reads and writes, by `model_type`. */
import { Effect } from "effect"
import type { CodecError } from "../../../core/codec.ts"
import { decode } from "../../../core/codec.ts"
import type { Architecture } from "../architecture.ts"
import type { Family } from "./family.ts"
import { identity } from "./fields.ts"
import { gemma, gemma2 } from "./gemma.ts"
import { gpt2 } from "./gpt2.ts"
import { gptNeox } from "./gpt-neox.ts"
import { llama, mistral } from "./llama.ts"
import { olmo, olmo2 } from "./olmo.ts"
import { opt } from "./opt.ts"
import { qwen2, qwen3 } from "./qwen.ts"
import { UnsupportedArchitecture } from "./unsupported.ts"

export const families: ReadonlyArray<Family> =
  [llama, mistral, qwen2, qwen3, gemma, gemma2, opt, gptNeox, gpt2, olmo, olmo2]

/** What a config.json says. */
export interface Described {
  readonly family: Family
  readonly architecture: Architecture
}

/** The family and the description in a config.json, which came from `file`. */
export const readConfig = (
  config: unknown,
  file: string
): Effect.Effect<Described, CodecError | UnsupportedArchitecture> =>
  Effect.gen(function*() {
    const { model_type: name, quantization_config: quantised } = yield* decode(identity, file)(config)
    if (quantised !== undefined && quantised !== null)
      return yield* new UnsupportedArchitecture({
        file, family: name, field: "quantization_config",
        message: `${file}: quantization_config: quantised weights are not read, only F32, F16 and BF16`
      })
    const family = families.find(({ modelType }) => modelType === name)
    if (family === undefined)
      return yield* new UnsupportedArchitecture({
        file, family: name, field: "model_type",
        message: `${file}: model_type "${name}" is none of ${families.map(({ modelType }) => modelType).join(", ")}`
      })
    return { family, architecture: yield* decode(family.config, file)(config) }
  })
