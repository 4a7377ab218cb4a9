/**
 * What every published method of this library is: its paper, the configuration that its users set, the laws that it is
 * held to, and a Layer from the services that it needs to those that it gives.
 */
import type { Layer } from "effect"
import type * as t from "io-ts"
import type { Law } from "./law.ts"

/** Where a method was published. */
export interface Paper {
  readonly title: string
  readonly authors: string
  readonly arxiv: string
}

/** A method as a value. `C` is its configuration, `Gives` and `Needs` are services, `E` what can go wrong. */
export interface Method<C, Gives, E, Needs> {
  readonly name: string
  readonly paper: Paper
  /** Decodes a configuration that comes from a file or a flag. */
  readonly configuration: t.Type<C, unknown>
  readonly laws: ReadonlyArray<Law>
  readonly layer: (configuration: C) => Layer.Layer<Gives, E, Needs>
}
