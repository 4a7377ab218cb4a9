/**
 * The seed of every generator of the laws. A run draws the same cases each time, so that a check fails or passes for
 * the change alone; `npm test -- --seed random` draws new ones, and its seed, printed first, repeats them.
 */
import * as fc from "fast-check"

const seed = Number(process.env.LAWS_SEED ?? 1)
if (!Number.isSafeInteger(seed)) throw new RangeError(`LAWS_SEED: expected an integer, given "${process.env.LAWS_SEED}"`)

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
