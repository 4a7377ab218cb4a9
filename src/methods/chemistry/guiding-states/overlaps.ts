/**
 * Overlaps of guiding states with the exact ground state of a Hamiltonian, measured, beside what is known without it:
 * of the mean field's determinant, the determinant of natural orbitals, superpositions of few determinants, and the
 * ground states of ever larger active spaces (2408.01940). Every overlap here is a probability, |<Phi|Psi>|^2.
 */
import { Effect } from "effect"
import { tracked } from "../../../core/progress.ts"
import { dot } from "../correlation/davidson.ts"
import type { Natural } from "../correlation/density-matrices.ts"
import { natural, oneOfState } from "../correlation/density-matrices.ts"
import type { Options as FciOptions, State } from "../correlation/fci.ts"
import { fci } from "../correlation/fci.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { referenceEnergy, rotate } from "../correlation/hamiltonian.ts"
import type { ActiveSpace } from "./active-space.ts"
import { nested, weightWithin } from "./active-space.ts"
import type { Bound } from "./bounds.ts"
import { determinantBounds, energyBounds, spaceBound } from "./bounds.ts"
import { cumulative, heaviest } from "./determinants.ts"
import { mutualInformation, orbitalEntropies } from "./entropies.ts"
import { groundOf, GuideError } from "./guide.ts"
import type { RitzLine } from "./spectral-weights.ts"
import { linesOf } from "./spectral-weights.ts"
import { rotateState } from "./state-rotation.ts"

/** A guiding state's overlap, and bounds on it. */
export interface Measured {
  readonly overlap: number
  readonly bounds: ReadonlyArray<Bound>
}

/** An active space of natural orbitals. */
export interface MeasuredSpace {
  readonly space: ActiveSpace
  readonly electrons: number
  /** What the occupations promise of the weight (T2). */
  readonly bound: Bound
  /** w, the overlap that the best state within has. */
  readonly weight: number
  /** The overlap of the ground state within; at most w. */
  readonly overlap: number
  /** Its energy, in Ha. */
  readonly energy: number
}

export interface Overlaps {
  /** The exact ground state, over the orbitals of the Hamiltonian. */
  readonly state: State
  /** The same state over natural orbitals. */
  readonly turned: Float64Array
  readonly natural: Natural
  /** The determinant of the Hamiltonian's first orbitals. */
  readonly meanField: Measured
  /** The determinant of the fullest natural orbitals. */
  readonly naturalDeterminant: Measured
  readonly spaces: ReadonlyArray<MeasuredSpace>
  /** The largest overlap of k determinants, k = 1, 2, ...: over the given orbitals, and over natural ones. */
  readonly determinants: { readonly given: Float64Array, readonly natural: Float64Array }
  /** Of natural orbitals. */
  readonly entropies: Float64Array
  readonly information: Float64Array
  /** What the mean field's determinant is made of, as far as the recursion went; all of it where it is small. */
  readonly lines: ReadonlyArray<RitzLine>
}

export interface OverlapOptions extends Pick<FciOptions, "memory" | "threads" | "tolerance"> {
  /** Spaces larger than this many orbitals have their weight measured but are not solved; 12 when left out. */
  readonly solve?: number
  /** How many of the heaviest determinants are counted; 100 when left out. */
  readonly determinants?: number
  /** Most vectors of the recursion for eigenstates' weights; 160 when left out. */
  readonly vectors?: number
}

/** Eigenstates with less of the determinant than this are rounding. */
const traces = 1e-12

/** Energies closer than this, in Ha, are of one state. */
const same = 1e-6

/** Nothing where the determinant has no part in the ground state, or the recursion did not come to the two lowest. */
const energyFacts = (of: Hamiltonian, exact: number, lines: ReadonlyArray<RitzLine>) => {
  const [ground, excited] = lines.filter(({ weight }) => weight > traces)
  if (ground === undefined || excited === undefined || Math.abs(ground.energy - exact) > same) return undefined
  if (Math.max(ground.error, excited.error) > same) return undefined
  // every line counts in the residual, so that it is that of the determinant whatever the length of the recursion
  const residual = Math.sqrt(lines.reduce((sum, { energy, weight }) => sum + weight * (energy - ground.energy) ** 2, 0))
  return { energy: referenceEnergy(of), ground: ground.energy, excited: excited.energy, residual }
}

/** Measures a Hamiltonian whose first orbitals are those of its mean field. */
export const overlaps = (of: Hamiltonian, options: OverlapOptions = {}) =>
  tracked({ name: "overlaps" }, () => Effect.gen(function*() {
    const { solve = 12, determinants = 100, vectors = 160, ...asked } = options
    const [state] = yield* fci(of, { iterations: 1000, ...asked })
    if (state === undefined) return yield* GuideError.of("ground state", "none was found")
    const { orbitals: n, electrons } = of
    const one = oneOfState(state)
    const orbitals = natural(one, n)
    const turned = rotateState(state.vector, state.strings, orbitals.orbitals)
    const over = rotate(of, orbitals.orbitals)
    const spaces: Array<MeasuredSpace> = []
    const chosen = nested(orbitals.occupations, electrons)
    yield* tracked({ name: "active spaces", total: chosen.length }, (tracker) => Effect.gen(function*() {
      for (const space of chosen) {
        const weight = weightWithin(turned, state.strings, space)
        const whole = space.active === n
        const solved = whole || space.active > solve
          ? { vector: undefined, energy: whole ? state.energy : NaN }
          : yield* groundOf(over, space, state.strings)
        spaces.push({
          space, electrons: electrons - 2 * space.frozen, weight, energy: solved.energy,
          bound: spaceBound(orbitals.occupations, space),
          overlap: solved.vector === undefined ? (whole ? 1 : NaN) : dot(solved.vector, turned) ** 2
        })
        yield* tracker.advance()
        yield* Effect.yieldNow
      }
    }))
    const guide = new Float64Array(state.vector.length)
    guide[0] = 1
    const lines = linesOf(of, state.strings, guide, { tolerance: 1e-8, vectors })
    const facts = energyFacts(of, state.energy, lines)
    const inside = Float64Array.from({ length: n }, (_, p) => one[p * (n + 1)]!)
    return {
      state, turned, natural: orbitals, spaces, lines,
      meanField: {
        overlap: state.vector[0]! ** 2,
        bounds: [...determinantBounds(inside, electrons / 2), ...(facts === undefined ? [] : energyBounds(facts))]
      },
      naturalDeterminant: {
        overlap: turned[0]! ** 2, bounds: determinantBounds(orbitals.occupations, electrons / 2)
      },
      determinants: {
        given: cumulative(heaviest(state, determinants)),
        natural: cumulative(heaviest({ vector: turned }, determinants))
      },
      entropies: orbitalEntropies({ vector: turned, strings: state.strings }),
      information: mutualInformation({ vector: turned, strings: state.strings })
    } satisfies Overlaps
  }))
