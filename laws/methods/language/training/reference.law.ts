/**
 * Training is PyTorch's: from the same weights on the same batches, every loss, gradient norm and learning rate of the
 * 50 steps of reference/training (made by scripts/make-training-reference.py) is met.
 */
import { readFileSync } from "node:fs"
import { NodeFileSystem, NodePath } from "@effect/platform-node"
import { Effect, Layer, Stream } from "effect"
import * as t from "io-ts"
import { describe, expect, test } from "vitest"
import type { Backend } from "../../../../src/algebra/backend.ts"
import * as Cpu from "../../../../src/algebra/backends/cpu/index.ts"
import * as Reference from "../../../../src/algebra/backends/reference/index.ts"
import { decodeJson } from "../../../../src/core/codec.ts"
import type { Weighted } from "../../../../src/methods/language/corpus.ts"
import { openFolder } from "../../../../src/methods/language/folder.ts"
import { parametersOf } from "../../../../src/methods/language/parameters.ts"
import type { Configuration } from "../../../../src/methods/language/training/configuration.ts"
import { start } from "../../../../src/methods/language/training/loop.ts"
import { groupsOf, taskOf } from "../../../../src/methods/language/training/train.ts"
import { at } from "../../../../src/methods/language/tree.ts"

const folder = new URL("../reference/training/", import.meta.url)
const file = new URL("reference.json", folder)

const File = t.type({
  recipe: t.type({
    learningRate: t.number, warmupSteps: t.number, steps: t.number, finalFraction: t.number,
    betas: t.tuple([t.number, t.number]), epsilon: t.number, weightDecay: t.number, clip: t.number
  }),
  batches: t.array(t.array(t.array(t.number))),
  learningRates: t.array(t.number), losses: t.array(t.number), gradientNorms: t.array(t.number),
  finalParameterNorm: t.number
})
const read = decodeJson(File, file.pathname)(readFileSync(file, "utf8"))
const { recipe, batches, ...expected } = Effect.runSync(read)
const [rows = []] = batches
const windows = { batch: rows.length, time: (rows[0]?.length ?? 0) - 1 }

const configuration: Configuration = {
  seed: 0, ...windows, accumulate: 1,
  schedule: {
    kind: "cosine", peak: recipe.learningRate, warmup: recipe.warmupSteps, steps: recipe.steps,
    floor: recipe.finalFraction
  },
  beta1: recipe.betas[0], beta2: recipe.betas[1], epsilon: recipe.epsilon, decay: recipe.weightDecay, clip: recipe.clip,
  multipliers: {}
}

const batchAt = (position: number): Weighted => {
  const tokens = batches[position] ?? []
  return {
    ...windows,
    inputs: Int32Array.from(tokens.flatMap((row) => row.slice(0, -1))),
    targets: Int32Array.from(tokens.flatMap((row) => row.slice(1))),
    weights: new Float32Array(windows.batch * windows.time).fill(1)
  }
}

const backends: ReadonlyArray<readonly [string, Layer.Layer<Backend, unknown>]> =
  [["cpu", Cpu.layerWith({ threads: 2 })], ["reference", Reference.layer]]

const trained = (
  backend: Layer.Layer<Backend, unknown>, change: Partial<Configuration>
) => Effect.scoped(Effect.gen(function* () {
  const { architecture, parameters } = yield* openFolder(folder.pathname)
  const read = yield* parameters()
  const initial = parametersOf(architecture).map(({ path, axes }) =>
    ({ path, shape: axes.map(([, size]) => size), data: at(read, path) ?? new Float32Array(0) }))
  const settings = { ...configuration, ...change }
  const run = yield* start({
    task: taskOf(architecture), initial, groupOf: groupsOf(architecture, settings), batchAt, heldOut: [],
    configuration: settings, plan: { steps: recipe.steps, evaluateEvery: 0, snapshotEvery: 0 }
  })
  yield* Stream.runDrain(run.reports)
  const weights = yield* run.weights
  const squares = weights.map(({ data }) => data.reduce((sum, value) => sum + value * value, 0))
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0))
  return { history: run.history(), norm }
})).pipe(Effect.provide(Layer.mergeAll(backend, NodeFileSystem.layer, NodePath.layer)), Effect.runPromise)

/** The largest distance of the losses from PyTorch's. */
const worst = (history: ReadonlyArray<{ readonly loss: number }>) =>
  Math.max(...history.map(({ loss }, step) => Math.abs(loss - (expected.losses[step] ?? NaN))))

describe("fifty steps of training", () => {
  test.each(backends)("have PyTorch's losses, gradient norms, learning rates and weights on %s", async (_, backend) => {
    const { history, norm } = await trained(backend, {})
    expect(history).toHaveLength(expected.losses.length)
    expect(worst(history)).toBeLessThanOrEqual(1e-3)
    history.forEach(({ gradientNorm, learningRate }, step) => {
      expect(learningRate).toBeCloseTo(expected.learningRates[step] ?? NaN, 12)
      const reference = expected.gradientNorms[step] ?? NaN
      expect(Math.abs(gradientNorm - reference) / reference).toBeLessThanOrEqual(1e-3)
    })
    expect(Math.abs(norm / expected.finalParameterNorm - 1)).toBeLessThanOrEqual(1e-4)
  }, 300_000)

  const wrong: ReadonlyArray<Partial<Configuration>> = [{ clip: null }, { beta2: 0.999 }, { decay: 1 }]
  test.each(wrong)("with %j in place of the recipe's are caught", async (change) => {
    const { history } = await trained(Cpu.layerWith({ threads: 2 }), change)
    expect(worst(history)).toBeGreaterThan(1e-3)
  }, 300_000)
})
