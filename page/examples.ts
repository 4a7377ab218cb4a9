/** What the playground offers to try: an expression three ways, a gradient, and text from the model. */

export interface Example {
  readonly name: string
  readonly code: string
}

const attention = `// attention over named axes: a description, until a backend computes it
const { contract, iota, lessEqual, multiply, rename, softmax, where } = algebra
const random = (seed, [a, m], [b, n]) =>
  algebra.literal("f32", { [a]: m, [b]: n }, Float32Array.from(core.Key.normal(core.Key.make(seed), m * n)))
const x = random(1, ["time", 6], ["model", 8])
const query = contract(x, random(2, ["model", 8], ["depth", 4]), "model")
const key = rename(contract(x, random(3, ["model", 8], ["depth", 4]), "model"), { time: "memory" })
const causal = lessEqual(iota("f32", "memory", 6), iota("f32", "time", 6))
const scores = multiply(contract(query, key, "depth"), 1 / Math.sqrt(4))
const attention = softmax(where(causal, scores, -Infinity), "memory")

console.log(algebra.print({ attention }))
console.log(algebra.Count.count({ attention }))
algebra.evaluate(attention)
`

const gradient = `// a gradient is an expression again: that of the loss of a linear fit
const { contract, gradient, input, subtract, sum, multiply } = algebra
const x = input("f32", { sample: 3, feature: 2 }, "x")
const y = input("f32", { sample: 3 }, "y")
const w = input("f32", { feature: 2 }, "w")
const residual = subtract(contract(x, w, "feature"), y)
const loss = sum(multiply(residual, residual), "sample")

Effect.gen(function*() {
  const backend = yield* algebra.Backend
  const fit = yield* backend.compile({ x, y, w }, { loss, slope: gradient(loss, w) })
  const given = {
    x: yield* backend.put("f32", { sample: 3, feature: 2 }, Float32Array.of(1, 0, 0, 1, 1, 1)),
    y: yield* backend.put("f32", { sample: 3 }, Float32Array.of(2, 3, 5))
  }
  let at = Float32Array.of(0, 0)
  for (let step = 0; step < 40; step++) {
    const { slope } = yield* fit.run({ ...given, w: yield* backend.put("f32", { feature: 2 }, at) })
    const { data } = yield* backend.read(slope)
    at = at.map((value, i) => value - 0.2 * data[i])
  }
  return at
})
`

const text = `// the embedded model goes on with a sentence
const model = await run(language.Checkpoint.open("models/default"))
const prompt = await run(model.tokenizer.encode("It is a truth universally acknowledged"))
const tokens = model.generate(prompt, { tokens: 40, temperature: 0.7, key: core.Key.make(1) })
model.tokenizer.decodeStream(tokens).pipe(Stream.mkString)
`

/** The examples, in the order of the page. */
export const examples: ReadonlyArray<Example> = [
  { name: "attention", code: attention },
  { name: "a gradient", code: gradient },
  { name: "text from the model", code: text }
]
