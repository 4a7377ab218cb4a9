/** The JSON files of a model's folder beside config.json and its weights, as io-ts codecs. */
import * as t from "io-ts"

/** Any JSON object. */
export const jsonObject = t.UnknownRecord

/** What is read of generation_config.json. */
export const generationConfig = t.type({ eos_token_id: t.union([t.undefined, t.null, t.number, t.array(t.number)]) })

const nullish = t.union([t.null, t.undefined, t.UnknownRecord])
const added = t.type({ id: t.number, content: t.string, special: t.union([t.boolean, t.undefined]) })

/** What is relied on in tokenizer.json before the tokenizer library sees it. */
export const tokenizerFile = t.type({
  model: t.intersection([t.type({ vocab: t.union([t.UnknownRecord, t.UnknownArray]) }), t.partial({ type: t.string })]),
  added_tokens: t.union([t.undefined, t.array(added)]),
  decoder: nullish, post_processor: nullish, pre_tokenizer: nullish, normalizer: nullish
})
