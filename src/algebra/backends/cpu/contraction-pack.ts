/**
 * Packing: an operand of any strides is gathered into panels that the inner loop reads from front to back. Whole panel
 * rows are copied by vectors where the panels' axis is contiguous, four steps of k are transposed in registers where k
 * is, and all else goes element by element. Offset vectors after TBLIS (Matthews 2018).
 */
import {
  block, br, brIf, forLoop, type FunctionBuilder, loop, type ModuleBuilder, sequence, type Statement, when
} from "./assembler.ts"
import { type Element, gather, minimum, padded, panelGroup } from "./contraction-element.ts"
import { i32, type I32, increment, scaled, shuffle32, shuffle64, type V128, v128 } from "./instructions.ts"

const c = i32.const

/**
 * _pack: panels [0, panels) of one k block, from `source` with the offset tables `along` (the panels' axis, `size`
 * indices left) and `sum` (k, `count` steps), into `target`. A panel is [k padded][width]; indices past the end repeat
 * the last one, so that nothing outside the operand is read, and steps past the end are zero.
 */
export const definePack = (module: ModuleBuilder, element: Element, width: number, name: string) => {
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

/** Four rows of four f32 to four columns; the locals that it needs are the same at every use. */
export const transpose4 = (f: FunctionBuilder<Readonly<Record<string, "i32">>>, values: readonly V128[]) => {
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
