/**
 * The half product of sigma.ts as WebAssembly: S[b][a] += w C[b'][a], the strings of one spin alone, and S[b][a'] +=
 * w s C[b'][a] for each pair of orbitals that one spin is excited by, w what the other spin does then. Columns a are
 * taken together in vectors. A unit of work is some rows b, which no other unit writes.
 */
import type { Local, Statement } from "../../../../algebra/backends/cpu/assembler.ts"
import {
  brIf, forLoop, loop, moduleBuilder, select, sequence, when
} from "../../../../algebra/backends/cpu/assembler.ts"
import type { I32 } from "../../../../algebra/backends/cpu/instructions.ts"
import {
  f64, f64x2, hasRelaxedSimd, i32, increment, scaled, v128
} from "../../../../algebra/backends/cpu/instructions.ts"

/** Words of the kernel's arguments: addresses, but for sizes. */
export const argument = {
  c: 0, sigma: 1, size: 2,
  /** Rows of a unit. */
  rows: 3,
  /** Strings of one spin alone, a sparse matrix. */
  aloneStart: 4, aloneColumn: 5, aloneValue: 6,
  /** Excitations by pair of orbitals: where each pair's begin, from, to, sign. */
  pairs: 7, start: 8, from: 9, to: 10, sign: 11,
  /** Excitations by string: how many of each, their target, pair and sign. */
  width: 12, target: 13, pair: 14, targetSign: 15,
  integrals: 16,
  words: 32
} as const

/** Columns that are taken together. */
export const together = 24
const vectors = together / 2

const entryBytes = 16

/** Bytes of scratch: what the other spin does, its counts by row, columns taken together, and one row of them. */
export const scratchBytes = (size: number, rows: number, width: number): number =>
  rows * width * entryBytes + 8 * rows + 8 * together * (size + 1) + 64

const c = i32.const

/** The module; its kernel is `product`. */
export const productModule = (): Uint8Array<ArrayBuffer> => {
  const module = moduleBuilder()
  const fma = (a: ReturnType<typeof v128.load>, b: typeof a, d: typeof a) =>
    (hasRelaxedSimd ? f64x2.relaxed_madd(a, b, d) : f64x2.add(f64x2.mul(a, b), d))
  module.procedure("product", { begin: "i32", end: "i32", args: "i32", scratch: "i32" }, (f) => {
    const { begin, end, args, scratch } = f.parameters
    const word = (name: string): Local<"i32"> => f.local(name, "i32")
    const get = (name: keyof typeof argument): I32 => i32.load(args.get, 4 * argument[name])
    const held = (name: keyof typeof argument): Local<"i32"> => word(`argument ${name}`)
    const names = [
      "c", "sigma", "size", "rows", "aloneStart", "aloneColumn", "aloneValue", "pairs", "start", "from", "to", "sign",
      "width", "target", "pair", "targetSign", "integrals"
    ] as const
    const [unit, row, first, last, column, count] =
      [word("unit"), word("row"), word("first"), word("last"), word("column"), word("count")]
    const [entry, final, address, base, k, kFirst, kLast] =
      [word("entry"), word("final"), word("address"), word("base"), word("k"), word("kFirst"), word("kLast")]
    const [chosen, other, counts, taken, line] =
      [word("chosen"), word("other"), word("counts"), word("taken"), word("line")]
    const sums = Array.from({ length: vectors }, (_, j) => f.local(`sum ${j}`, "v128"))
    const [weight, value] = [f.local("weight", "v128"), f.local("value", "f64")]
    const size8 = word("row bytes")
    const least = (a: I32, b: I32): I32 => select(i32.lt_u(a, b), a, b)
    const clear = sums.map((sum) => sum.set(v128.zero))
    const accumulate = (at: I32): ReadonlyArray<Statement> =>
      sums.map((sum, j) => sum.set(fma(v128.load(at, 16 * j), weight.get, sum.get)))
    const keep = sums.map((sum, j) => v128.store(line.get, sum.get, 16 * j))

    const alone: Statement = forLoop(row, first.get, last.get, 1, [
      forLoop(column, c(0), held("size").get, together, [
        clear,
        entry.set(i32.at(held("aloneStart").get, row.get)),
        final.set(i32.load(scaled(held("aloneStart").get, row.get, 4), 4)),
        base.set(scaled(held("c").get, column.get, 8)),
        loop((again) => [when(i32.lt_u(entry.get, final.get), [
          weight.set(v128.load64_splat(scaled(held("aloneValue").get, entry.get, 8))),
          address.set(i32.add(base.get, i32.mul(i32.at(held("aloneColumn").get, entry.get), size8.get))),
          accumulate(address.get),
          increment(entry, 1),
          brIf(again, c(1))
        ])]),
        keep,
        count.set(least(i32.sub(held("size").get, column.get), c(together))),
        base.set(scaled(i32.add(held("sigma").get, i32.mul(row.get, size8.get)), column.get, 8)),
        forLoop(k, c(0), count.get, 1, [
          f64.store(scaled(base.get, k.get, 8), f64.load(scaled(line.get, k.get, 8)))
        ])
      ])
    ])

    /** What the other spin does while one is excited by the pair `chosen`, at the start of the scratch. */
    const opposite: Statement = sequence(
      entry.set(scratch.get),
      forLoop(row, first.get, last.get, 1, [
        count.set(c(0)),
        base.set(i32.mul(row.get, held("width").get)),
        forLoop(k, base.get, i32.add(base.get, held("width").get), 1, [
          other.set(i32.at(held("pair").get, k.get)),
          when(i32.le_u(other.get, chosen.get), [
            value.set(f64.mul(
              f64.load(scaled(held("targetSign").get, k.get, 8)),
              f64.load(scaled(held("integrals").get,
                i32.add(i32.mul(chosen.get, held("pairs").get), other.get), 8))
            )),
            when(i32.eq(other.get, chosen.get), value.set(f64.mul(value.get, f64.const(0.5)))),
            f64.store(entry.get, value.get),
            i32.store(entry.get, i32.mul(i32.at(held("target").get, k.get), c(8 * together)), 8),
            increment(entry, entryBytes),
            increment(count, 1)
          ])
        ]),
        i32.store(scaled(counts.get, i32.sub(row.get, first.get), 4), count.get)
      ])
    )

    const gather: Statement = forLoop(row, c(0), held("size").get, 1, [
      base.set(i32.add(held("c").get, i32.mul(row.get, size8.get))),
      address.set(i32.add(taken.get, i32.mul(row.get, c(8 * together)))),
      forLoop(k, kFirst.get, kLast.get, 1, [
        f64.store(address.get, f64.mul(f64.load(scaled(held("sign").get, k.get, 8)),
          f64.load(scaled(base.get, i32.at(held("from").get, k.get), 8)))),
        increment(address, 8)
      ])
    ])

    const spread: Statement = sequence(
      entry.set(scratch.get),
      forLoop(row, first.get, last.get, 1, [
        clear,
        count.set(i32.load(scaled(counts.get, i32.sub(row.get, first.get), 4))),
        loop((again) => [when(count.get, [
          weight.set(v128.load64_splat(entry.get)),
          address.set(i32.add(taken.get, i32.load(entry.get, 8))),
          accumulate(address.get),
          increment(entry, entryBytes),
          increment(count, -1),
          brIf(again, c(1))
        ])]),
        keep,
        base.set(i32.add(held("sigma").get, i32.mul(row.get, size8.get))),
        address.set(line.get),
        forLoop(k, kFirst.get, kLast.get, 1, [
          column.set(scaled(base.get, i32.at(held("to").get, k.get), 8)),
          f64.store(column.get, f64.add(f64.load(column.get), f64.load(address.get))),
          increment(address, 8)
        ])
      ])
    )

    return [
      names.map((name) => held(name).set(get(name))),
      size8.set(i32.mul(held("size").get, c(8))),
      counts.set(i32.add(scratch.get, i32.mul(i32.mul(held("rows").get, held("width").get), c(entryBytes)))),
      taken.set(i32.add(counts.get, i32.mul(held("rows").get, c(8)))),
      line.set(i32.add(taken.get, i32.mul(held("size").get, c(8 * together)))),
      forLoop(unit, begin.get, end.get, 1, [
        first.set(i32.mul(unit.get, held("rows").get)),
        last.set(least(i32.add(first.get, held("rows").get), held("size").get)),
        alone,
        forLoop(chosen, c(0), held("pairs").get, 1, [
          opposite,
          kFirst.set(i32.at(held("start").get, chosen.get)),
          loop((again) => [
            kLast.set(least(i32.add(kFirst.get, c(together)),
              i32.load(scaled(held("start").get, chosen.get, 4), 4))),
            when(i32.lt_u(kFirst.get, kLast.get), [gather, spread, kFirst.set(kLast.get), brIf(again, c(1))])
          ])
        ])
      ])
    ]
  })
  return module.bytes()
}
