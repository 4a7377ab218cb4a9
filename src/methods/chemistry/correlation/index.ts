/**
 * Electron correlation: what a wave function adds to the mean field, from a Hamiltonian over orthonormal orbitals.
 * Perturbation theory, coupled cluster and full configuration interaction, density matrices, overlaps, and the methods
 * as one service.
 */
export { ccsd, NotConverged } from "./ccsd.ts"
export type { Doubles } from "./ccsd.ts"
export { RootsNotFound } from "./davidson.ts"
export * as DensityMatrices from "./density-matrices.ts"
export { fci, FciError } from "./fci.ts"
export type { State } from "./fci.ts"
export * as Hamiltonian from "./hamiltonian.ts"
export { mp2 } from "./mp2.ts"
export * as Overlap from "./overlap.ts"
export { Solver } from "./solver.ts"
export * as Solvers from "./solver.ts"
export { NotCanonical, triples } from "./triples.ts"
