/** The rules of reverse mode: one a primitive, over the closed set of them. */
import * as Contraction from "./contraction.ts"
import * as Elementwise from "./elementwise.ts"
import * as Factorisation from "./factorisation.ts"
import * as Indexing from "./indexing.ts"
import * as Movement from "./movement.ts"
import type { Rules } from "./rule.ts"

const constant = () => []
const discrete = () => [undefined]

export const rules: Rules = {
  input: constant,
  literal: constant,
  fill: constant,
  iota: constant,
  unary: Elementwise.unary,
  binary: Elementwise.binary,
  select: Elementwise.select,
  cast: Elementwise.cast,
  contract: Contraction.contract,
  reduce: Contraction.reduce,
  rename: Movement.rename,
  split: Movement.split,
  merge: Movement.merge,
  slice: Movement.slice,
  concatenate: Movement.concatenate,
  pad: Movement.pad,
  tile: Movement.tile,
  expand: Movement.expand,
  gather: Indexing.gather,
  scatter: Indexing.scatter,
  argsort: discrete,
  factorise: Factorisation.factorise,
  solve: Factorisation.solve
}
