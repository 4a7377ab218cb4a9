/** Any JSON object, before it is known what it is. */
import * as t from "io-ts"

export const jsonObject = t.UnknownRecord
