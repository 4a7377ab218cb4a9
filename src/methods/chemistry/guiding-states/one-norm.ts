/**
 * lambda, the sum of the moduli of the coefficients of a Hamiltonian's Pauli words but the identity's, straight from
 * its integrals (Koridon and others, Phys. Rev. Research 3, 033127 (2021)). Unlike the spectrum it depends on the
 * orbitals, and it bounds the spectrum: no energy is further than lambda from the identity's coefficient.
 */
import type { Hamiltonian } from "../correlation/hamiltonian.ts"

/** lambda in Ha. */
export const oneNorm = ({ orbitals: n, oneBody, twoBody }: Hamiltonian): number => {
  const g = (p: number, q: number, r: number, s: number): number => twoBody[((p * n + q) * n + r) * n + s]!
  let [one, same, opposite] = [0, 0, 0]
  for (let p = 0; p < n; p++)
    for (let q = 0; q < n; q++) {
      let h = oneBody[p * n + q]!
      for (let r = 0; r < n; r++) {
        h += g(p, q, r, r) - g(p, r, r, q) / 2
        for (let s = 0; s < n; s++) {
          opposite += Math.abs(g(p, q, r, s))
          if (p > r && s > q) same += Math.abs(g(p, q, r, s) - g(p, s, r, q))
        }
      }
      one += Math.abs(h)
    }
  return one + same / 2 + opposite / 4
}
