/**
 * The speed that a contraction is measured against: the register-blocked inner loop alone, on panels that stay in the
 * first-level cache. What it reaches is the 128-bit multiply-add peak of one core as WebAssembly can reach it.
 */
import { doWhile, moduleBuilder } from "../src/algebra/backends/cpu/assembler.ts"
import { elements, type FloatType, rows, unroll } from "../src/algebra/backends/cpu/contraction-element.ts"
import { i32, increment, v128 } from "../src/algebra/backends/cpu/instructions.ts"
import type { Threads } from "../src/algebra/backends/cpu/threads.ts"

const depth = 256

/** Each unit multiplies one 256-deep panel pair in registers; args holds the panels' addresses. */
const module = (type: FloatType): Uint8Array<ArrayBuffer> => {
  const { bytes, lanes, columns, splat, multiplyAdd } = elements[type]
  const builder = moduleBuilder()
  builder.procedure("peak", { begin: "i32", end: "i32", args: "i32", scratch: "i32" }, (f) => {
    const { begin, end, args, scratch } = f.parameters
    const [a, b, k] = [f.local("a", "i32"), f.local("b", "i32"), f.local("k", "i32")]
    const left = f.local("left", "v128")
    const right = Array.from({ length: columns / lanes }, () => f.fresh("v128"))
    const sums = Array.from({ length: rows }, () => right.map(() => f.fresh("v128")))
    return [
      doWhile([
        a.set(i32.load(args.get)), b.set(i32.load(args.get, 4)), k.set(i32.const(depth)),
        doWhile([
          Array.from({ length: unroll }, (_, u) => [
            ...right.map((value, v) => value.set(v128.load(b.get, (u * columns + v * lanes) * bytes))),
            ...sums.map((line, r) => [
              left.set(splat(a.get, (u * rows + r) * bytes)),
              ...right.flatMap((value, v) => line.slice(v, v + 1).map((sum) => sum.set(multiplyAdd(left.get, value.get,
                sum.get))))
            ])
          ]),
          increment(a, unroll * rows * bytes), increment(b, unroll * columns * bytes),
          k.set(i32.sub(k.get, i32.const(unroll)))
        ], k.get),
        increment(begin, 1)
      ], i32.lt_u(begin.get, end.get)),
      sums.flatMap((line, r) => line.map((sum, v) => v128.store(scratch.get, sum.get,
        (r * columns + v * lanes) * bytes)))
    ]
  })
  return builder.bytes()
}

/**
 * About `wanted` floating-point operations at the peak rate, shared by the threads of the pool. Its panels are never
 * freed.
 */
export const calibration = (
  threads: Threads, type: FloatType, wanted: number
): { readonly run: () => void; readonly flops: number } => {
  const { memory } = threads
  const { columns, bytes } = elements[type]
  const args = memory.allocateOrThrow(8)
  const panels = [memory.allocateOrThrow(depth * rows * bytes), memory.allocateOrThrow(depth * columns * bytes)]
  memory.u8(panels[0] ?? 0, depth * rows * bytes).fill(0)
  memory.u8(panels[1] ?? 0, depth * columns * bytes).fill(0)
  memory.i32(args, 2).set(panels)
  const kernel = threads.load(module(type)).kernel("peak")
  const each = 2 * depth * rows * columns
  const units = Math.ceil(wanted / each)
  return { flops: each * units, run: () => threads.dispatch(kernel, units, args, Math.ceil(units / 32)) }
}
