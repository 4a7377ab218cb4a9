/**
 * Noether: published methods as composable typed pipelines over one named-axis tensor algebra, each with the law that
 * says what it leaves unchanged. One namespace a room of the library.
 */
export * as core from "./core/index.ts"
export * as algebra from "./algebra/index.ts"
export * as language from "./methods/language/index.ts"
export { HyperCloning } from "./methods/language/hypercloning/index.ts"
export { MultiToken } from "./methods/language/multi-token/index.ts"
export * as chemistry from "./methods/chemistry/index.ts"
export { BootstrapEmbedding } from "./methods/chemistry/bootstrap-embedding/index.ts"
export { GuidingStates } from "./methods/chemistry/guiding-states/index.ts"
export * as guidingStates from "./methods/chemistry/guiding-states/index.ts"
