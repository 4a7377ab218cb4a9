/** Numbers of a training configuration, as codecs whose names say what was expected. */
import * as t from "io-ts"

const numbers = (name: string, is: (value: number) => boolean) => new t.Type<number>(
  name,
  (value): value is number => typeof value === "number" && is(value),
  (value, context) => typeof value === "number" && is(value) ? t.success(value) : t.failure(value, context, name),
  t.identity
)

/** 0, 1, 2, ... */
export const Natural = numbers("a whole number from 0", (value) => Number.isSafeInteger(value) && value >= 0)

/** 1, 2, 3, ... */
export const Positive = numbers("a whole number from 1", (value) => Number.isSafeInteger(value) && value >= 1)

/** A share: from 0 to below 1. */
export const Share = numbers("a number from 0 to below 1", (value) => value >= 0 && value < 1)

/** A finite number from 0. */
export const NonNegative = numbers("a finite number from 0", (value) => Number.isFinite(value) && value >= 0)

/** A finite number above 0. */
export const Above = numbers("a finite number above 0", (value) => Number.isFinite(value) && value > 0)
