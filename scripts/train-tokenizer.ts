/**
 * Trains the default model's vocabulary on data/prose.train.txt.gz and writes tokenizer.json and tokenizer_config.json.
 *
 *   node scripts/train-tokenizer.ts [SIZE] [FOLDER]    1024 tokens and models/default unless said otherwise
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import * as E from "fp-ts/lib/Either.js"
import { tokenizerConfig, train } from "../src/methods/language/bytepair.ts"

const root = join(import.meta.dirname, "..")
const [size = "1024", folder = join(root, "models/default")] = process.argv.slice(2)
const text = gunzipSync(readFileSync(join(root, "data/prose.train.txt.gz"))).toString("utf8")
const trained = train(text, { size: Number(size) })

if (E.isLeft(trained)) {
  console.error(trained.left.message)
  process.exitCode = 1
} else {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "tokenizer.json"), `${JSON.stringify(trained.right, null, 2)}\n`)
  writeFileSync(join(folder, "tokenizer_config.json"), `${JSON.stringify(tokenizerConfig, null, 2)}\n`)
  console.log(`${size} tokens, ${trained.right.model.merges.length} merges: ${folder}`)
}
