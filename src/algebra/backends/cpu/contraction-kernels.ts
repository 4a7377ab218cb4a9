/**
 * The packed, register-blocked matrix product as WebAssembly: operands are gathered from arbitrary strides into panels, then
 * multiplied block by block. Loop nest after Goto and van de Geijn (2008) and BLIS (Van Zee and van de Geijn 2015); gathering by
 * offset vectors instead of transposing after TBLIS (Matthews 2018). Conserves the order of summation: the same bits come out
 * for every division of the work.
 */
import {
  block, type Body, br, brIf, call, doWhile, forLoop, type FunctionBuilder, loop, type ModuleBuilder, moduleBuilder, select, sequence,
  type Statement, when
} from "./assembler.ts"
import {
  f32, f32x4, f64, f64x2, hasRelaxedSimd, i32, type I32, increment, scaled, shuffle32, shuffle64, type V128, v128
} from "./instructions.ts"

export type FloatType = "f32" | "f64"

/** What differs between the two element types. Panels of A are 4 wide, those of B `columns`. */
export interface Element {
  readonly bytes: number
  readonly lanes: number
  readonly columns: number
  readonly splat: (address: I32, offset?: number) => V128
  readonly multiplyAdd: (a: V128, b: V128, c: V128) => V128
  readonly add: (a: V128, b: V128) => V128
  /** Copies one element. */
  readonly copy: (target: I32, source: I32, offset?: number) => Statement
  /** target += source, one element. */
  readonly addTo: (target: I32, source: I32) => Statement
}

/** Rows of a block of C held in registers: 4 by 8 (f32) or 4 by 4 (f64) fill the sixteen vector registers without spilling. */
export const rows = 4

export const elements: Readonly<Record<FloatType, Element>> = {
  f32: {
    bytes: 4, lanes: 4, columns: 8, splat: v128.load32_splat, add: f32x4.add,
    multiplyAdd: hasRelaxedSimd ? f32x4.relaxed_madd : (a, b, c) => f32x4.add(f32x4.mul(a, b), c),
    copy: (target, source, offset = 0) => f32.store(target, f32.load(source), offset),
    addTo: (target, source) => f32.store(target, f32.add(f32.load(target), f32.load(source)))
  },
  f64: {
    bytes: 8, lanes: 2, columns: 4, splat: v128.load64_splat, add: f64x2.add,
    multiplyAdd: hasRelaxedSimd ? f64x2.relaxed_madd : (a, b, c) => f64x2.add(f64x2.mul(a, b), c),
    copy: (target, source, offset = 0) => f64.store(target, f64.load(source), offset),
    addTo: (target, source) => f64.store(target, f64.add(f64.load(target), f64.load(source)))
  }
}

/** How far k is unrolled; packed panels are padded with zeros to a multiple of it. */
export const unroll = 4

/** Panels that are packed together, so that a row of the source is read a cache line or more at a time. */
export const panelGroup = 4

/** How an operand may be read: element by element, whole panel rows at a time, or four steps of k at a time. */
export const gather = { scattered: 0, alongPanel: 1, alongSum: 2 } as const

/** Word indices of the arguments. Offsets are tables of byte offsets, one i32 an index. */
export const argument = {
  a: 0, b: 1, c: 2, aRow: 3, aSum: 4, bSum: 5, bColumn: 6, cRow: 7, cColumn: 8, aBatch: 9, bBatch: 10, cBatch: 11,
  m: 12, n: 13, k: 14, kBlock: 15, aGather: 16, bGather: 17, accumulate: 18, denseC: 19,
  packedA: 20, packedB: 21, packedABatch: 22, packedBBatch: 23,
  tileRows: 24, tileColumns: 25, tilesDown: 26, tilesAcross: 27, groupsA: 28, groupsB: 29, kBlocks: 30, unitsA: 31,
  words: 32
} as const

const kernelParameters = { begin: "i32", end: "i32", args: "i32", scratch: "i32" } as const
const c = i32.const

/** A reader of the argument block at `args`. */
const reader = (args: I32) => (name: keyof typeof argument): I32 => i32.load(args, argument[name] * 4)

const minimum = (a: I32, b: I32): I32 => select(i32.lt_u(a, b), a, b)

/** ceil(a / by) for a power of two. */
const ceilDivide = (a: I32, by: number): I32 => i32.shr_u(i32.add(a, c(by - 1)), c(Math.log2(by)))

/** A block's k padded to whole turns of the unrolled loop. */
const padded = (k: I32): I32 => i32.and(i32.add(k, c(unroll - 1)), c(-unroll))

/**
 * _pack: panels [0, panels) of one k block, from `source` with the offset tables `along` (the panels' axis, `size` indices left)
 * and `sum` (k, `count` steps), into `target`. A panel is [k padded][width]; indices past the end repeat the last one, so that
 * nothing outside the operand is read, and steps past the end are zero.
 */
const definePack = (module: ModuleBuilder, element: Element, width: number, name: string) => {
  const { bytes, lanes, copy } = element
  const step = width * bytes
  const parameters = {
    source: "i32", along: "i32", size: "i32", sum: "i32", count: "i32", mode: "i32", target: "i32", panels: "i32"
  } as const
  return module.procedure(name, parameters, (f) => {
    const { source, along, size, sum, count, mode, target, panels } = f.parameters
    const pointers = Array.from({ length: width }, (_, r) => f.local(`pointer${r}`, "i32"))
    const read = Array.from({ length: width }, (_, r) => f.local(`read${r}`, "i32"))
    const out = f.local("out", "i32")
    const end = f.local("end", "i32")
    const whole = f.local("whole", "i32")
    const k = f.local("k", "i32")
    const panelBytes = f.local("panelBytes", "i32")

    const tail = (outs: readonly I32[]): Statement => sequence(
      forLoop(k, count.get, padded(count.get), 1, outs.map((address) =>
        Array.from({ length: width / lanes }, (_, v) =>
          v128.store(scaled(address, k.get, step), v128.zero, v * 16))))
    )
    const scattered = (from: I32): Statement => forLoop(k, from, count.get, 1, [
      end.set(i32.at(sum.get, k.get)),
      ...pointers.map((pointer, r) => copy(out.get, i32.add(pointer.get, end.get), r * bytes)),
      increment(out, step)
    ])
    const transposed = (): Statement => {
      const block4 = Array.from({ length: width / lanes }, (_, v) => {
        const from = pointers.slice(v * lanes, (v + 1) * lanes)
        const loaded = from.map((pointer, i) => ({ pointer, value: f.local(`row${i}`, "v128") }))
        const values = loaded.map(({ value }) => value.get)
        const columns = lanes === 4 ? transpose4(f, values) : transpose2(values)
        return [
          ...loaded.map(({ pointer, value }) => value.set(v128.load(i32.add(pointer.get, end.get)))),
          columns.prepare,
          ...columns.values.map((column, i) => v128.store(out.get, column, i * step + v * 16))
        ]
      })
      return sequence(
        whole.set(i32.and(count.get, c(-lanes))),
        forLoop(k, c(0), whole.get, lanes, [
          end.set(i32.at(sum.get, k.get)), ...block4, increment(out, step * lanes)
        ])
      )
    }
    const onePanel = sequence(
      ...pointers.map((pointer, r) => pointer.set(i32.add(source.get, i32.at(along.get,
        minimum(c(r), i32.sub(size.get, c(1))))))),
      out.set(target.get),
      when(i32.eq(mode.get, c(gather.alongSum)), [transposed(), scattered(whole.get)], scattered(c(0))),
      tail([target.get])
    )
    const starts = pointers.slice(0, panelGroup)
    const outs = Array.from({ length: panelGroup }, (_, q) => f.local(`out${q}`, "i32"))
    const groupOfPanels = sequence(
      ...starts.map((start, q) => start.set(i32.add(source.get, i32.load(along.get, q * width * 4)))),
      ...outs.map((address, q) => address.set(i32.add(target.get, i32.mul(panelBytes.get, c(q))))),
      forLoop(k, c(0), count.get, 1, [
        end.set(i32.at(sum.get, k.get)),
        ...starts.map((start, q) => read.slice(q, q + 1).map((at) => at.set(i32.add(start.get, end.get)))),
        ...starts.map((_, q) => Array.from({ length: width / lanes }, (__, v) =>
          outs.slice(q, q + 1).map((address) => read.slice(q, q + 1).map((at) =>
            v128.store(address.get, v128.load(at.get, v * 16), v * 16))))),
        ...outs.map((address) => increment(address, step))
      ]),
      ...outs.map((address) => address.set(i32.sub(address.get, i32.mul(count.get, c(step))))),
      tail(outs.map((address) => address.get))
    )
    const first = pointers.slice(0, 1)
    const wholePanel = sequence(
      ...first.map((start) => start.set(i32.add(source.get, i32.load(along.get)))),
      out.set(target.get),
      forLoop(k, c(0), count.get, 1, [
        ...first.map((start) => end.set(i32.add(start.get, i32.at(sum.get, k.get)))),
        ...Array.from({ length: width / lanes }, (_, v) => v128.store(out.get, v128.load(end.get, v * 16), v * 16)),
        increment(out, step)
      ]),
      tail([target.get])
    )
    const advance = (count: number) => [
      increment(along, count * width * 4),
      size.set(i32.sub(size.get, c(count * width))),
      increment(target, i32.mul(panelBytes.get, c(count))),
      panels.set(i32.sub(panels.get, c(count)))
    ]
    return [
      panelBytes.set(i32.mul(padded(count.get), c(step))),
      block((done) => loop((again) => [
        brIf(done, i32.eqz(panels.get)),
        when(i32.and(i32.eq(mode.get, c(gather.alongPanel)), i32.ge_u(size.get, c(width))), [
          when(i32.and(i32.ge_u(panels.get, c(panelGroup)), i32.ge_u(size.get, c(panelGroup * width))),
            [groupOfPanels, ...advance(panelGroup)],
            [wholePanel, ...advance(1)])
        ], [onePanel, ...advance(1)]),
        br(again)
      ]))
    ]
  })
}

/** Four rows of four f32 to four columns. */
const transpose4 = (f: FunctionBuilder<Readonly<Record<string, "i32">>>, values: readonly V128[]) => {
  const [a = v128.zero, b = v128.zero, d = v128.zero, e = v128.zero] = values
  const low = f.local("low", "v128")
  const high = f.local("high", "v128")
  const lower = f.local("lower", "v128")
  const higher = f.local("higher", "v128")
  return {
    prepare: sequence(
      low.set(shuffle32(a, b, [0, 4, 1, 5])), high.set(shuffle32(a, b, [2, 6, 3, 7])),
      lower.set(shuffle32(d, e, [0, 4, 1, 5])), higher.set(shuffle32(d, e, [2, 6, 3, 7]))
    ),
    values: [
      shuffle64(low.get, lower.get, [0, 2]), shuffle64(low.get, lower.get, [1, 3]),
      shuffle64(high.get, higher.get, [0, 2]), shuffle64(high.get, higher.get, [1, 3])
    ]
  }
}

/** Two rows of two f64 to two columns. */
const transpose2 = (values: readonly V128[]) => {
  const [a = v128.zero, b = v128.zero] = values
  return { prepare: sequence(), values: [shuffle64(a, b, [0, 2]), shuffle64(a, b, [1, 3])] }
}

/**
 * _block: one register block of C from one panel of A and one of B over `count` padded steps. `row` and `column` point into C's
 * offset tables. A full block of dense C is stored by vectors; any other goes through `scratch` element by element.
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
    const sums = Array.from({ length: rows }, (_, r) => Array.from({ length: vectors }, (__, v) => f.local(`c${r}${v}`, "v128")))
    const address = f.local("address", "i32")
    const i = f.local("i", "i32")
    const j = f.local("j", "i32")
    const turn = Array.from({ length: unroll }, (_, u) => [
      ...right.map((value, v) => value.set(v128.load(b.get, (u * columns + v * lanes) * bytes))),
      ...sums.map((line, r) => [
        left.set(splat(a.get, (u * rows + r) * bytes)),
        ...right.map((value, v) => line.slice(v, v + 1).map((sum) => sum.set(multiplyAdd(left.get, value.get, sum.get))))
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
        sums.map((line, r) => line.map((sum, v) => v128.store(scratch.get, sum.get, (r * columns + v * lanes) * bytes))),
        when(accumulate.get, eachElement((to, from) => addTo(to, from)), eachElement((to, from) => copy(to, from)))
      ])
    ]
  })
}

/**
 * The module of packed kernels for one element type:
 * - `pack`: unit u packs one group of panels of one k block of A, or after `unitsA` units of B, into shared memory;
 * - `multiply`: unit u multiplies one tile of C of one batch from the packed panels;
 * - `columns`: unit u is a tile of all rows and some columns of one batch: packs those of B into scratch, A being packed;
 * - `whole`: unit u is one batch: packs both operands into scratch, a k block at a time, and multiplies them.
 */
export const packedModule = (type: FloatType): Uint8Array<ArrayBuffer> => {
  const element = elements[type]
  const { bytes, columns } = element
  const module = moduleBuilder()
  const packA = definePack(module, element, rows, "_packA")
  const packB = definePack(module, element, columns, "_packB")
  const oneBlock = defineBlock(module, element)

  const stepParameters = {
    args: "i32", a: "i32", b: "i32", steps: "i32", accumulate: "i32", target: "i32", top: "i32", bottom: "i32", left: "i32",
    right: "i32", scratch: "i32"
  } as const
  /** _step: panels [top, bottom) by [left, right) of C at `target`, one k block, from those panels of `a` and `b`. */
  const step = module.procedure("_step", stepParameters, (f) => {
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
    const { begin, end, args } = f.parameters
    const get = reader(args.get)
    const unit = f.local("unit", "i32")
    const group = f.local("group", "i32")
    const kIndex = f.local("kIndex", "i32")
    const batch = f.local("batch", "i32")
    const steps = f.local("steps", "i32")
    const first = f.local("first", "i32")
    const panel = f.local("panel", "i32")
    const panels = f.local("panels", "i32")
    const operand = (
      side: "A" | "B", width: number, packer: typeof packA
    ): Statement => {
      const lower = side === "A" ? "a" : "b"
      const groups = get(`groups${side}`)
      const size = get(side === "A" ? "m" : "n")
      const along = get(side === "A" ? "aRow" : "bColumn")
      return sequence(
        group.set(i32.rem_u(batch.get, groups)), batch.set(i32.div_u(batch.get, groups)),
        kIndex.set(i32.rem_u(batch.get, get("kBlocks"))), batch.set(i32.div_u(batch.get, get("kBlocks"))),
        first.set(i32.mul(kIndex.get, get("kBlock"))),
        steps.set(minimum(get("kBlock"), i32.sub(get("k"), first.get))),
        panel.set(i32.mul(group.get, c(panelGroup))),
        panels.set(ceilDivide(size, width)),
        call(packer,
          i32.add(get(lower), i32.at(get(`${lower}Batch`), batch.get)),
          scaled(along, panel.get, width * 4),
          i32.sub(size, i32.mul(panel.get, c(width))),
          scaled(get(`${lower}Sum`), first.get, 4), steps.get, get(`${lower}Gather`),
          i32.add(
            i32.add(get(`packed${side}`), i32.mul(batch.get, get(`packed${side}Batch`))),
            i32.mul(c(width * bytes), i32.add(i32.mul(first.get, panels.get), i32.mul(padded(steps.get), panel.get)))),
          minimum(c(panelGroup), i32.sub(panels.get, panel.get)))
      )
    }
    return forLoop(unit, begin.get, end.get, 1, [
      when(i32.lt_u(unit.get, get("unitsA")),
        [batch.set(unit.get), operand("A", rows, packA)],
        [batch.set(i32.sub(unit.get, get("unitsA"))), operand("B", columns, packB)])
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
    const [top, left, batch, panelsA, panelsB] = [local("top"), local("left"), local("batch"), local("panelsA"), local("panelsB")]
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

  const space = rows * columns * bytes
  overBlocks("columns", (f, { get, unit, first, depth, accumulate }) => {
    const { args, scratch } = f.parameters
    const local = (key: string) => f.local(key, "i32")
    const [left, right, batch, panelsA, panelsB] = [local("left"), local("right"), local("batch"), local("panelsA"), local("panelsB")]
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
        call(packB, b.get, scaled(get("bColumn"), left.get, columns * 4),
          i32.sub(get("n"), i32.mul(left.get, c(columns))), scaled(get("bSum"), first, 4), depth, get("bGather"), packed,
          i32.sub(right.get, left.get)),
        call(step, args.get, i32.add(a.get, panelOffset(rows, panelsA.get, first, depth, c(0))), packed, padded(depth),
          accumulate, target.get, c(0), panelsA.get, left.get, right.get, scratch.get)
      ]
    }
  })

  overBlocks("whole", (f, { get, unit, first, depth, accumulate }) => {
    const { args, scratch } = f.parameters
    const local = (key: string) => f.local(key, "i32")
    const [panelsA, panelsB, a, b, target] = [local("panelsA"), local("panelsB"), local("a"), local("b"), local("target")]
    const packedA = i32.add(scratch.get, c(space))
    const packedB = i32.add(packedA, i32.mul(padded(depth), i32.mul(panelsA.get, c(rows * bytes))))
    return {
      before: [
        panelsA.set(ceilDivide(get("m"), rows)), panelsB.set(ceilDivide(get("n"), columns)),
        a.set(i32.add(get("a"), i32.at(get("aBatch"), unit))), b.set(i32.add(get("b"), i32.at(get("bBatch"), unit))),
        target.set(i32.add(get("c"), i32.at(get("cBatch"), unit)))
      ],
      each: [
        call(packA, a.get, get("aRow"), get("m"), scaled(get("aSum"), first, 4), depth, get("aGather"), packedA, panelsA.get),
        call(packB, b.get, get("bColumn"), get("n"), scaled(get("bSum"), first, 4), depth, get("bGather"), packedB, panelsB.get),
        call(step, args.get, packedA, packedB, padded(depth), accumulate, target.get, c(0), panelsA.get, c(0), panelsB.get,
          scratch.get)
      ]
    }
  })
  return module.bytes()
}
