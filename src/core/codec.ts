/**
 * The one place where io-ts and fp-ts meet Effect: a codec decides what a file, header or configuration is before
 * anything else sees it, and a refusal becomes one typed error that names the file, the field and what was expected.
 */
import { Data, Effect } from "effect"
import * as E from "fp-ts/lib/Either.js"
import type * as t from "io-ts"

/**
 * A value that is not what its codec says. `field` is the path of the first refused field, `source` the file or name.
 */
export class CodecError extends Data.TaggedError("CodecError")<{
  readonly source: string
  readonly field: string
  readonly expected: string
  readonly actual: string
  readonly message: string
}> {}

const shown = (value: unknown): string => {
  const text = value === undefined ? "nothing" : JSON.stringify(value)
  return text === undefined ? String(value) : text.length > 80 ? `${text.slice(0, 77)}...` : text
}

/** The parts of an intersection are numbered in a path, but are no fields. */
const isIntersection = (codec: unknown): boolean =>
  typeof codec === "object" && codec !== null && "_tag" in codec
  && (codec._tag === "IntersectionType"
    || ((codec._tag === "ReadonlyType" || codec._tag === "ExactType") && "type" in codec && isIntersection(codec.type)))

const refusal = (source: string, errors: t.Errors): CodecError => {
  const deepest = errors.reduce((best, error) => (error.context.length > best.context.length ? error : best))
  const keys = deepest.context
    .filter(({ key }, at) => key !== "" && !isIntersection(deepest.context[at - 1]?.type))
    .map(({ key }) => key)
  const field = keys.join(".") || "(whole value)"
  const expected = deepest.message ?? deepest.context.at(-1)?.type.name ?? "another value"
  const actual = shown(deepest.value)
  const message = `${source}: ${field}: expected ${expected}, got ${actual}`
  return new CodecError({ source, field, expected, actual, message })
}

/** An fp-ts `Either` as an Effect. */
export const fromEither = <L, R>(either: E.Either<L, R>): Effect.Effect<R, L> =>
  E.isRight(either) ? Effect.succeed(either.right) : Effect.fail(either.left)

/** Decodes an unknown value that came from `source` (a file name, a flag, a header); the error says where and what. */
export const decode = <A, I>(codec: t.Decoder<I, A>, source: string) => (input: I): Effect.Effect<A, CodecError> =>
  Effect.suspend(() => fromEither(E.mapLeft((errors: t.Errors) => refusal(source, errors))(codec.decode(input))))

/** Parses JSON text that came from `source` and decodes it. */
export const decodeJson = <A, O>(codec: t.Type<A, O>, source: string) => (text: string): Effect.Effect<A, CodecError> =>
  Effect.flatMap(
    Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: (cause) => new CodecError({
        source, field: "(whole value)", expected: "JSON", actual: shown(text.slice(0, 40)),
        message: `${source}: not JSON: ${String(cause)}`
      })
    }),
    decode(codec, source)
  )
