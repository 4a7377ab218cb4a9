/**
 * What is shipped with the package: the model that this project trained, and the text that it was trained and is judged
 * on.
 */
import path from "node:path"
import { root } from "./package.ts"

export const embedded = {
  /** Folder of the model, with its recipe. */
  model: path.join(root, "models/default"),
  /** How it was made: its architecture, and how its first weights are drawn. */
  recipe: path.join(root, "models/default/recipe.json"),
  tokenizerFiles: ["tokenizer.json", "tokenizer_config.json"].map((name) => path.join(root, "models/default", name)),
  /** English prose, cut by whole works: to learn from, and held out. */
  prose: { train: path.join(root, "data/prose.train.txt.gz"), heldOut: path.join(root, "data/prose.heldout.txt.gz") },
  /** Records of the World Factbook, a predictable kind of text. */
  records: {
    train: path.join(root, "data/records.train.txt.gz"),
    heldOut: path.join(root, "data/records.heldout.txt.gz")
  }
} as const
