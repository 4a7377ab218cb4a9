/**
 * Causal attention over named axes, and its gradient, in double precision on the cpu backend. Every axis that is not
 * summed over stays, so heads need no code of their own. The gradient is an expression like any other; its norm is the
 * slope of the loss along it.
 *
 *   npm run example examples/attention.ts
 */
import { Console, Effect } from "effect"
import { algebra, core } from "noether"

const { contract, gradient, input, iota, lessEqual, multiply, rename, softmax, sum, where } = algebra

const stream = { time: 6, model: 8 }
const map = { model: 8, head: 2, depth: 4 }

const x = input("f64", stream, "x")
const weights = {
  query: input("f64", map, "query"), key: input("f64", map, "key"), value: input("f64", map, "value"),
  output: input("f64", map, "output")
}

const query = contract(x, weights.query, "model") // time, head, depth
const key = rename(contract(x, weights.key, "model"), { time: "memory" })
const value = rename(contract(x, weights.value, "model"), { time: "memory" })
const causal = lessEqual(iota("f64", "memory", stream.time), iota("f64", "time", stream.time))
const scores = multiply(contract(query, key, "depth"), 1 / Math.sqrt(map.depth)) // time, memory, head
const attention = softmax(where(causal, scores, -Infinity), "memory")
const output = contract(contract(attention, value, "memory"), weights.output, ["head", "depth"]) // time, model

const loss = sum(multiply(output, output), ["time", "model"])
const slope = gradient(loss, x)

const random = (seed: number, sizes: Readonly<Record<string, number>>) => {
  const count = Object.values(sizes).reduce((product, size) => product * size, 1)
  return Float64Array.from(core.Key.normal(core.Key.make(seed), count), (normal) => 0.3 * normal)
}

const program = Effect.scoped(Effect.gen(function*() {
  const backend = yield* algebra.Backend
  const compiled = yield* backend.compile({ x, weights }, { attention, loss, slope })
  const put = (seed: number) => backend.put("f64", map, random(seed, map))
  const drawn = yield* Effect.all({ query: put(1), key: put(2), value: put(3), output: put(4) })

  const at = Effect.fnUntraced(function*(values: Float64Array) {
    return yield* compiled.run({ x: yield* backend.put("f64", stream, values), weights: drawn })
  })
  const lossAt = Effect.fnUntraced(function*(values: Float64Array) {
    const { data } = yield* backend.read((yield* at(values)).loss)
    return data[0] ?? NaN
  })

  const start = random(5, stream)
  const here = yield* at(start)
  const { axes, data } = yield* backend.read(here.attention)
  yield* Console.log(`attention over ${[...axes.keys()].join(", ")}: ${data.length} weights`)
  const { data: direction } = yield* backend.read(here.slope)
  const norm = Math.hypot(...direction)
  const step = 1e-5
  const moved = (by: number) => lossAt(start.map((value, i) => value + by * (direction[i] ?? NaN) / norm))
  yield* Console.log(`norm of the gradient:     ${norm}`)
  yield* Console.log(`slope along the gradient: ${((yield* moved(step)) - (yield* moved(-step))) / (2 * step)}`)
}))

await Effect.runPromise(Effect.provide(program, algebra.Cpu.layer))
