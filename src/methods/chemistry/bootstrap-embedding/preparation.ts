/**
 * From a mean field to the problems of its fragments: how a configuration cuts the molecule, what electrons are left
 * out, which orbitals are sites. Nothing is solved here.
 */
import { Effect } from "effect"
import { valenceElectrons } from "../localisation/core.ts"
import { intrinsic } from "../localisation/intrinsic.ts"
import { loewdin } from "../localisation/loewdin.ts"
import type { RestrictedMeanField } from "../mean-field.ts"
import type { Molecule } from "../molecule.ts"
import type { Configuration } from "./configuration.ts"
import type { Connectivity } from "./connectivity.ts"
import { connectivity, EmbeddingError } from "./connectivity.ts"
import type { Fragment } from "./fragmentation.ts"
import { fragments } from "./fragmentation.ts"
import { problems } from "./fragment-problem.ts"
import { sitesOf } from "./sites.ts"

const checked = (configuration: Configuration): Effect.Effect<void, EmbeddingError> => {
  const { concurrency = 1, iterations = 1, radiusScale = 1, tolerance = 1 } = configuration
  const refuse = (field: string, reason: string) => Effect.fail(EmbeddingError.of(field, reason))
  if (!(tolerance > 0)) return refuse("tolerance", `expected a number above 0, got ${tolerance}`)
  if (!(radiusScale > 0)) return refuse("radiusScale", `expected a number above 0, got ${radiusScale}`)
  if (!Number.isInteger(iterations) || iterations < 1)
    return refuse("iterations", `expected a whole number from 1, got ${iterations}`)
  if (!Number.isInteger(concurrency) || concurrency < 1)
    return refuse("concurrency", `expected a whole number from 1, got ${concurrency}`)
  return Effect.void
}

/** A molecule cut up: its motifs and fragments. */
export interface Cut {
  readonly connectivity: Connectivity
  readonly fragments: ReadonlyArray<Fragment>
}

/** How a configuration cuts a molecule; no integral is needed for it. */
export const cut = (
  molecule: Molecule, { bonds, fragments: kind = "be2", hydrogens, radiusScale, swallowed }: Configuration
): Effect.Effect<Cut, EmbeddingError> =>
  Effect.map(connectivity(molecule, {
    ...(bonds === undefined ? {} : { bonds }),
    ...(radiusScale === undefined ? {} : { radiusScale }),
    ...(hydrogens === undefined ? {} : { hydrogens })
  }), (bonded) => ({ connectivity: bonded, fragments: fragments(bonded, Number(kind.slice(2)), swallowed) }))

/** The fragments of a mean field, ready to be solved. */
export const prepare = (
  field: RestrictedMeanField, configuration: Configuration, memory?: number
) => Effect.gen(function*() {
  yield* checked(configuration)
  const { connectivity: bonded, fragments: found } = yield* cut(field.molecule, configuration)
  const valence = yield* valenceElectrons(field, configuration.frozenCore ?? false)
  const localised = yield* (configuration.localisation === "iao" ? intrinsic : loewdin)(field, valence)
  const prepared = yield* problems(field, valence, localised, sitesOf(found, bonded, localised), memory)
  return { bonded, found, valence, localised, prepared }
})
