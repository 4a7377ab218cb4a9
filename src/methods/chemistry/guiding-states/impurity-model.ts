/**
 * A single impurity in a bath of free electrons (Anderson, Phys. Rev. 124, 41 (1961)), with the bath made of finitely
 * many levels, and its Gaussian states: those of free electrons, which the natural orbitals of any state define. Bravyi
 * and Gosset (1609.00735) show that all but a few natural orbitals of a ground state are full or empty to any accuracy,
 * however large the bath. Conserved: electrons; at half filling also particle-hole symmetry.
 */
import { Data, Effect } from "effect"
import { eigh } from "../../../algebra/backends/factorisation/symmetric.ts"
import type { Hamiltonian } from "../correlation/hamiltonian.ts"
import { rotate } from "../correlation/hamiltonian.ts"

/** Free electrons that the impurity is coupled to, energies in units of one's choice. */
export interface Bath {
  /** h_kl over bath sites, row-major. */
  readonly hopping: Float64Array
  /** What takes an electron from the impurity to each site. */
  readonly couplings: Float64Array
}

/** A chain of sites, the impurity at its end: -t between neighbours, -V to the first. */
export const chain = (sites: number, { hopping = 1, coupling = 0.5 } = {}): Bath => ({
  hopping: Float64Array.from({ length: sites ** 2 }, (_, kl) =>
    (Math.abs(Math.floor(kl / sites) - kl % sites) === 1 ? -hopping : 0)),
  couplings: Float64Array.from({ length: sites }, (_, k) => (k === 0 ? -coupling : 0))
})

/**
 * A flat band from -width to width in intervals that shrink by a factor towards zero energy (Wilson, Rev. Mod. Phys.
 * 47, 773 (1975)), one level in the middle of each: as many above as below, and one at zero where `sites` is odd. All
 * couplings together have the strength of `coupling`.
 */
export const band = (sites: number, { width = 2, factor = 2, coupling = 0.5 } = {}): Bath => {
  const half = Math.floor(sites / 2)
  const edges = Array.from({ length: half + 1 }, (_, at) => width * factor ** -at)
  const above = Array.from({ length: half }, (_, at) => ({
    level: (edges[at]! + edges[at + 1]!) / 2, weight: (edges[at]! - edges[at + 1]!) / (2 * width)
  }))
  const centre = sites % 2 === 1 ? [{ level: 0, weight: (edges[half] ?? width) / width }] : []
  const levels = [...above, ...above.map(({ level, weight }) => ({ level: -level, weight })), ...centre]
  const total = levels.reduce((sum, { weight }) => sum + weight, 0)
  const ordered = levels.sort((left, right) => left.level - right.level)
  return {
    hopping: Float64Array.from({ length: sites ** 2 }, (_, kl) =>
      (kl % (sites + 1) === 0 ? ordered[kl / (sites + 1)]!.level : 0)),
    couplings: Float64Array.from(ordered, ({ weight }) => coupling * Math.sqrt(weight / total))
  }
}

/** The impurity: what two electrons on it cost, its level, and its bath. */
export interface ImpurityModel {
  readonly repulsion: number
  /** -repulsion / 2 when left out, which is half filling. */
  readonly level?: number
  readonly bath: Bath
  /** One an orbital when left out. */
  readonly electrons?: number
}

/** A model that is none; names the field. */
export class ImpurityError extends Data.TaggedError("ImpurityError")<{
  readonly field: string
  readonly message: string
}> {}

/** The Hamiltonian over sites, the impurity first. */
export const sites = (model: ImpurityModel): Effect.Effect<Hamiltonian, ImpurityError> => {
  const { repulsion, level = -repulsion / 2, bath: { hopping, couplings } } = model
  const refuse = (field: string, reason: string) =>
    Effect.fail(new ImpurityError({ field, message: `impurity model: ${field}: ${reason}` }))
  const bath = couplings.length
  const orbitals = bath + 1
  const electrons = model.electrons ?? orbitals
  if (hopping.length !== bath ** 2) return refuse("hopping", `expected ${bath ** 2} values, got ${hopping.length}`)
  if (![repulsion, level, ...hopping, ...couplings].every(Number.isFinite))
    return refuse("energies", "expected finite numbers")
  if (!Number.isInteger(electrons) || electrons % 2 === 1 || electrons < 2 || electrons > 2 * orbitals)
    return refuse("electrons", `expected an even number from 2 to ${2 * orbitals}, got ${electrons}`)
  const oneBody = new Float64Array(orbitals ** 2)
  oneBody[0] = level
  couplings.forEach((value, k) => { oneBody[k + 1] = oneBody[(k + 1) * orbitals] = value })
  hopping.forEach((value, kl) => {
    oneBody[(Math.floor(kl / bath) + 1) * orbitals + kl % bath + 1] = value
  })
  const twoBody = new Float64Array(orbitals ** 4)
  twoBody[0] = repulsion
  return Effect.succeed({ orbitals, electrons, core: 0, oneBody, twoBody })
}

/** The mean field of an impurity model: a Gaussian state. */
export interface ImpurityMeanField {
  /** Over the orbitals of the mean field, those of its determinant first. */
  readonly hamiltonian: Hamiltonian
  /** Column q, row-major, is orbital q over sites. */
  readonly orbitals: Float64Array
  readonly orbitalEnergies: Float64Array
  /** Electrons on the impurity, both spins. */
  readonly occupation: number
}

/** Orbitals with the impurity's level moved, and electrons on it. */
const filled = ({ orbitals: n, electrons, oneBody }: Hamiltonian, shift: number) => {
  const data = oneBody.slice()
  data[0] = data[0]! + shift
  const { values, vectors } = eigh({ rows: n, columns: n, data })
  let occupation = 0
  for (let i = 0; i < electrons / 2; i++) occupation += 2 * vectors.data[i]! ** 2
  return { values: values.data, vectors: vectors.data, occupation }
}

/**
 * The mean field: the level rises by U n / 2 where n electrons are on it. The more it rises the fewer are, so there is
 * one answer, between 0 and 2, which bisection finds. At half filling n = 1: the free sea, whatever U is.
 */
export const meanField = (of: Hamiltonian): ImpurityMeanField => {
  const repulsion = of.twoBody[0]!
  let [low, high] = [0, 2]
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2
    if (filled(of, repulsion * middle / 2).occupation > middle) low = middle
    else high = middle
  }
  const { values, vectors, occupation } = filled(of, repulsion * (low + high) / 4)
  return { hamiltonian: rotate(of, vectors), orbitals: vectors, orbitalEnergies: values, occupation }
}

/** The correlation spectrum sigma_j = min(n_j, 1 - n_j), n per spin, largest first; 0 is a Gaussian mode. */
export const correlationSpectrum = (occupations: ArrayLike<number>): Float64Array =>
  Float64Array.from(occupations, (occupation) => Math.max(0, Math.min(occupation, 2 - occupation) / 2))
    .sort().reverse()

/**
 * The rate at which the correlation spectrum falls at least, a mode: sigma_j <= c exp(-rate j), rate = 1 / (14 m ln(2 /
 * omega)), for an impurity of m modes in a bath whose energies, over the largest, are omega at least in modulus (Bravyi
 * and Gosset's theorem; its constants are from memory).
 */
export const guaranteedRate = (bathEnergies: ArrayLike<number>, modes = 2): number => {
  const moduli = Array.from(bathEnergies, Math.abs)
  const omega = Math.min(...moduli) / Math.max(...moduli)
  return 1 / (14 * modes * Math.log(2 / omega))
}
