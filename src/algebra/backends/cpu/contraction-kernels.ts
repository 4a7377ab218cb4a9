/**
 * The packed, register-blocked matrix product as WebAssembly. Loop nest after Goto and van de Geijn (2008) and BLIS
 * (Van Zee and van de Geijn 2015): panels of A and B are multiplied block by block, four rows by eight (f32) or four
 * (f64) columns in registers. Conserves the order of summation: the same bits come out for every division of the work.
 */
import {
  type Body, call, doWhile, forLoop, type FunctionBuilder, type ModuleBuilder, moduleBuilder, sequence,
  type Statement, when
} from "./assembler.ts"
import type {
  argument} from "./contraction-element.ts"
import { ceilDivide, type Element, elements, type FloatType, kernelParameters, minimum, padded, panelGroup, reader,
  rows, unroll
} from "./contraction-element.ts"
import { definePack } from "./contraction-pack.ts"
import { definePackStored, storedFormats, type StoredFormat, storedScratch } from "./contraction-stored.ts"
import { i32, type I32, increment, scaled, v128 } from "./instructions.ts"
import { stepWords } from "../native/step.ts"

const c = i32.const

/**
 * _block: one register block of C from one panel of A and one of B over `count` padded steps. `row` and `column` point
 * into C's offset tables. A full block of dense C is stored by vectors; any other goes through `scratch` element by
 * element.
 */
const defineBlock = (module: ModuleBuilder, element: Element) => {
  const { bytes, lanes, columns, splat, multiplyAdd, add, copy, addTo } = element
  const vectors = columns / lanes
  const parameters = {
    a: "i32", b: "i32", count: "i32", target: "i32", row: "i32", column: "i32", down: "i32", across: "i32",
    accumulate: "i32", dense: "i32", scratch: "i32"
  } as const
  return module.procedure("_block", parameters, (f) => {
    const { a, b, count, target, row, column, down, across, accumulate, dense, scratch } = f.parameters
    const left = f.local("a", "v128")
    const right = Array.from({ length: vectors }, (_, v) => f.local(`b${v}`, "v128"))
    const sums = Array.from({ length: rows }, (_, r) => right.map((__, v) => f.local(`c${r}${v}`, "v128")))
    const address = f.local("address", "i32")
    const i = f.local("i", "i32")
    const j = f.local("j", "i32")
    const turn = Array.from({ length: unroll }, (_, u) => [
      ...right.map((value, v) => value.set(v128.load(b.get, (u * columns + v * lanes) * bytes))),
      ...sums.map((line, r) => [
        left.set(splat(a.get, (u * rows + r) * bytes)),
        ...right.map((value, v) => line.slice(v, v + 1).map((sum) =>
          sum.set(multiplyAdd(left.get, value.get, sum.get))))
      ])
    ])
    const place = (r: I32): Statement =>
      address.set(i32.add(i32.add(target.get, i32.at(row.get, r)), i32.load(column.get)))
    const eachElement = (write: (to: I32, from: I32) => Statement): Statement =>
      forLoop(i, c(0), down.get, 1, forLoop(j, c(0), across.get, 1, [
        address.set(i32.add(i32.add(target.get, i32.at(row.get, i.get)), i32.at(column.get, j.get))),
        write(address.get, scaled(scaled(scratch.get, i.get, columns * bytes), j.get, bytes))
      ]))
    return [
      ...sums.map((line) => line.map((sum) => sum.set(v128.zero))),
      doWhile([
        turn,
        increment(a, unroll * rows * bytes), increment(b, unroll * columns * bytes),
        count.set(i32.sub(count.get, c(unroll)))
      ], count.get),
      when(i32.and(dense.get, i32.and(i32.eq(down.get, c(rows)), i32.eq(across.get, c(columns)))), [
        when(accumulate.get,
          sums.map((line, r) => [place(c(r)), ...line.map((sum, v) =>
            v128.store(address.get, add(v128.load(address.get, v * 16), sum.get), v * 16))]),
          sums.map((line, r) => [place(c(r)), ...line.map((sum, v) => v128.store(address.get, sum.get, v * 16))]))
      ], [
        sums.map((line, r) => line.map((sum, v) => v128.store(scratch.get, sum.get,
          (r * columns + v * lanes) * bytes))),
        when(accumulate.get, eachElement((to, from) => addTo(to, from)), eachElement((to, from) => copy(to, from)))
      ])
    ]
  })
}

/** What a panel of B is packed from: where its block of k and its columns begin. */
interface PackedB {
  readonly get: (name: keyof typeof argument) => I32
  readonly source: I32
  readonly column: I32
  readonly first: I32
  readonly count: I32
  readonly target: I32
  readonly panels: I32
  readonly scratch: I32
}

/** The call that packs panels of B, of numbers or of stored ones; `scratch` is for the latter. */
const packerOfB = (
  module: ModuleBuilder, element: Element, format: StoredFormat | undefined
): ((given: PackedB) => Statement) => {
  const left = ({ get, column }: PackedB): I32 => i32.sub(get("n"), column)
  if (format === undefined) {
    const pack = definePack(module, element, element.columns, "_packB")
    return (given) => {
      const { get, source, column, first, count, target, panels } = given
      return call(pack, source, scaled(get("bColumn"), column, 4), left(given), scaled(get("bSum"), first, 4), count,
        get("bGather"), target, panels)
    }
  }
  const stored = storedFormats[format]
  const pack = definePackStored(module, stored)
  return (given) => {
    const { get, source, column, first, count, target, panels, scratch } = given
    return call(pack, i32.add(source, stored.bytes(first)), scaled(get("bColumn"), column, 4), left(given), count,
      target, panels, get("scale"), scaled(get("sColumn"), column, 4), scaled(get("sSum"), first, 4), get("scaled"),
      scratch)
  }
}

/**
 * The module of packed kernels for one element type, and for B as numbers of it or stored in a format:
 * - `pack`: unit u packs one group of panels of one k block of A, or after `unitsA` units of B, into shared memory;
 * - `multiply`: unit u multiplies one tile of C of one batch from the packed panels;
 * - `columns`: unit u is a tile of all rows and some columns of one batch: packs those of B into scratch, A being
 *   packed;
 * - `whole`: unit u is one batch: packs both operands into scratch, a k block at a time, and multiplies them.
 * The panels are multiplied by machine code where there is any.
 */
export const packedModule = (
  type: FloatType, format: StoredFormat | undefined, native: boolean
): Uint8Array<ArrayBuffer> => {
  const element = elements[type]
  const { bytes, columns } = element
  const module = moduleBuilder()
  const machine = native ? module.importFunction("native", type, ["i32"], "none") : undefined
  const packA = definePack(module, element, rows, "_packA")
  const packB = packerOfB(module, element, format)
  const oneBlock = defineBlock(module, element)

  const stepParameters = {
    args: "i32", a: "i32", b: "i32", steps: "i32", accumulate: "i32", target: "i32", top: "i32", bottom: "i32",
    left: "i32", right: "i32", scratch: "i32"
  } as const
  /** _step: panels [top, bottom) by [left, right) of C at `target`, one k block, from those panels of `a` and `b`. */
  const step = module.procedure("_step", stepParameters, (f) => {
    if (machine !== undefined) return [
      stepWords.map((name, index) => i32.store(f.parameters.scratch.get, f.parameters[name].get, index * 4)),
      call(machine, f.parameters.scratch.get)
    ]
    const { args, a, b, steps, accumulate, target, top, bottom, left, right, scratch } = f.parameters
    const get = reader(args.get)
    const local = (name: string) => f.local(name, "i32")
    const [m, n, i, j, panel, rest] = [local("m"), local("n"), local("i"), local("j"), local("panel"), local("rest")]
    const [cRow, cColumn, dense] = [local("cRow"), local("cColumn"), local("dense")]
    return [
      m.set(get("m")), n.set(get("n")), cRow.set(get("cRow")), cColumn.set(get("cColumn")), dense.set(get("denseC")),
      forLoop(j, left.get, right.get, 1, [
        panel.set(a.get),
        rest.set(i32.sub(n.get, i32.mul(j.get, c(columns)))),
        forLoop(i, top.get, bottom.get, 1, [
          call(oneBlock, panel.get, b.get, steps.get, target.get,
            scaled(cRow.get, i.get, rows * 4), scaled(cColumn.get, j.get, columns * 4),
            minimum(c(rows), i32.sub(m.get, i32.mul(i.get, c(rows)))), minimum(c(columns), rest.get),
            accumulate.get, dense.get, scratch.get),
          increment(panel, i32.mul(steps.get, c(rows * bytes)))
        ]),
        increment(b, i32.mul(steps.get, c(columns * bytes)))
      ])
    ]
  })

  module.procedure("pack", kernelParameters, (f) => {
    const { begin, end, args, scratch } = f.parameters
    const get = reader(args.get)
    const unit = f.local("unit", "i32")
    const group = f.local("group", "i32")
    const kIndex = f.local("kIndex", "i32")
    const batch = f.local("batch", "i32")
    const steps = f.local("steps", "i32")
    const first = f.local("first", "i32")
    const panel = f.local("panel", "i32")
    const panels = f.local("panels", "i32")
    const operand = (side: "A" | "B", width: number): Statement => {
      const groups = get(`groups${side}`)
      const size = get(side === "A" ? "m" : "n")
      const target = i32.add(
        i32.add(get(`packed${side}`), i32.mul(batch.get, get(`packed${side}Batch`))),
        i32.mul(c(width * bytes), i32.add(i32.mul(first.get, panels.get), i32.mul(padded(steps.get), panel.get))))
      const count = minimum(c(panelGroup), i32.sub(panels.get, panel.get))
      return sequence(
        group.set(i32.rem_u(batch.get, groups)), batch.set(i32.div_u(batch.get, groups)),
        kIndex.set(i32.rem_u(batch.get, get("kBlocks"))), batch.set(i32.div_u(batch.get, get("kBlocks"))),
        first.set(i32.mul(kIndex.get, get("kBlock"))),
        steps.set(minimum(get("kBlock"), i32.sub(get("k"), first.get))),
        panel.set(i32.mul(group.get, c(panelGroup))),
        panels.set(ceilDivide(size, width)),
        side === "A"
          ? call(packA, i32.add(get("a"), i32.at(get("aBatch"), batch.get)), scaled(get("aRow"), panel.get, width * 4),
            i32.sub(size, i32.mul(panel.get, c(width))), scaled(get("aSum"), first.get, 4), steps.get, get("aGather"),
            target, count)
          : packB({
            get, source: i32.add(get("b"), i32.at(get("bBatch"), batch.get)), column: i32.mul(panel.get, c(width)),
            first: first.get, count: steps.get, target, panels: count, scratch: scratch.get
          })
      )
    }
    return forLoop(unit, begin.get, end.get, 1, [
      when(i32.lt_u(unit.get, get("unitsA")),
        [batch.set(unit.get), operand("A", rows)],
        [batch.set(i32.sub(unit.get, get("unitsA"))), operand("B", columns)])
    ])
  })

  /** A kernel whose unit works through the k blocks [first, first + depth) in order. */
  const overBlocks = (
    name: string,
    write: (f: FunctionBuilder<typeof kernelParameters>, shared: {
      readonly get: (name: keyof typeof argument) => I32
      readonly unit: I32
      readonly first: I32
      readonly depth: I32
      readonly accumulate: I32
    }) => { readonly before: Body; readonly each: Body }
  ) => module.procedure(name, kernelParameters, (f) => {
    const { begin, end, args } = f.parameters
    const get = reader(args.get)
    const local = (key: string) => f.local(key, "i32")
    const [unit, first, depth, k, kBlock] = [local("unit"), local("first"), local("depth"), local("k"), local("kBlock")]
    const accumulate = i32.or(get("accumulate"), i32.ne(first.get, c(0)))
    const { before, each } = write(f, { get, unit: unit.get, first: first.get, depth: depth.get, accumulate })
    return [
      k.set(get("k")), kBlock.set(get("kBlock")),
      forLoop(unit, begin.get, end.get, 1, [
        before,
        forLoop(first, c(0), k.get, kBlock.get, [depth.set(minimum(kBlock.get, i32.sub(k.get, first.get))), each])
      ])
    ]
  })

  /** Where panel `panel` of the k block at `first` lies in an operand packed as a whole, from the operand's address. */
  const panelOffset = (width: number, panels: I32, first: I32, depth: I32, panel: I32): I32 =>
    i32.mul(c(width * bytes), i32.add(i32.mul(first, panels), i32.mul(padded(depth), panel)))

  overBlocks("multiply", (f, { get, unit, first, depth, accumulate }) => {
    const { args, scratch } = f.parameters
    const local = (key: string) => f.local(key, "i32")
    const [top, left, batch, panelsA, panelsB] = [local("top"), local("left"), local("batch"), local("panelsA"),
      local("panelsB")]
    const [a, b, target] = [local("a"), local("b"), local("target")]
    return {
      before: [
        panelsA.set(ceilDivide(get("m"), rows)), panelsB.set(ceilDivide(get("n"), columns)),
        top.set(i32.mul(i32.rem_u(unit, get("tilesDown")), get("tileRows"))),
        batch.set(i32.div_u(unit, get("tilesDown"))),
        left.set(i32.mul(i32.rem_u(batch.get, get("tilesAcross")), get("tileColumns"))),
        batch.set(i32.div_u(batch.get, get("tilesAcross"))),
        a.set(i32.add(get("packedA"), i32.mul(batch.get, get("packedABatch")))),
        b.set(i32.add(get("packedB"), i32.mul(batch.get, get("packedBBatch")))),
        target.set(i32.add(get("c"), i32.at(get("cBatch"), batch.get)))
      ],
      each: call(step, args.get,
        i32.add(a.get, panelOffset(rows, panelsA.get, first, depth, top.get)),
        i32.add(b.get, panelOffset(columns, panelsB.get, first, depth, left.get)),
        padded(depth), accumulate, target.get,
        top.get, minimum(i32.add(top.get, get("tileRows")), panelsA.get),
        left.get, minimum(i32.add(left.get, get("tileColumns")), panelsB.get), scratch.get)
    }
  })

  const space = rows * columns * bytes + (format === undefined ? 0 : storedScratch)
  const area = (scratch: I32): I32 => i32.add(scratch, c(rows * columns * bytes))
  overBlocks("columns", (f, { get, unit, first, depth, accumulate }) => {
    const { args, scratch } = f.parameters
    const local = (key: string) => f.local(key, "i32")
    const [left, right, batch, panelsA, panelsB] = [local("left"), local("right"), local("batch"), local("panelsA"),
      local("panelsB")]
    const [a, b, target] = [local("a"), local("b"), local("target")]
    const packed = i32.add(scratch.get, c(space))
    return {
      before: [
        panelsA.set(ceilDivide(get("m"), rows)), panelsB.set(ceilDivide(get("n"), columns)),
        left.set(i32.mul(i32.rem_u(unit, get("tilesAcross")), get("tileColumns"))),
        right.set(minimum(i32.add(left.get, get("tileColumns")), panelsB.get)),
        batch.set(i32.div_u(unit, get("tilesAcross"))),
        a.set(i32.add(get("packedA"), i32.mul(batch.get, get("packedABatch")))),
        b.set(i32.add(get("b"), i32.at(get("bBatch"), batch.get))),
        target.set(i32.add(get("c"), i32.at(get("cBatch"), batch.get)))
      ],
      each: [
        packB({
          get, source: b.get, column: i32.mul(left.get, c(columns)), first, count: depth, target: packed,
          panels: i32.sub(right.get, left.get), scratch: area(scratch.get)
        }),
        call(step, args.get, i32.add(a.get, panelOffset(rows, panelsA.get, first, depth, c(0))), packed, padded(depth),
          accumulate, target.get, c(0), panelsA.get, left.get, right.get, scratch.get)
      ]
    }
  })

  overBlocks("whole", (f, { get, unit, first, depth, accumulate }) => {
    const { args, scratch } = f.parameters
    const local = (key: string) => f.local(key, "i32")
    const [panelsA, panelsB, a, b, target] = [local("panelsA"), local("panelsB"), local("a"), local("b"),
      local("target")]
    const packedA = i32.add(scratch.get, c(space))
    const packedB = i32.add(packedA, i32.mul(padded(depth), i32.mul(panelsA.get, c(rows * bytes))))
    return {
      before: [
        panelsA.set(ceilDivide(get("m"), rows)), panelsB.set(ceilDivide(get("n"), columns)),
        a.set(i32.add(get("a"), i32.at(get("aBatch"), unit))), b.set(i32.add(get("b"), i32.at(get("bBatch"), unit))),
        target.set(i32.add(get("c"), i32.at(get("cBatch"), unit)))
      ],
      each: [
        call(packA, a.get, get("aRow"), get("m"), scaled(get("aSum"), first, 4), depth, get("aGather"), packedA,
          panelsA.get),
        packB({
          get, source: b.get, column: c(0), first, count: depth, target: packedB, panels: panelsB.get,
          scratch: area(scratch.get)
        }),
        call(step, args.get, packedA, packedB, padded(depth), accumulate, target.get, c(0), panelsA.get, c(0),
          panelsB.get, scratch.get)
      ]
    }
  })
  return module.bytes()
}
