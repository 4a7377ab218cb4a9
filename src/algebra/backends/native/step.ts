/**
 * The innermost part of a contraction as machine code: register blocks of four rows by up to three panels of columns
 * (4 x 24 in f32, 4 x 12 in f64), from the same packed panels as the WebAssembly kernels and in the same order of
 * multiply-adds, so with the same bits. Every address is the memory's base plus 32 bits, as in WebAssembly.
 */
import { argument, elements, rows, unroll } from "../cpu/contraction-element.ts"
import type { Assembler, Float, General, Place } from "./x86.ts"
import {
  assembler, at, indexed, r10, r11, r12, r13, r14, r15, r8, r9, rax, rbp, rbx, rcx, rdi, rdx, rsi, rsp
} from "./x86.ts"

/** Words of the block that a step is called with. */
export const stepWords = [
  "args", "a", "b", "steps", "accumulate", "target", "top", "bottom", "left", "right"
] as const
type StepWord = (typeof stepWords)[number]

/** Panels of B side by side in registers: 12 sums, 3 vectors of B and an element of A fill the sixteen. */
const mostPanels = 3
const vectorBytes = 32
const [firstB, elementA] = [12, 15]

/** Where what does not stay in registers lies on the stack, behind the block of results that is stored piecemeal. */
const blockBytes = rows * mostPanels * vectorBytes
const local = { down: blockBytes, across: blockBytes + 8, stride: blockBytes + 16, bytes: blockBytes + 32 } as const

const preserved = [rbx, rbp, r12, r13, r14, r15]

/**
 * The procedure (base, block): panels [top, bottom) of A by [left, right) of B over `steps` padded steps into C. It is
 * called as System V has it: arguments in rdi and rsi, all vector registers free.
 */
export const stepCode = (type: Float): Uint8Array<ArrayBuffer> => {
  const code = assembler()
  const { bytes, columns } = elements[type]
  // base in rdi, block in rsi, arguments in r8, panel of A in r11, of B in r10, their numbers in r13 and r12,
  // tables of C's rows and columns in rbx and rbp
  const word = (name: StepWord): Place => at(rsi, stepWords.indexOf(name) * 4)
  const given = (name: keyof typeof argument): Place => at(r8, argument[name] * 4)
  const pointer = (to: General, from: Place): void => {
    code.load(to, from)
    code.add(to, rdi)
  }

  for (const register of preserved) code.push(register)
  code.addNumber(rsp, -local.bytes)
  pointer(r8, word("args"))
  pointer(r10, word("b"))
  code.load(r12, word("left"))
  code.load(rax, word("steps"))
  code.shiftLeft(rax, Math.log2(columns * bytes))
  code.storeWide(at(rsp, local.stride), rax)

  const [next, done] = [code.label("next panels"), code.label("done")]
  code.place(next)
  code.load(rax, word("right"))
  code.subtract(rax, r12)
  code.compareNumber(rax, 0)
  code.jump(done, "equal")
  const starts = [3, 2, 1].map((panels) => ({ panels, label: code.label(`${panels} panels`) }))
  // how many are left, and how many to take: of four two, as three and one would keep fewer sums going
  for (const [left, taken] of [[1, 1], [2, 2], [4, 2]] as const) {
    code.compareNumber(rax, left)
    code.jump(starts.find(({ panels }) => panels === taken)?.label ?? done, "equal")
  }
  for (const { panels, label } of starts) {
    code.place(label)
    panelColumn(code, type, panels, word, given, pointer)
    code.jump(next)
  }
  code.place(done)
  code.clearUpper()
  code.addNumber(rsp, local.bytes)
  for (const register of preserved.toReversed()) code.pop(register)
  code.return()
  return code.bytes()
}

/** All panels of A by some of B, and on to the next of B. */
const panelColumn = (
  code: Assembler, type: Float, panels: number, word: (name: StepWord) => Place,
  given: (name: keyof typeof argument) => Place, pointer: (to: General, from: Place) => void
): void => {
  const { columns } = elements[type]
  const sums = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: panels }, (__, panel) => row * panels + panel))
  const [nextRows, last] = [code.label("next rows"), code.label("last rows")]

  pointer(r11, word("a"))
  code.load(r13, word("top"))
  pointer(rbp, given("cColumn"))
  code.move(rax, r12)
  code.shiftLeft(rax, Math.log2(columns * 4))
  code.add(rbp, rax)
  least(code, rdx, given("n"), r12, columns, panels * columns)
  code.storeWide(at(rsp, local.across), rdx)

  code.place(nextRows)
  code.load(rax, word("bottom"))
  code.compare(r13, rax)
  code.jump(last, "aboveOrEqual")
  products(code, type, sums)

  pointer(rbx, given("cRow"))
  code.move(rax, r13)
  code.shiftLeft(rax, Math.log2(rows * 4))
  code.add(rbx, rax)
  least(code, rdx, given("m"), r13, rows, rows)
  code.storeWide(at(rsp, local.down), rdx)

  const [piecemeal, adding, stored] = [code.label("piecemeal"), code.label("adding"), code.label("stored")]
  code.compareNumber(rdx, rows)
  code.jump(piecemeal, "notEqual")
  code.loadWide(rdx, at(rsp, local.across))
  code.compareNumber(rdx, panels * columns)
  code.jump(piecemeal, "notEqual")
  code.load(rdx, given("denseC"))
  code.compareNumber(rdx, 0)
  code.jump(piecemeal, "equal")
  code.load(r15, word("accumulate"))
  code.compareNumber(r15, 0)
  code.jump(adding, "notEqual")
  storeBlock(code, type, sums, word, false)
  code.jump(stored)
  code.place(adding)
  storeBlock(code, type, sums, word, true)
  code.jump(stored)
  code.place(piecemeal)
  storeElements(code, type, sums, word)
  code.place(stored)
  code.addNumber(r13, 1)
  code.jump(nextRows)

  code.place(last)
  code.loadWide(rax, at(rsp, local.stride))
  for (let panel = 0; panel < panels; panel++) code.add(r10, rax)
  code.addNumber(r12, panels)
}

/** to = min(size - index * each, most), for an index within the size. */
const least = (code: Assembler, to: General, size: Place, index: General, each: number, most: number): void => {
  const fits = code.label("fits")
  code.load(to, size)
  code.move(rax, index)
  code.shiftLeft(rax, Math.log2(each))
  code.subtract(to, rax)
  code.compareNumber(to, most)
  code.jump(fits, "below")
  code.set(to, most)
  code.place(fits)
}

/** The sums of a block over all steps; the panel of A is left behind, at the next one. */
const products = (code: Assembler, type: Float, sums: ReadonlyArray<ReadonlyArray<number>>): void => {
  const { bytes, columns } = elements[type]
  const panels = sums[0]?.length ?? 0
  const again = code.label("next steps")
  for (const sum of sums.flat()) code.zero(sum)
  code.move(rcx, r10)
  code.loadWide(r9, at(rsp, local.stride))
  code.move(rdx, r10)
  code.add(rdx, r9)
  code.place(again)
  for (let step = 0; step < unroll; step++) {
    const offset = step * columns * bytes
    const panelsOfB = [at(rcx, offset), indexed(rcx, r9, 1, offset), indexed(rcx, r9, 2, offset)]
    panelsOfB.slice(0, panels).forEach((place, panel) => code.loadVector(firstB + panel, place))
    sums.forEach((line, row) => {
      code.broadcast(type, elementA, at(r11, (step * rows + row) * bytes))
      line.forEach((sum, panel) => code.multiplyAdd(type, sum, firstB + panel, elementA))
    })
  }
  code.addNumber(r11, unroll * rows * bytes)
  code.addNumber(rcx, unroll * columns * bytes)
  code.compare(rcx, rdx)
  code.jump(again, "below")
}

/** A whole block whose rows lie in vectors. */
const storeBlock = (
  code: Assembler, type: Float, sums: ReadonlyArray<ReadonlyArray<number>>, word: (name: StepWord) => Place,
  accumulate: boolean
): void => {
  const { columns } = elements[type]
  sums.forEach((line, row) => {
    code.load(rax, word("target"))
    code.addWord(rax, at(rbx, row * 4))
    line.forEach((sum, panel) => {
      code.load(rcx, at(rbp, panel * columns * 4))
      code.addWord(rcx, rax)
      if (accumulate) code.addVector(type, sum, sum, indexed(rdi, rcx))
      code.storeVector(indexed(rdi, rcx), sum)
    })
  })
}

/** Any block, element by element, as the tables of C say. */
const storeElements = (
  code: Assembler, type: Float, sums: ReadonlyArray<ReadonlyArray<number>>, word: (name: StepWord) => Place
): void => {
  const { bytes } = elements[type]
  const width = (sums[0]?.length ?? 0) * vectorBytes
  const [row, column, set] = [code.label("row"), code.label("column"), code.label("set")]
  sums.flat().forEach((sum, index) => code.storeVector(at(rsp, index * vectorBytes), sum))
  code.load(r15, word("accumulate"))
  // the line of results in rcx, the row in r14, the column in rdx
  code.move(rcx, rsp)
  code.set(r14, 0)
  code.place(row)
  code.set(rdx, 0)
  code.place(column)
  code.load(rax, word("target"))
  code.addWord(rax, indexed(rbx, r14, 4))
  code.addWord(rax, indexed(rbp, rdx, 4))
  code.loadOne(type, 0, indexed(rcx, rdx, bytes === 4 ? 4 : 8))
  code.compareNumber(r15, 0)
  code.jump(set, "equal")
  code.addOne(type, 0, 0, indexed(rdi, rax))
  code.place(set)
  code.storeOne(type, indexed(rdi, rax), 0)
  code.addNumber(rdx, 1)
  code.loadWide(r9, at(rsp, local.across))
  code.compare(rdx, r9)
  code.jump(column, "below")
  code.addNumber(rcx, width)
  code.addNumber(r14, 1)
  code.loadWide(r9, at(rsp, local.down))
  code.compare(r14, r9)
  code.jump(row, "below")
}
