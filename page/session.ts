/**
 * Where jobs run in the page's worker: a backend, the page's files, and the names that code of the playground sees. A
 * session lasts as long as its place is asked for; its buffers and threads end with it.
 */
import { Console, Effect, Layer, ManagedRuntime, Option, Path, pipe, Result, Schedule, Scope, Stream } from "effect"
import type { FileSystem } from "effect"
import type { Backend, BackendError } from "../src/algebra/backend.ts"
import type { Observer } from "../src/core/progress.ts"
import { Progress } from "../src/core/progress.ts"
import * as algebra from "../src/algebra/index.ts"
import * as core from "../src/core/index.ts"
import * as language from "../src/methods/language/index.ts"
import { HyperCloning } from "../src/methods/language/hypercloning/index.ts"
import { MultiToken } from "../src/methods/language/multi-token/index.ts"
import { layer as backend } from "./backends.ts"
import type { Scope as Names } from "./evaluate.ts"
import { layer as files } from "./files.ts"
import type { Place } from "./messages.ts"

/** What a job may ask for; a Scope is that of the session. */
export type Services = Backend | FileSystem.FileSystem | Path.Path | Scope.Scope

/** Who hears of a session's work, and of what its code prints. */
export interface Ears {
  readonly progress: Observer
  readonly console: Console.Console
}

export interface Session {
  readonly runtime: ManagedRuntime.ManagedRuntime<Services, BackendError>
  /** What code sees, and adds to. */
  readonly names: Names
}

/** A session at a place. */
export const begin = (place: Place, { progress, console }: Ears): Session => {
  const runtime = ManagedRuntime.make(Layer.mergeAll(
    backend(place), files, Path.layer, Layer.effect(Scope.Scope, Effect.scope),
    Layer.succeed(Progress, progress), Layer.succeed(Console.Console, console)
  ))
  const names = {
    Console, Effect, Layer, Option, Result, Schedule, Stream, pipe,
    algebra, core, language, HyperCloning, MultiToken, console
  }
  return { runtime, names }
}
