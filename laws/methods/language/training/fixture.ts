/** A small training run on a generated text, and folders to keep its snapshots in. */
import { NodeFileSystem, NodePath } from "@effect/platform-node"
import type { Scope } from "effect"
import { Effect, FileSystem, Layer, Logger, Stream } from "effect"
import * as E from "fp-ts/lib/Either.js"
import { layer } from "../../../../src/algebra/backends/reference/index.ts"
import * as Key from "../../../../src/core/key.ts"
import type { Architecture } from "../../../../src/methods/language/architecture.ts"
import { fromIds, sweep } from "../../../../src/methods/language/corpus.ts"
import { initialise } from "../../../../src/methods/language/initialise.ts"
import type { Configuration } from "../../../../src/methods/language/training/configuration.ts"
import type { Report } from "../../../../src/methods/language/training/report.ts"
import type { Store } from "../../../../src/methods/language/training/snapshot.ts"
import type { Request } from "../../../../src/methods/language/training/train.ts"
import { runOf } from "../../../../src/methods/language/training/train.ts"

export const architecture: Architecture = {
  vocabulary: 6, layers: 1, model: 4, embed: 4, projected: false, context: 8,
  heads: { key: 1, share: 2, depth: 2 }, hidden: 5,
  norm: { kind: "rms", epsilon: 1e-5, parametric: true, bias: false, unitOffset: false },
  placement: "pre", parallelResidual: false,
  position: { kind: "rotary", theta: 10_000, fraction: 1 },
  attention: {
    bias: { query: true, key: false, value: false, output: false }, queryKeyNorm: "none", scale: 0.5, windows: [null]
  },
  feedForward: { gated: true, activation: "silu", bias: false },
  embeddingScale: 1, tiedHead: true, finalNorm: true, tokens: { end: [] }
}

export const configuration: Configuration = {
  seed: 3, batch: 2, time: 4, accumulate: 2,
  schedule: { kind: "cosine", peak: 0.05, warmup: 2, steps: 10, floor: 0.1 },
  beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, clip: 1, multipliers: { embedding: 0.5 }
}

const right = <L, A>(either: E.Either<L, A>): A => {
  if (E.isLeft(either)) throw new Error(JSON.stringify(either.left))
  return either.right
}

/** A text in which what follows is mostly told by what comes before. */
export const tokens = right(fromIds(Array.from({ length: 90 }, (_, at) => (at * at + Math.floor(at / 7)) % 6),
  { vocabulary: 6, source: "fixture" }))
const heldOut = right(sweep(tokens.subarray(0, 19), { batch: 2, time: 4 }))

const services = Layer.mergeAll(layer, NodeFileSystem.layer, NodePath.layer, Logger.layer([]))

/** Runs an effect with the reference backend and the machine's files; what it opens is closed with it. */
export const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope | Layer.Success<typeof services>>): Promise<A> =>
  Effect.runPromise(Effect.provide(Effect.scoped(effect), services))

export const folder = Effect.flatMap(FileSystem.FileSystem, (fs) =>
  fs.makeTempDirectoryScoped({ prefix: "noether-training-" }))

interface Options {
  readonly store?: Store
  readonly snapshotEvery?: number
  readonly stopAfter?: number
  readonly change?: Partial<Configuration>
}

/** What is asked of a run of so many steps. */
export const requestOf = (steps: number, options: Options = {}) => Effect.gen(function* () {
  const { store, snapshotEvery = 0, change = {} } = options
  return {
    model: { architecture, weights: yield* initialise(architecture, Key.make(1), { deviation: 0.5 }) },
    tokens, heldOut, configuration: { ...configuration, ...change },
    plan: { steps, evaluateEvery: 3, snapshotEvery },
    ...store === undefined ? {} : { store }
  } satisfies Request
})

/** Reports without how long they took. */
export const timeless = (history: ReadonlyArray<Report>) =>
  history.map(({ tokensPerSecond: _, ...report }) => report)

/** What becomes of a run: every loss, norm, rate and held-out score so far, and every weight. */
export const outcome = (steps: number, options: Options = {}) => Effect.scoped(Effect.gen(function* () {
  const started = yield* runOf(yield* requestOf(steps, options))
  yield* Stream.runDrain(Stream.take(started.reports, options.stopAfter ?? Infinity))
  const weights = yield* started.weights
  return {
    reports: timeless(started.history()),
    weights: weights.map(({ path, data }) => [path, ...data] as const)
  }
}))
