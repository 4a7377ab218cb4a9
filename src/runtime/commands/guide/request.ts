/** What `noether guide` and `noether experiment guiding-states` are asked, decoded. */
import type { Settings } from "../request.ts"

/** Where the electrons are that a guiding state is made for, the default first. */
export const cores = ["none", "schmidt", "huzinaga", "pi"] as const
export type Core = (typeof cores)[number]

/** Overlaps of guiding states with the ground state of a molecule, or of a core of it. */
export interface GuideRequest {
  readonly settings: Settings
  readonly molecule: string
  readonly basis: string
  /** As the file says, or 0, when undefined. */
  readonly charge: number | undefined
  readonly embedding: Core
  /** Atoms of the core, from 1. */
  readonly atoms: ReadonlyArray<number>
  /** Without an embedding: lowest orbitals that are frozen, and orbitals kept after them. */
  readonly frozen: number | undefined
  readonly active: number | undefined
  /** Bits of the phase. */
  readonly bits: number
  /** Steps of the product formula, beside the exact evolution; none when undefined. */
  readonly trotter: number | undefined
  /** Runs that are drawn. */
  readonly runs: number
  /** Error of the energy that costs are stated for, in Ha. */
  readonly error: number
  /** Folder of the report; none is written when undefined. */
  readonly out: string | undefined
}

/** Every figure of the method's page, into a folder. */
export interface GuideStudyRequest {
  readonly settings: Settings
  readonly out: string
}
