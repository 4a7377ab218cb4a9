/**
 * Contractions of at most four rows with a stored matrix, as WebAssembly: what decoding one token does with bf16, bytes
 * or half bytes. The codes are read once, one column after another, which is how memory is fastest by far, widened in
 * registers and multiplied there; several sums of a column run side by side so that none waits for itself. Conserves
 * the order of summation for every division of the work.
 */
import { call, forLoop, moduleBuilder, select, when } from "./assembler.ts"
import { elements, kernelParameters, reader } from "./contraction-element.ts"
import { storedFormats, type StoredFormat } from "./contraction-stored.ts"
import { f32, f32x4, i32, type I32, increment, memory, type V128, v128 } from "./instructions.ts"

const c = i32.const

/** Rows are padded with zeros to whole turns of every format. */
const padding = 32
const paddedRow = (k: I32): I32 => i32.shl(i32.and(i32.add(k, c(padding - 1)), c(-padding)), c(2))
/** Bytes for the end of a column, before the rows: a turn reads at most so many. */
const tailBytes = 32

/** The sum of all lanes, left to right. */
const total = (value: V128) => {
  const lane = (index: number) => f32x4.extract_lane(value, index)
  return f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3)))
}

/** The module for one format and number of rows: its kernel `dot` does `tileColumns` columns a unit. */
export const storedSkinnyModule = (format: StoredFormat, rows: number, isScaled: boolean): Uint8Array<ArrayBuffer> => {
  const { width, unit, grouped, constants, parts, bytes } = storedFormats[format]
  const { multiplyAdd, copy } = elements.f32
  const module = moduleBuilder()
  const eachRow = Array.from({ length: rows }, (_, r) => r)
  // a turn of the loop is sixteen or thirty-two bytes of codes, and at most thirty-two numbers
  const pieces = grouped ? 1 : 2
  const step = pieces * width
  // about eight sums in registers
  const chains = grouped ? (rows === 1 ? 2 : 1) : rows <= 2 ? 4 : 2

  /** _gather: the rows of A into scratch, padded. */
  const gatherRows = module.procedure("_gather", { args: "i32", target: "i32" }, (f) => {
    const { args, target } = f.parameters
    const get = reader(args.get)
    const [k, source, size, sum, out] = [f.local("k", "i32"), f.local("source", "i32"), f.local("size", "i32"),
      f.local("sum", "i32"), f.local("out", "i32")]
    return [
      size.set(get("k")), sum.set(get("aSum")),
      eachRow.map((r) => [
        out.set(i32.add(target.get, i32.mul(paddedRow(size.get), c(r)))),
        memory.fill(out.get, c(0), paddedRow(size.get)),
        source.set(i32.add(i32.add(get("a"), i32.load(get("aBatch"))), i32.load(get("aRow"), r * 4))),
        when(get("aDense"),
          memory.copy(out.get, i32.add(source.get, i32.load(sum.get)), i32.shl(size.get, c(2))),
          forLoop(k, c(0), size.get, 1, [
            copy(out.get, i32.add(source.get, i32.at(sum.get, k.get))), increment(out, 4)
          ]))
      ])
    ]
  })

  module.procedure("dot", kernelParameters, (f) => {
    const { begin, end, args, scratch } = f.parameters
    const get = reader(args.get)
    const local = (key: string) => f.local(key, "i32")
    const vector = (key: string) => f.local(key, "v128")
    const [first, last, j, k, size, whole] = [local("first"), local("last"), local("j"), local("k"), local("size"),
      local("whole")]
    const [b, column, scale, sColumn, sSum, target, address, at] = [local("b"), local("column"), local("scale"),
      local("sColumn"), local("sSum"), local("target"), local("address"), local("at")]
    const [left, factor, own] = [vector("left"), vector("factor"), local("own")]
    const codes = Array.from({ length: pieces }, (_, piece) => vector(`codes${piece}`))
    const row = eachRow.map((r) => local(`row${r}`))
    const sums = eachRow.map((r) => Array.from({ length: chains }, (_, chain) => vector(`sum${r}${chain}`)))
    /** Of groups, each times its scale. */
    const totals = eachRow.map((r) => vector(`total${r}`))
    const kept = constants.map((value, index) => ({ local: vector(`constant${index}`), value }))
    const rowsAt = i32.add(scratch.get, c(tailBytes))

    const joined = (line: typeof sums[number]): V128 =>
      line.map((sum) => sum.get).reduce((x, y) => f32x4.add(x, y))
    const widened = codes.flatMap((each) => parts(each.get, kept.map((constant) => constant.local.get)))
    /** The products of a turn's codes, which are loaded, with the rows. */
    const turn = [
      ...widened.flatMap((right, part) => row.map((from, r) => [
        left.set(v128.load(from.get, part * 16)),
        (sums[r] ?? []).slice(part % chains, part % chains + 1).map((sum) => sum.set(grouped && part < chains
          ? f32x4.mul(right, left.get) : multiplyAdd(right, left.get, sum.get)))
      ])),
      ...row.map((from) => increment(from, step * 4)),
      ...grouped ? [
        factor.set(isScaled
          ? v128.load32_splat(i32.add(own.get, i32.at(sSum.get, k.get))) : f32x4.splat(f32.const(1))),
        ...totals.map((each, r) => each.set(multiplyAdd(factor.get, joined(sums[r] ?? []), each.get)))
      ] : []
    ]
    return [
      ...kept.map((constant) => constant.local.set(constant.value)),
      size.set(get("k")), whole.set(i32.and(size.get, c(-step))),
      b.set(i32.add(get("b"), i32.load(get("bBatch")))), column.set(get("bColumn")),
      scale.set(get("scale")), sColumn.set(get("sColumn")), sSum.set(get("sSum")),
      target.set(i32.add(get("c"), i32.load(get("cBatch")))),
      call(gatherRows, args.get, rowsAt),
      first.set(i32.mul(begin.get, get("tileColumns"))),
      last.set(i32.mul(end.get, get("tileColumns"))),
      last.set(select(i32.lt_u(last.get, get("n")), last.get, get("n"))),
      forLoop(j, first.get, last.get, 1, [
        at.set(i32.add(b.get, i32.at(column.get, j.get))),
        own.set(i32.add(scale.get, i32.at(sColumn.get, j.get))),
        ...row.map((from, r) => from.set(i32.add(rowsAt, i32.mul(paddedRow(size.get), c(r))))),
        ...[...sums.flat(), ...totals].map((sum) => sum.set(v128.zero)),
        forLoop(k, c(0), whole.get, step, [
          ...codes.map((each, piece) => each.set(v128.load(at.get, piece * 16))), increment(at, 16 * pieces), turn
        ]),
        when(i32.lt_u(whole.get, size.get), [
          ...codes.map((_, piece) => v128.store(scratch.get, v128.zero, piece * 16)),
          memory.copy(scratch.get, at.get, bytes(i32.sub(size.get, whole.get))),
          ...codes.map((each, piece) => each.set(v128.load(scratch.get, piece * 16))),
          k.set(whole.get), turn
        ]),
        ...totals.map((each, r) => {
          const found = f32.mul(total(grouped ? each.get : joined(sums[r] ?? [])), f32.const(unit))
          const value = isScaled && !grouped ? f32.mul(found, f32.load(own.get)) : found
          return [
            address.set(i32.add(i32.add(target.get, i32.load(get("cRow"), r * 4)), i32.at(get("cColumn"), j.get))),
            when(get("accumulate"), f32.store(address.get, f32.add(f32.load(address.get), value)),
              f32.store(address.get, value))
          ]
        })
      ])
    ]
  })
  return module.bytes()
}

/** Bytes of scratch that the kernel needs for `rows` rows of k numbers. */
export const storedSkinnyScratch = (rows: number, k: number): number =>
  tailBytes + rows * (Math.ceil(k / padding) * padding) * 4
