/** Adapters with random numbers everywhere, so that no term is hidden by a zero, and small shapes for them. */
import { Effect } from "effect"
import fc from "fast-check"
import type { Float } from "../../../../src/algebra/dtype.ts"
import { zeros } from "../../../../src/algebra/dtype.ts"
import { literal } from "../../../../src/algebra/tensor.ts"
import * as Key from "../../../../src/core/key.ts"
import { projections } from "../../../../src/methods/language/adapt.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import type { Adapter, AdapterParameter } from "../../../../src/methods/language/multi-token/adapter.ts"
import { countOf, tensors } from "../../../../src/methods/language/multi-token/adapter.ts"
import { bufferTree } from "../../../../src/methods/language/multi-token/initialise.ts"
import type { Shape } from "../../../../src/methods/language/multi-token/configuration.ts"

export const key = Key.make(2507)

export const shape: fc.Arbitrary<Shape> = fc.record({
  masks: fc.integer({ min: 1, max: 3 }),
  rank: fc.integer({ min: 1, max: 2 }),
  projections: fc.subarray([...projections], { minLength: 1 }),
  sampler: fc.boolean()
})

/** All seven maps, and a sampler head. */
export const whole: Shape = { masks: 2, rank: 2, projections: [...projections], sampler: true }

const drawn = (parameter: AdapterParameter, of: Key.Key) => {
  const own = Array.from(parameter.path).reduce((folded, letter) => Key.fold(folded, letter.charCodeAt(0)), of)
  return Key.normal(own, countOf(parameter)).map((value) => value * 0.7)
}

/** An adapter of random tensors; those that `change` knows are as it says. */
export const adapter = <D extends Float>(
  dtype: D, architecture: Architecture, of: Shape, from: Key.Key,
  change: (parameter: AdapterParameter) => number | undefined = () => undefined
): Adapter<D> =>
  tensors(architecture, of, (parameter) => {
    const data = zeros(dtype, countOf(parameter))
    const value = change(parameter)
    if (value === undefined) data.set(drawn(parameter, from))
    else data.fill(value)
    return literal<D, string>(dtype, Object.fromEntries(parameter.axes), data)
  })

/** A random adapter in a backend's memory. */
export const adapted = (architecture: Architecture, of: Shape, from: Key.Key) =>
  Effect.map(bufferTree(architecture, of, (parameter) => Effect.succeed(Float32Array.from(drawn(parameter, from)))),
    (buffers) => ({ shape: of, adapter: buffers }))

