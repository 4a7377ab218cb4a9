/**
 * Whether the machine code of a contraction's step multiplies right: whole numbers small enough that every order of
 * summation gives the exact product, over every number of panels side by side, whole and partial blocks, results that
 * lie densely and apart, set and added to.
 */
import { argument, elements, rows, unroll } from "../cpu/contraction-element.ts"
import type { Procedures } from "./machine.ts"
import { stepWords } from "./step.ts"
import type { Float } from "./x86.ts"

/** Bytes of memory that checks take. */
export const checkedBytes = 2 ** 16

/** What is wrong with a product of `panels` panels of columns, if anything is. */
const mistakeOf = (
  type: Float, panels: number, memory: WebAssembly.Memory, { [type]: step }: Procedures
): string | undefined => {
  const { bytes, columns } = elements[type]
  const steps = 2 * unroll
  const [m, n] = [2 * rows + 1, panels * columns - 1]
  const [args, block, tables, packedA, packedB, target] = [0, 256, 512, 4096, 8192, 32768]
  const words = new Int32Array(memory.buffer)
  const numbers = type === "f32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer)
  const value = (seed: number): number => ((seed * 7) % 11) - 5
  const panelsOf = (size: number, width: number): number => Math.ceil(size / width)
  const pack = (address: number, size: number, width: number, seed: number): void => {
    for (let panel = 0; panel < panelsOf(size, width); panel++)
      for (let k = 0; k < steps; k++)
        for (let i = 0; i < width; i++)
          numbers[address / bytes + (panel * steps + k) * width + i] = value(seed + 3 * (panel * width + i) + 5 * k)
  }
  pack(packedA, m, rows, 1)
  pack(packedB, n, columns, 2)
  for (const [denseC, accumulate, stride] of [[1, 0, 1], [1, 1, 1], [0, 0, 2], [0, 1, 2]] as const) {
    words.set(Array.from({ length: m }, (_, i) => i * n * stride * bytes), tables / 4)
    words.set(Array.from({ length: n }, (_, j) => j * stride * bytes), tables / 4 + m)
    const given = { m, n, cRow: tables, cColumn: tables + 4 * m, denseC }
    for (const name of ["m", "n", "cRow", "cColumn", "denseC"] as const) words[args / 4 + argument[name]] = given[name]
    const call = {
      args, a: packedA, b: packedB, steps, accumulate, target, top: 0, bottom: panelsOf(m, rows), left: 0, right: panels
    }
    words.set(stepWords.map((name) => call[name]), block / 4)
    const before = numbers.slice(target / bytes)
    step(block)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        const index = (i * n + j) * stride
        let wanted = accumulate === 1 ? before[index] ?? NaN : 0
        for (let k = 0; k < steps; k++) wanted += value(1 + 3 * i + 5 * k) * value(2 + 3 * j + 5 * k)
        const found = numbers[target / bytes + index]
        if (found !== wanted) return `a product of whole numbers in ${type} is ${found} at ${i}, ${j}, not ${wanted}`
      }
  }
  return undefined
}

/** What is wrong with procedures on a memory of `checkedBytes`, if anything is. */
export const mistake = (memory: WebAssembly.Memory, procedures: Procedures): string | undefined => {
  // panels are taken by threes, twos and one
  for (const type of ["f32", "f64"] as const)
    for (const panels of [1, 2, 8]) {
      const wrong = mistakeOf(type, panels, memory, procedures)
      if (wrong !== undefined) return wrong
    }
  return undefined
}
