/**
 * Bootstrap embedding (Ye, Tran and Van Voorhis, J. Chem. Theory Comput. 16, 5035 (2020); in a classical environment
 * Weisburn et al., 2409.06813): a large molecule by its fragments, each solved with a bath as if it were a small
 * molecule, and made to agree where they overlap. Conserved: the energy of the mean field, the number of electrons, and
 * the solver's own answer where one fragment is all. Laws: laws/methods/chemistry/bootstrap-embedding/.
 */
import type { FileSystem } from "effect"
import { Effect, Layer } from "effect"
import type { Backend } from "../../../algebra/backend.ts"
import type { Method } from "../../../core/method.ts"
import { Solver } from "../correlation/solver.ts"
import { EnergyError, EnergyMethod } from "../energy-method.ts"
import { meanField } from "../mean-field.ts"
import { Configuration } from "./configuration.ts"
import { allElectrons, sameMeanField } from "./conservation.ts"
import { embed, NotMatched } from "./embedding.ts"
import { cut, prepare } from "./preparation.ts"

export { Configuration } from "./configuration.ts"
export { EmbeddingError } from "./connectivity.ts"
export * as conservation from "./conservation.ts"
export type { Course, EmbeddedFragment, Embedding, EmbeddingFailure, MatchingState } from "./embedding.ts"
export { embed, NotMatched } from "./embedding.ts"
export type { Cut } from "./preparation.ts"
export { cut, prepare } from "./preparation.ts"

/** From the solver of the context, for fragments, to the energies of molecules in a basis set (sto-3g by default). */
const layer = (
  { basis = "sto-3g", ...configuration }: Configuration = {}
): Layer.Layer<EnergyMethod, never, Solver | Backend | FileSystem.FileSystem> =>
  Layer.effect(EnergyMethod, Effect.gen(function*() {
    const solver = yield* Solver
    const context = yield* Effect.context<Solver | Backend | FileSystem.FileSystem>()
    const method = `${configuration.fragments ?? "be2"} ${solver.name}`
    return {
      name: method,
      energy: (molecule) => meanField(molecule, { basis }).pipe(
        Effect.flatMap((field) => embed(field, configuration)),
        Effect.map(({ correlation, total }) => ({ correlation, total })),
        Effect.mapError((cause) => new EnergyError({ method, message: cause.message, cause })),
        Effect.provideContext(context)
      )
    }
  }))

const pipeline = { layer, cut, embed, prepare, NotMatched }

/** Bootstrap embedding as a method: from a fragment `Solver` to an `EnergyMethod` for the whole molecule. */
export const BootstrapEmbedding:
  & Method<Configuration, EnergyMethod, never, Solver | Backend | FileSystem.FileSystem>
  & typeof pipeline = {
    name: "BootstrapEmbedding",
    paper: {
      title: "Multiscale Embedding for Quantum Computing",
      authors: "Weisburn, Cho, Bensberg, Meitei, Reiher, Van Voorhis",
      arxiv: "2409.06813"
    },
    configuration: Configuration,
    laws: [sameMeanField, allElectrons],
    ...pipeline
  }
