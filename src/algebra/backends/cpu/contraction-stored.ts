/**
 * Numbers stored in fewer bits than they are computed with, as vectors: sixteen bytes of codes become 8 (bf16), 16
 * (signed bytes) or 32 (signed half bytes) f32. A byte is put at the top of a lane and converted there, which makes it
 * 2^24 or 2^28 times itself, exactly; the power of two goes into the scale. Widening loses nothing.
 */
import { block, br, brIf, call, forLoop, loop, type ModuleBuilder, when } from "./assembler.ts"
import { minimum, padded } from "./contraction-element.ts"
import { transpose4 } from "./contraction-pack.ts"
import { f32, f32x4, hasRelaxedSimd, i16x8, i32, type I32, i8x16, increment, memory, scaled, type V128, v128
} from "./instructions.ts"
import type { Storage } from "../fusion/contraction.ts"

export type StoredFormat = Storage["format"]

/** Bytes of a number in each format. */
export const bytesEach: Readonly<Record<StoredFormat, number>> = { bf16: 2, i8: 1, i4: 0.5 }

const c = i32.const

/** What kernels know of a format. */
export interface Stored {
  readonly format: StoredFormat
  /** Numbers in sixteen bytes of codes. */
  readonly width: number
  /** What a widened number has to be multiplied by, a power of two. */
  readonly unit: number
  /** Whether a scale belongs to each sixteen bytes, or to a whole column. */
  readonly grouped: boolean
  /** Constants that kernels keep in locals, given to `parts` in this order. */
  readonly constants: ReadonlyArray<V128>
  /** Sixteen bytes of codes as vectors of f32, each in turn when asked for. */
  readonly parts: (codes: V128, constants: ReadonlyArray<V128>) => ReadonlyArray<V128>
  /** Bytes of this many numbers, a power-of-two multiple of them. */
  readonly bytes: (count: I32) => I32
}

const outside = 0x80
/** Moves a byte to the top of each lane, zeros below: bytes from, from + 1, ... or from + 4, ... */
const toTop = (from: number): V128 =>
  v128.const([0, 1, 2, 3].flatMap((lane) => [outside, outside, outside, from + lane]))
/** Moves two bytes to the top of each lane. */
const pairToTop = (from: number): V128 =>
  v128.const([0, 1, 2, 3].flatMap((lane) => [outside, outside, from + 2 * lane, from + 2 * lane + 1]))

const choose = hasRelaxedSimd ? i8x16.relaxed_swizzle : i8x16.swizzle
const at = (constants: ReadonlyArray<V128>, index: number): V128 => constants[index] ?? v128.zero
const bytesToFloats = (codes: V128, masks: ReadonlyArray<V128>): ReadonlyArray<V128> =>
  [0, 1, 2, 3].map((part) => f32x4.convert_i32x4_s(choose(codes, at(masks, part))))
const quarters = [toTop(0), toTop(4), toTop(8), toTop(12)]

export const storedFormats: Readonly<Record<StoredFormat, Stored>> = {
  bf16: {
    format: "bf16", width: 8, unit: 1, grouped: false, constants: [pairToTop(0), pairToTop(8)],
    parts: (codes, masks) => [choose(codes, at(masks, 0)), choose(codes, at(masks, 1))],
    bytes: (count) => i32.shl(count, c(1))
  },
  i8: {
    format: "i8", width: 16, unit: 2 ** -24, grouped: false, constants: quarters, parts: bytesToFloats,
    bytes: (count) => count
  },
  i4: {
    format: "i4", width: 32, unit: 2 ** -28, grouped: true,
    constants: [...quarters, i8x16.splat(c(0xf0))],
    parts: (codes, constants) => {
      const high = at(constants, 4)
      return [
        ...bytesToFloats(v128.and(i16x8.shl(codes, c(4)), high), constants),
        ...bytesToFloats(v128.and(codes, high), constants)
      ]
    },
    bytes: (count) => i32.shr_u(count, c(1))
  }
}

/** Numbers of a column that are widened at a time, and a few that may be written after them. */
const longest = 256
const areaRow = (longest + 32) * 4
/** Columns of a packed panel. */
const panel = 8
/** Bytes of scratch for packing. */
export const storedScratch = panel * areaRow + 16

/**
 * _packStored: panels [0, panels) of eight columns of one k block of `count` steps, widened and scaled, into `target`
 * as `definePack` lays them out. `source` and `scale` are of the block's first step, `along` and `alongScale` offset
 * tables of the columns, of which `size` are left, `sum` the scales' table of steps.
 */
export const definePackStored = (module: ModuleBuilder, stored: Stored) => {
  const { width, unit, grouped, constants, parts, bytes } = stored
  const widenParameters = {
    source: "i32", scale: "i32", sum: "i32", count: "i32", scaled: "i32", target: "i32", area: "i32"
  } as const
  /** _widen: one column; whole vectors are written, then zeros up to the padded count. */
  const widen = module.procedure("_widen", widenParameters, (f) => {
    const { source, scale, sum, count, scaled: hasScale, target, area } = f.parameters
    const [k, whole, out] = [f.local("k", "i32"), f.local("whole", "i32"), f.local("out", "i32")]
    const [codes, factor] = [f.local("codes", "v128"), f.local("factor", "v128")]
    const kept = constants.map((value, index) => ({ local: f.local(`constant${index}`, "v128"), value }))
    const factorAt = (offset: I32) =>
      factor.set(f32x4.splat(f32.mul(f32.const(unit), f32.load(i32.add(scale.get, offset)))))
    const write = [
      ...grouped ? [when(hasScale.get, factorAt(i32.at(sum.get, k.get)))] : [],
      ...parts(codes.get, kept.map(({ local }) => local.get)).map((part, index) =>
        v128.store(out.get, f32x4.mul(part, factor.get), index * 16)),
      increment(out, width * 4)
    ]
    return [
      ...kept.map(({ local, value }) => local.set(value)),
      factor.set(f32x4.splat(f32.const(unit))),
      ...grouped ? [] : [when(hasScale.get, factorAt(c(0)))],
      out.set(target.get), whole.set(i32.and(count.get, c(-width))),
      forLoop(k, c(0), whole.get, width, [
        codes.set(v128.load(source.get)), ...write, increment(source, 16)
      ]),
      when(i32.lt_u(whole.get, count.get), [
        v128.store(area.get, v128.zero),
        memory.copy(area.get, source.get, bytes(i32.sub(count.get, whole.get))),
        k.set(whole.get), codes.set(v128.load(area.get)), ...write
      ]),
      forLoop(k, count.get, padded(count.get), 1, f32.store(scaled(target.get, k.get, 4), f32.const(0)))
    ]
  })

  const parameters = {
    source: "i32", along: "i32", size: "i32", count: "i32", target: "i32", panels: "i32",
    scale: "i32", alongScale: "i32", sum: "i32", scaled: "i32", area: "i32"
  } as const
  return module.procedure("_packStored", parameters, (f) => {
    const { source, along, size, count, target, panels, scale, alongScale, sum, scaled: hasScale, area } = f.parameters
    const [r, index, k, from] = [f.local("r", "i32"), f.local("index", "i32"), f.local("k", "i32"),
      f.local("from", "i32")]
    const rows = Array.from({ length: panel }, (_, column) => f.local(`row${column}`, "v128"))
    const values = rows.map((row) => row.get)
    const [lower, upper] = [transpose4(f, values.slice(0, 4)), transpose4(f, values.slice(4))]
    return [block((done) => loop((again) => [
      brIf(done, i32.eqz(panels.get)),
      forLoop(r, c(0), c(panel), 1, [
        index.set(minimum(r.get, i32.sub(size.get, c(1)))),
        call(widen, i32.add(source.get, i32.at(along.get, index.get)),
          i32.add(scale.get, i32.at(alongScale.get, index.get)), sum.get, count.get, hasScale.get,
          i32.add(area.get, i32.mul(r.get, c(areaRow))), i32.add(area.get, c(panel * areaRow)))
      ]),
      from.set(area.get),
      forLoop(k, c(0), count.get, 4, [
        ...rows.map((row, column) => row.set(v128.load(from.get, column * areaRow))),
        lower.prepare,
        ...lower.values.map((value, step) => v128.store(target.get, value, step * panel * 4)),
        upper.prepare,
        ...upper.values.map((value, step) => v128.store(target.get, value, step * panel * 4 + 16)),
        increment(from, 16), increment(target, 4 * panel * 4)
      ]),
      increment(along, panel * 4), increment(alongScale, panel * 4),
      size.set(i32.sub(size.get, c(panel))), panels.set(i32.sub(panels.get, c(1))),
      br(again)
    ]))]
  })
}
