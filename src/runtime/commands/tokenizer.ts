/**
 * The tokenizer that a command needs of a model: a folder without one can be inspected and grown, but not read text.
 */
import { Data, Effect } from "effect"
import type { Model } from "../../methods/language/model.ts"

/** The folder has no tokenizer.json. */
export class NoTokenizer extends Data.TaggedError("NoTokenizer")<{
  readonly file: string
  readonly message: string
}> {}

/** The tokenizer of a model. */
export const tokenizerOf = ({ name, tokenizer }: Model) =>
  tokenizer === undefined
    ? Effect.fail(new NoTokenizer({ file: `${name}/tokenizer.json`, message: "expected a tokenizer, found none" }))
    : Effect.succeed(tokenizer)
