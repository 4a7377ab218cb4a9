/**
 * A stage is one named step of a pipeline, from a value to a value. Pipelines are stages put after one another; while
 * one runs, each stage is tracked as work under its name, so a user sees where a long computation stands.
 */
import { Effect } from "effect"
import { tracked } from "./progress.ts"

export interface Stage<in I, out O, out E = never, out R = never> {
  readonly name: string
  readonly run: (input: I) => Effect.Effect<O, E, R>
}

/** A stage that is tracked as work under its name. */
export const make = <I, O, E, R>(name: string, run: (input: I) => Effect.Effect<O, E, R>): Stage<I, O, E, R> =>
  ({ name, run: (input) => tracked({ name }, () => run(input)) })

/** One stage after another, as one. */
export const andThen = <I, M, O, E, R, F, S>(
  first: Stage<I, M, E, R>,
  second: Stage<M, O, F, S>
): Stage<I, O, E | F, R | S> => ({
  name: `${first.name}, ${second.name}`,
  run: (input) => Effect.flatMap(first.run(input), second.run)
})
