/** How large a model is. */
import type { Architecture } from "../../methods/language/architecture.ts"
import { countOf, parametersOf } from "../../methods/language/parameters.ts"

/** Number of weights of an architecture. */
export const parameterCount = (architecture: Architecture): number =>
  parametersOf(architecture).reduce((sum, parameter) => sum + countOf(parameter), 0)
