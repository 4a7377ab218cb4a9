/**
 * `npm run bench`: every benchmark, each in a process of its own, one after the other. It prints tables as it goes, and
 * at its end writes docs/results/benchmarks.json and the tables of docs/benchmarks.md; stopped before, it writes
 * nothing. A run with `--quick` or `--only` leaves those as they are and writes to out/bench/.
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
import { render } from "./page.ts"
import type { Results, Row } from "./row.ts"
import { Rows } from "./row.ts"

/** A part of the benchmark did not end well. */
class BenchmarkFailed extends Data.TaggedError("BenchmarkFailed")<{ readonly message: string }> {}

interface Part {
  readonly name: string
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
  readonly only: Option.Option<Row["suite"]>
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
  const own = (name: Row["suite"], milliseconds: number): Part =>
    ({ name, command: process.execPath, file: `${name}.ts`, args: pace(milliseconds), environment: {} })
  const all = [
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
  return Option.match(request.only, { onNone: () => all, onSome: (only) => all.filter(({ name }) => name === only) })
}

const bench = Effect.fnUntraced(function* (request: Request) {
  const fs = yield* FileSystem.FileSystem
  const began = yield* Clock.currentTimeMillis
  const numpy = yield* versionOf(request.python, "numpy")
  const pyscf = yield* versionOf(request.python, "pyscf")
  const quemb = yield* versionOf(request.python, "quemb")
  const torch = yield* versionOf(request.python, "torch")
  const models = yield* Effect.promise(() => described(request.quick))
  const parts = partsOf(request, { numpy, pyscf, quemb, torch }, models)
  const lacking = `${request.python} has no numpy (see --python)`
  if (parts.length === 0) return yield* new BenchmarkFailed({ message: lacking })
  if (Option.isNone(numpy)) yield* Console.log(`numpy is left out: ${lacking}`)
  if (Option.isNone(torch)) yield* Console.log(`PyTorch is left out: ${request.python} has none`)
  if (Option.isNone(pyscf)) yield* Console.log(`PySCF is left out: ${request.python} has none`)
  if (Option.isNone(quemb)) yield* Console.log(`quemb is left out: ${request.python} has none (see with-quemb.py)`)
  yield* peers
  const loadBefore = load()
  const found = (yield* Effect.forEach(parts, measure)).flat()
  const whole = !request.quick && Option.isNone(request.only)
  const results: Results = {
    date: DateTime.formatIso(yield* DateTime.now), quick: request.quick,
    seconds: ((yield* Clock.currentTimeMillis) - began) / 1000,
    machine: machine(loadBefore, {
      ...Option.isNone(numpy) ? {} : { numpy: numpy.value }, ...Option.isNone(pyscf) ? {} : { pyscf: pyscf.value },
      ...Option.isNone(torch) ? {} : { torch: torch.value }
    }),
    rows: found.map((row) => compared(row, found))
  }
  const page = yield* fs.readFileString(path.join(root, "docs/benchmarks.md"))
  const files = whole
    ? { json: path.join(root, "docs/results/benchmarks.json"), page: path.join(root, "docs/benchmarks.md") }
    : { json: path.join(root, "out/bench/benchmarks.json"), page: path.join(root, "out/bench/benchmarks.md") }
  const write = Effect.fnUntraced(function* (file: string, text: string) {
    yield* fs.makeDirectory(path.dirname(file), { recursive: true })
    yield* writeFileAside(file, [Effect.succeed(new TextEncoder().encode(text))])
  })
  const rendered = yield* Effect.try({
    try: () => render(page, results),
    catch: (cause) => new BenchmarkFailed({ message: `docs/benchmarks.md: ${String(cause)}` })
  })
  yield* write(files.json, `${JSON.stringify(results, undefined, 1)}\n`)
  yield* write(files.page, rendered)
  yield* Console.log(`\nwritten in ${results.seconds.toFixed(0)} s: ${
    [files.json, files.page].map((file) => path.relative(root, file)).join(", ")}`)
})

const command = Command.make("bench", {
  quick: Flag.Boolean("quick").pipe(
    Flag.withDescription("Small sizes, in a hurry: tries the benchmark out, measures little"), Flag.withDefault(false)),
  only: Flag.Literals("only", ["contraction", "fused", "language", "torch", "chemistry", "numpy", "pyscf"]).pipe(
    Flag.withDescription("One part alone"), Flag.optional),
  python: Flag.String("python").pipe(
    Flag.withDescription("A Python that has numpy, PyTorch and PySCF (default python3)"), Flag.withDefault("python3"))
}, bench).pipe(Command.withDescription("Measures Noether against other software and writes docs/benchmarks.md"))

NodeRuntime.runMain(Command.runWith(command, { version })(process.argv.slice(2)).pipe(
  Effect.catchTag("BenchmarkFailed", ({ message }) => Effect.andThen(Console.error(message), Effect.sync(() => {
    process.exitCode = 1
  }))),
  Effect.provide(NodeServices.layer)))
