/**
 * `npm run bench`: every benchmark, each in a process of its own, one after the other. It prints tables as it goes, and
 * when a topic is done writes docs/results/benchmarks/TOPIC.json and the tables of docs/benchmarks.md; a topic that is
 * stopped writes nothing. A run with `--quick` leaves those as they are and writes to out/bench/.
 */
import path from "node:path"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, Console, Data, DateTime, Effect, FileSystem, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { decodeJson } from "../src/core/codec.ts"
import { writeFileAside } from "../src/methods/language/aside.ts"
import { root, version } from "../src/runtime/package.ts"
import { folder, load, machine, missing } from "./machine.ts"
import { described } from "./models.ts"
import type { Found } from "./page.ts"
import { render } from "./page.ts"
import type { Row, Suite, Topic } from "./row.ts"
import { Results, Rows, topicNames, topics } from "./row.ts"

/** A part of the benchmark did not end well. */
class BenchmarkFailed extends Data.TaggedError("BenchmarkFailed")<{ readonly message: string }> {}

interface Part {
  readonly name: Suite
  readonly command: string
  readonly file: string
  readonly args: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
}

const shown = { stdin: "ignore", stdout: "inherit", stderr: "inherit" } as const

const run = Effect.fnUntraced(function* (
  title: string, command: string, args: ReadonlyArray<string>, environment: Part["environment"] = {}
) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const status = yield* spawner.exitCode(
    ChildProcess.make(command, args, { ...shown, cwd: root, env: environment, extendEnv: true }))
  if (status !== 0) return yield* new BenchmarkFailed({ message: `${title} ended with status ${status}` })
})

const peers = Effect.gen(function* () {
  const lacking = missing()
  if (lacking.length === 0) return
  yield* Console.log(`Installing what Noether is measured against, which needs the network: ${lacking.join(", ")}`)
  yield* run("npm ci --prefix bench", "npm", ["ci", "--prefix", folder])
})

/** The rows that a part writes to a file of its own. */
const measure = Effect.fnUntraced(function* ({ name, command, file, args, environment }: Part) {
  const fs = yield* FileSystem.FileSystem
  const json = path.join(yield* fs.makeTempDirectoryScoped(), "rows.json")
  yield* Console.log(`\n=== ${name}`)
  yield* run(name, command, [path.join(folder, file), ...args, "--json", json], environment)
  return yield* decodeJson(Rows, name)(yield* fs.readFileString(json))
}, Effect.scoped)

/** The version of a package that a Python has, if it does. */
const versionOf = (python: string, name: string) => Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const command = ChildProcess.make(python, ["-c", `import ${name}; print(getattr(${name}, "__version__", "unnumbered"))`])
  return Option.liftPredicate((text: string) => text !== "")((yield* spawner.string(command)).trim())
}).pipe(Effect.catch(() => Effect.succeed(Option.none<string>())))

/** Python runs in a process of its own, so its ratios are of medians, to Noether's row of the same work and threads. */
const compared = (row: Row, rows: ReadonlyArray<Row>): Row => {
  const own = rows.find(({ name, group, threads }) =>
    (name === "noether" || name === "noether f32") && group === row.group && threads === row.threads)
  const elsewhere = row.suite === "numpy" || row.suite === "torch" || row.suite === "pyscf"
  return elsewhere && own !== undefined ? { ...row, ratio: own.median / row.median } : row
}

interface Request {
  readonly quick: boolean
  readonly only: Option.Option<Topic>
  readonly python: string
}

interface Versions {
  readonly numpy: Option.Option<string>
  readonly pyscf: Option.Option<string>
  readonly quemb: Option.Option<string>
  readonly torch: Option.Option<string>
}

const partsOf = (request: Request, { numpy, pyscf, quemb, torch }: Versions, models: string): ReadonlyArray<Part> => {
  const pace = (milliseconds: number): ReadonlyArray<string> =>
    request.quick ? ["--quick", "--milliseconds", "60"] : ["--milliseconds", String(milliseconds)]
  const own = (name: Suite, milliseconds: number): Part =>
    ({ name, command: process.execPath, file: `${name}.ts`, args: pace(milliseconds), environment: {} })
  return [
    own("contraction", 1000), own("fused", 1500), own("language", 2000), own("chemistry", 1000),
    { ...own("chemistry", 1000), file: "embedding.ts" },
    ...Option.isNone(numpy) ? [] : [1, 2].map((threads): Part => ({
      name: "numpy", command: request.python, file: "with-numpy.py", args: pace(1000),
      environment: { OPENBLAS_NUM_THREADS: String(threads) }
    })),
    ...Option.isNone(torch) ? [] : [1, 2].map((threads): Part => ({
      name: "torch", command: request.python, file: "with-torch.py", args: [...pace(2000), "--shapes", models],
      environment: { OMP_NUM_THREADS: String(threads) }
    })),
    ...Option.isNone(pyscf) ? [] : [1, 2].map((threads): Part => ({
      name: "pyscf", command: request.python, file: "with-pyscf.py", args: pace(1000),
      environment: { OMP_NUM_THREADS: String(threads) }
    })),
    ...Option.isNone(quemb) ? [] : [1, 2].map((threads): Part => ({
      name: "pyscf", command: request.python, file: "with-quemb.py", args: pace(1000),
      environment: { OMP_NUM_THREADS: String(threads) }
    }))
  ]
}

/** Where the results of a topic lie, and the page. */
const placesOf = (quick: boolean) => {
  const folders = quick ? ["out/bench", "out/bench"] as const : ["docs/results/benchmarks", "docs"] as const
  return {
    results: (topic: Topic) => path.join(root, folders[0], `${topic}.json`), page: path.join(root, folders[1], "benchmarks.md")
  }
}

const write = Effect.fnUntraced(function* (file: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.makeDirectory(path.dirname(file), { recursive: true })
  yield* writeFileAside(file, [Effect.succeed(new TextEncoder().encode(text))])
})

/** The results of a file, if it is there. */
const known = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  return (yield* fs.exists(file)) ? yield* decodeJson(Results, file)(yield* fs.readFileString(file)) : undefined
})

const bench = Effect.fnUntraced(function* (request: Request) {
  const fs = yield* FileSystem.FileSystem
  const names = ["numpy", "torch", "pyscf", "quemb"] as const
  const [numpy, torch, pyscf, quemb] = yield* Effect.all([
    versionOf(request.python, "numpy"), versionOf(request.python, "torch"), versionOf(request.python, "pyscf"),
    versionOf(request.python, "quemb")
  ])
  const found = { numpy, torch, pyscf, quemb }
  for (const name of names)
    if (Option.isNone(found[name])) yield* Console.log(`${name} is left out: ${request.python} has none (see --python)`)
  const others = Object.fromEntries(names.flatMap((name) =>
    Option.match(found[name], { onNone: () => [], onSome: (number) => [[name, number] as const] })))
  const models = yield* Effect.promise(() => described(request.quick))
  const parts = partsOf(request, found, models)
  yield* peers
  const places = placesOf(request.quick)
  for (const topic of Option.match(request.only, { onNone: () => topicNames, onSome: (only) => [only] })) {
    const suites: ReadonlyArray<Suite> = topics[topic]
    const began = yield* Clock.currentTimeMillis
    const loadBefore = load()
    const rows = (yield* Effect.forEach(parts.filter(({ name }) => suites.includes(name)), measure)).flat()
    const results: Results = {
      date: DateTime.formatIso(yield* DateTime.now), quick: request.quick,
      seconds: ((yield* Clock.currentTimeMillis) - began) / 1000,
      machine: machine(loadBefore, others),
      rows: rows.map((row) => compared(row, rows))
    }
    yield* write(places.results(topic), `${JSON.stringify(results, undefined, 1)}\n`)
    const all: Found = Object.fromEntries(yield* Effect.forEach(topicNames, (each) =>
      Effect.map(known(places.results(each)), (of) => [each, of] as const)))
    const page = yield* fs.readFileString(path.join(root, "docs/benchmarks.md"))
    const rendered = yield* Effect.try({
      try: () => render(page, all),
      catch: (cause) => new BenchmarkFailed({ message: `docs/benchmarks.md: ${String(cause)}` })
    })
    yield* write(places.page, rendered)
    yield* Console.log(`\n${topic}: written in ${results.seconds.toFixed(0)} s: ${
      [places.results(topic), places.page].map((file) => path.relative(root, file)).join(", ")}`)
  }
})

const command = Command.make("bench", {
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription("Small sizes, in a hurry: tries the benchmark out, measures little"), Flag.withDefault(false)),
  only: Flag.Literals("only", topicNames).pipe(Flag.withDescription("One topic alone"), Flag.optional),
  python: Flag.String("python").pipe(
    Flag.withDescription("A Python that has numpy, PyTorch and PySCF (default python3)"), Flag.withDefault("python3"))
}, bench).pipe(Command.withDescription("Measures Noether against other software and writes docs/benchmarks.md"))

NodeRuntime.runMain(Command.runWith(command, { version })(process.argv.slice(2)).pipe(
  Effect.catchTag("BenchmarkFailed", ({ message }) => Effect.andThen(Console.error(message), Effect.sync(() => {
    process.exitCode = 1
  }))),
  Effect.provide(NodeServices.layer)))
