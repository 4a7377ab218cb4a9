/**
 * Derivatives of Gaussians with respect to where they stand: of x^k exp(-a x^2), 2 a x^(k+1) - k x^(k-1) (Helgaker,
 * Jorgensen, Olsen, Molecular Electronic-Structure Theory, 9.2.3). A shell's derivatives are a shell again, so every
 * integral over them is made by the code of the integrals themselves. Their sum over all centres is 0.
 */
import { monomials } from "./harmonics.ts"
import type { ShellPair } from "./pairs.ts"
import { shellPair } from "./pairs.ts"
import type { Shell } from "./shells.ts"

/**
 * Both parts of the derivatives of a shell: for x, y and z, for each function, the part of higher degree and that of
 * lower degree. Its orbitals are numbered from 0.
 */
export const derivativeShell = (shell: Shell): Shell => {
  const degrees = Array.from({ length: shell.degree + 2 }, (_, l) => l)
  const powers = degrees.flatMap(monomials)
  const place = new Map(powers.map((power, at) => [power.join(), at]))
  const count = shell.orbitals.length
  const [before, primitives] = [shell.monomials.length, shell.exponents.length]
  const radial: Array<number> = []
  const angular: Array<number> = []
  for (let axis = 0; axis < 3; axis++)
    for (let f = 0; f < count; f++) {
      const raised = new Array<number>(powers.length).fill(0)
      const lowered = new Array<number>(powers.length).fill(0)
      for (const [m, power] of shell.monomials.entries()) {
        const coefficient = shell.angular[f * before + m]!
        if (coefficient === 0) continue
        const moved = (by: number): string => power.map((k, at) => (at === axis ? k + by : k)).join()
        const up = place.get(moved(1))
        const down = place.get(moved(-1))
        if (up !== undefined) raised[up] = raised[up]! + coefficient
        if (down !== undefined) lowered[down] = lowered[down]! - coefficient * power[axis]!
      }
      const own = shell.radial.subarray(f * primitives, (f + 1) * primitives)
      radial.push(...own.map((value, p) => 2 * shell.exponents[p]! * value), ...own)
      angular.push(...raised, ...lowered)
    }
  return {
    ...shell,
    degree: shell.degree + 1,
    monomials: powers,
    orbitals: Int32Array.from({ length: 6 * count }, (_, at) => at),
    radial: Float64Array.from(radial),
    angular: Float64Array.from(angular)
  }
}

/** A shell with its orbitals numbered from `start`. */
export const renumbered = (shell: Shell, start: number): Shell =>
  ({ ...shell, orbitals: shell.orbitals.map((_, at) => start + at) })

/** The pair of the derivatives of one shell and another one: functions are axes x left functions x right functions. */
export const derivativePair = (parts: ShellPair): ShellPair => {
  const columns = parts.right.orbitals.length
  const rows = parts.left.orbitals.length / 2
  const functions = rows * columns
  const { hermites, primitives } = parts
  const summed = (expansion: Float64Array): Float64Array => {
    const sum = new Float64Array(primitives * functions * hermites)
    for (let p = 0; p < primitives; p++)
      for (let row = 0; row < rows; row++)
        for (let at = 0; at < columns * hermites; at++) {
          const from = (p * 2 * rows + 2 * row) * columns * hermites + at
          sum[(p * rows + row) * columns * hermites + at] = expansion[from]! + expansion[from + columns * hermites]!
        }
    return sum
  }
  return { ...parts, functions, expansion: summed(parts.expansion), signed: summed(parts.signed) }
}

/** Both parts of the derivatives of the left shell, beside the right one. */
export const derivativeParts = (left: Shell, right: Shell): ShellPair => {
  const derivative = derivativeShell(left)
  return shellPair(derivative, renumbered(right, derivative.orbitals.length))
}
