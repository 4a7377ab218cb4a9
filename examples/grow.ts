/**
 * A model from a folder, and the one that HyperCloning grows from it, twice as wide. Both are the same service, so one
 * program looks at either: its greedy text and its perplexity are those of the source.
 *
 *   npm run example examples/grow.ts [FOLDER]
 */
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer, Stream } from "effect"
import { algebra, HyperCloning, language } from "noether"

const folder = process.argv[2] ?? "models/default"

const look = (name: string) => Effect.gen(function*() {
  const model = yield* language.LanguageModel
  const tokenizer = yield* language.Tokenizer.Tokenizer
  const prompt = yield* tokenizer.encode("It was a dark and stormy night; the rain fell in torrents")
  const { perplexity } = yield* language.Score.perplexity(model, prompt)
  const text = yield* Stream.mkString(tokenizer.decodeStream(model.generate(prompt, { tokens: 24 })))
  yield* Console.log(`${name}: width ${model.architecture.model}, perplexity ${perplexity.toFixed(3)}, ${JSON.stringify(text)}`)
})

const small = language.Checkpoint.layer(folder)
const large = HyperCloning.layer({ width: 2, variant: "noisy-symmetric" }).pipe(Layer.provide(small))

const program = Effect.andThen(
  Effect.provide(look("small"), small),
  Effect.provide(look("large"), large)
)
const platform = Layer.merge(algebra.Cpu.layer, NodeServices.layer)
const tokenizer = language.Tokenizer.layer(folder)

await Effect.runPromise(program.pipe(Effect.provide(tokenizer), Effect.provide(platform)))
