/**
 * Contractions with at most four rows, as WebAssembly: a matrix is read once, straight from where it lies, so the speed
 * is that of memory. This is what decoding a language model one token at a time does. Three kernels: `dot` for a matrix
 * contiguous along the sum, `stream` for a large one, `combine` for one contiguous along its columns. Conserves the
 * order of summation for every division of the work.
 */
import { call, forLoop, type Local, moduleBuilder, select, sequence, type Statement, when } from "./assembler.ts"
import type { argument} from "./contraction-element.ts"
import { type Element, elements, type FloatType, kernelParameters, reader } from "./contraction-element.ts"
import { f32, f32x4, f64, f64x2, i32, type I32, increment, scaled, type V128, v128 } from "./instructions.ts"

/** The most rows these kernels take. */
export const mostRows = 4

const c = i32.const

/** Stores, or adds to `address`, one element: lane 0 of `value`. */
const storeFirst = (type: FloatType, address: I32, value: V128, accumulate: I32): Statement => type === "f32"
  ? when(accumulate, f32.store(address, f32.add(f32.load(address), f32x4.extract_lane(value, 0))),
    v128.store32_lane(address, value, 0))
  : when(accumulate, f64.store(address, f64.add(f64.load(address), f64x2.extract_lane(value, 0))),
    v128.store64_lane(address, value, 0))

/** The sum of all lanes, left to right, in every lane. */
const total = (type: FloatType, value: V128): V128 => {
  if (type === "f64") return f64x2.splat(f64.add(f64x2.extract_lane(value, 0), f64x2.extract_lane(value, 1)))
  const lane = (index: number) => f32x4.extract_lane(value, index)
  return f32x4.splat(f32.add(f32.add(lane(0), lane(1)), f32.add(lane(2), lane(3))))
}

const firstOnly = (type: FloatType) => (type === "f32" ? v128.load32_zero : v128.load64_zero)

/** The module of these kernels for one element type and number of rows. */
export const skinnyModule = (type: FloatType, rows: number): Uint8Array<ArrayBuffer> => {
  const element: Element = elements[type]
  const { bytes, lanes, splat, multiplyAdd, add, copy } = element
  const module = moduleBuilder()
  const eachRow = Array.from({ length: rows }, (_, r) => r)
  const loadFirst = firstOnly(type)

  /** _gather: the rows of A of one batch, each contiguous along k, into scratch. */
  const gatherRows = module.procedure("_gather", { args: "i32", batch: "i32", target: "i32" }, (f) => {
    const { args, batch, target } = f.parameters
    const get = reader(args.get)
    const [k, source, size, sum] = [f.local("k", "i32"), f.local("source", "i32"), f.local("size", "i32"),
      f.local("sum", "i32")]
    const out = f.local("out", "i32")
    return [
      size.set(get("k")), sum.set(get("aSum")), out.set(target.get),
      eachRow.map((r) => [
        source.set(i32.add(i32.add(get("a"), i32.at(get("aBatch"), batch.get)), i32.load(get("aRow"), r * 4))),
        forLoop(k, c(0), size.get, 1, [
          copy(out.get, i32.add(source.get, i32.at(sum.get, k.get))), increment(out, bytes)
        ])
      ])
    ]
  })

  type Body = (shared: {
    readonly get: (name: keyof typeof argument) => I32
    readonly local: (name: string) => Local<"i32">
    readonly vector: (name: string) => Local<"v128">
    readonly scratch: I32
    /** Addresses of this batch's B and C. */
    readonly b: Local<"i32">
    readonly target: Local<"i32">
    /** The unit's columns [first, last). */
    readonly first: Local<"i32">
    readonly last: Local<"i32">
    readonly k: Local<"i32">
    readonly size: Local<"i32">
    readonly sum: Local<"i32">
    readonly column: Local<"i32">
    readonly address: Local<"i32">
    /** Address of element k (a local) of gathered row r. */
    readonly rowAt: (r: number, k: I32) => I32
  }) => readonly Statement[]

  /** A kernel whose unit is `tileColumns` columns of one batch. */
  const kernel = (name: string, gathered: number, body: Body) => module.procedure(name, kernelParameters, (f) => {
    const { begin, end, args, scratch } = f.parameters
    const get = reader(args.get)
    const local = (key: string) => f.local(key, "i32")
    const [unit, batch, packed, rowBytes] = [local("unit"), local("batch"), local("packed"), local("rowBytes")]
    const [b, target, first, last] = [local("b"), local("target"), local("first"), local("last")]
    const [k, size, sum, column, address] = [local("k"), local("size"), local("sum"), local("column"), local("address")]
    const limit = i32.add(first.get, get("tileColumns"))
    return [
      packed.set(c(-1)), size.set(get("k")), sum.set(get("bSum")), column.set(get("bColumn")),
      rowBytes.set(i32.mul(size.get, c(bytes))),
      forLoop(unit, begin.get, end.get, 1, [
        batch.set(i32.div_u(unit.get, get("tilesAcross"))),
        first.set(i32.mul(i32.rem_u(unit.get, get("tilesAcross")), get("tileColumns"))),
        last.set(select(i32.lt_u(limit, get("n")), limit, get("n"))),
        when(i32.ne(batch.get, packed.get), [
          call(gatherRows, args.get, batch.get, i32.add(scratch.get, c(gathered))), packed.set(batch.get)
        ]),
        b.set(i32.add(get("b"), i32.at(get("bBatch"), batch.get))),
        target.set(i32.add(get("c"), i32.at(get("cBatch"), batch.get))),
        ...body({
          get, local, vector: (key) => f.local(key, "v128"), scratch: scratch.get, b, target, first, last, k, size,
            sum, column,
          address,
          rowAt: (r, at) => scaled(i32.add(i32.add(scratch.get, c(gathered)), i32.mul(rowBytes.get, c(r))), at, bytes)
        })
      ])
    ]
  })

  // dot: several columns at a time, so that their sums do not wait for each other
  const together = rows <= 2 ? 4 : 2
  kernel("dot", 0, ({ get, local, vector, b, target, first, last, k, size, sum, column, address, rowAt }) => {
    const [j, whole, offset] = [local("j"), local("whole"), local("offset")]
    const columns = Array.from({ length: together }, (_, q) => local(`column${q}`))
    const gathered = eachRow.map((r) => local(`row${r}`))
    const sums = columns.map((_, q) => eachRow.map((r) => vector(`sum${q}${r}`)))
    const right = columns.map((_, q) => vector(`right${q}`))
    const left = vector("left")
    const turn = (load: (address: I32) => V128, step: number): readonly Statement[] => [
      offset.set(i32.at(sum.get, k.get)),
      ...columns.flatMap((at, q) => right.slice(q, q + 1).map((value) => value.set(load(i32.add(at.get, offset.get))))),
      ...gathered.flatMap((row, r) => [
        left.set(load(row.get)), increment(row, step * bytes),
        ...right.flatMap((value, q) => (sums[q] ?? []).slice(r, r + 1).map((one) =>
          one.set(multiplyAdd(value.get, left.get, one.get))))
      ])
    ]
    return [
      whole.set(i32.and(size.get, c(-lanes))),
      forLoop(j, first.get, last.get, together, [
        ...columns.map((at, q) => {
          const index = i32.add(j.get, c(q))
          const inside = select(i32.lt_u(index, last.get), index, i32.sub(last.get, c(1)))
          return at.set(i32.add(b.get, i32.at(column.get, inside)))
        }),
        ...gathered.map((row, r) => row.set(rowAt(r, c(0)))),
        ...sums.flatMap((line) => line.map((one) => one.set(v128.zero))),
        forLoop(k, c(0), whole.get, lanes, turn((at) => v128.load(at), lanes)),
        forLoop(k, whole.get, size.get, 1, turn((at) => loadFirst(at), 1)),
        ...sums.map((line, q) => when(i32.lt_u(i32.add(j.get, c(q)), last.get), line.map((one, r) => [
          address.set(i32.add(
            i32.add(target.get, i32.load(get("cRow"), r * 4)), i32.at(get("cColumn"), i32.add(j.get, c(q))))),
          one.set(total(type, one.get)),
          storeFirst(type, address.get, one.get, get("accumulate"))
        ])))
      ])
    ]
  })

  // stream: one column after another, which is how memory is fastest, and several sums of it side by side
  const chains = rows <= 2 ? 4 : 2
  kernel("stream", 0, ({ get, local, vector, b, target, first, last, k, size, sum, column, address, rowAt }) => {
    const [j, most, whole, at] = [local("j"), local("most"), local("whole"), local("at")]
    const gathered = eachRow.map((r) => local(`row${r}`))
    const sums = eachRow.map((r) => Array.from({ length: chains }, (_, chain) => vector(`sum${r}${chain}`)))
    const [left, right] = [vector("left"), vector("right")]
    const joined = (line: typeof sums[number]): V128 => line.map((one) => one.get).reduce((x, y) => add(x, y))
    const turn = (load: (address: I32, offset?: number) => V128, step: number, together: number) => [
      Array.from({ length: together }, (_, chain) => [
        right.set(load(i32.add(at.get, i32.load(scaled(sum.get, k.get, 4), chain * step * 4)))),
        ...gathered.map((row, r) => [
          left.set(load(row.get, chain * step * bytes)),
          (sums[r] ?? []).slice(chain, chain + 1).map((one) =>
            one.set(multiplyAdd(right.get, left.get, one.get)))
        ])
      ]),
      ...gathered.map((row) => increment(row, together * step * bytes))
    ]
    return [
      most.set(i32.and(size.get, c(-lanes * chains))), whole.set(i32.and(size.get, c(-lanes))),
      forLoop(j, first.get, last.get, 1, [
        at.set(i32.add(b.get, i32.at(column.get, j.get))),
        ...gathered.map((row, r) => row.set(rowAt(r, c(0)))),
        ...sums.flatMap((line) => line.map((one) => one.set(v128.zero))),
        forLoop(k, c(0), most.get, lanes * chains, turn(v128.load, lanes, chains)),
        forLoop(k, most.get, whole.get, lanes, turn(v128.load, lanes, 1)),
        forLoop(k, whole.get, size.get, 1, turn(loadFirst, 1, 1)),
        ...sums.map((line, r) => [
          address.set(i32.add(
            i32.add(target.get, i32.load(get("cRow"), r * 4)), i32.at(get("cColumn"), j.get))),
          left.set(total(type, joined(line))),
          storeFirst(type, address.get, left.get, get("accumulate"))
        ])
      ])
    ]
  })

  // combine: a tile of C stays in scratch while whole rows of B stream by, several at a time
  const streams = rows <= 2 ? 8 : 4
  const tileBytes = combineColumns * bytes
  kernel("combine", rows * tileBytes, ({ get, local, vector, scratch, b, target, first, last, k, size, sum, column,
    address, rowAt }) => {
    const [j, whole, wholeColumns, offset, tile] = [local("j"), local("whole"), local("wholeColumns"), local("offset"),
      local("tile")]
    const source = Array.from({ length: streams }, (_, q) => local(`stream${q}`))
    const right = source.map((_, q) => vector(`right${q}`))
    const factors = source.map((_, q) => eachRow.map((r) => vector(`factor${q}${r}`)))
    const one = vector("one")
    const inTile = (r: number): number => r * tileBytes
    const turn = (count: number): readonly Statement[] => [
      ...source.slice(0, count).map((at, q) => at.set(i32.add(b.get, i32.at(sum.get, i32.add(k.get, c(q)))))),
      ...factors.slice(0, count).flatMap((line, q) => line.map((factor, r) =>
        factor.set(splat(rowAt(r, i32.add(k.get, c(q))))))),
      tile.set(scratch),
      forLoop(j, first.get, wholeColumns.get, lanes, [
        offset.set(i32.at(column.get, j.get)),
        ...source.slice(0, count).flatMap((at, q) => right.slice(q, q + 1).map((value) =>
          value.set(v128.load(i32.add(at.get, offset.get))))),
        ...eachRow.flatMap((r) => [
          one.set(v128.load(tile.get, inTile(r))),
          ...factors.slice(0, count).flatMap((line, q) => right.slice(q, q + 1).flatMap((value) =>
            line.slice(r, r + 1).map((factor) => one.set(multiplyAdd(factor.get, value.get, one.get))))),
          v128.store(tile.get, one.get, inTile(r))
        ]),
        increment(tile, 16)
      ])
    ]
    return [
      whole.set(i32.sub(size.get, i32.rem_u(size.get, c(streams)))),
      wholeColumns.set(i32.add(first.get, i32.and(i32.sub(last.get, first.get), c(-lanes)))),
      tile.set(i32.mul(i32.sub(last.get, first.get), c(bytes))),
      forLoop(j, c(0), tile.get, 16, eachRow.map((r) => v128.store(i32.add(scratch, j.get), v128.zero, inTile(r)))),
      forLoop(k, c(0), whole.get, streams, sequence(...turn(streams))),
      forLoop(k, whole.get, size.get, 1, sequence(...turn(1))),
      ...eachRow.map((r) => sequence(
        forLoop(j, wholeColumns.get, last.get, 1, [
          one.set(v128.zero),
          offset.set(i32.add(b.get, i32.at(column.get, j.get))),
          forLoop(k, c(0), size.get, 1, one.set(multiplyAdd(
            splat(rowAt(r, k.get)), loadFirst(i32.add(offset.get, i32.at(sum.get, k.get))), one.get))),
          type === "f32"
            ? v128.store32_lane(scaled(scratch, i32.sub(j.get, first.get), bytes), one.get, 0, inTile(r))
            : v128.store64_lane(scaled(scratch, i32.sub(j.get, first.get), bytes), one.get, 0, inTile(r))
        ]),
        target.set(i32.add(target.get, i32.load(get("cRow"), r * 4))),
        when(get("denseC"), [
          forLoop(j, first.get, wholeColumns.get, lanes, [
            address.set(i32.add(target.get, i32.at(get("cColumn"), j.get))),
            one.set(v128.load(scaled(scratch, i32.sub(j.get, first.get), bytes), inTile(r))),
            when(get("accumulate"), one.set(add(v128.load(address.get), one.get))),
            v128.store(address.get, one.get)
          ]),
          offset.set(wholeColumns.get)
        ], offset.set(first.get)),
        forLoop(j, offset.get, last.get, 1, [
          address.set(i32.add(target.get, i32.at(get("cColumn"), j.get))),
          one.set(loadFirst(scaled(scratch, i32.sub(j.get, first.get), bytes), inTile(r))),
          storeFirst(type, address.get, one.get, get("accumulate"))
        ]),
        target.set(i32.sub(target.get, i32.load(get("cRow"), r * 4)))
      ))
    ]
  })
  return module.bytes()
}

/**
 * The most columns a unit of `combine` may have. Long pieces of rows are what memory likes (512 columns ran at two
 * thirds of the speed of 2048); the tile of C still stays in the second-level cache.
 */
export const combineColumns = 2048

/** Bytes of scratch that the kernels need for `rows` rows of k elements. */
export const skinnyScratch = (type: FloatType, rows: number, k: number): number =>
  rows * (combineColumns + k) * elements[type].bytes
