/** What the REPL says when it starts: three things to try, which the laws type. */

/** A tensor is computed, a mistake in sizes is refused, a type is shown. */
export const tries = [
  `algebra.evaluate(() => algebra.softmax(algebra.iota("f32", "time", 4), "time"))`,
  `algebra.contract(algebra.iota("f32", "time", 4), algebra.iota("f32", "time", 5), "time")`,
  ".type algebra.softmax"
] as const

/** The banner of a version. */
export const banner = (version: string): string => [
  `Noether ${version}, TypeScript with types checked; an Effect on a line is run. Try:`,
  ...tries.map((line) => `  ${line}`),
  "(.help lists the commands, .exit or Ctrl-D leaves)"
].join("\n")
