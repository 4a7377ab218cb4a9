/**
 * How contestants are timed: in one process, taking turns in every round, so that a busy machine slows all of them
 * alike. Beside medians stand each round's ratios, which do not drift with the machine's clock.
 */
import type { Row, Suite } from "./row.ts"
import { baseOf, median } from "./row.ts"

/** One prepared computation; `run` resolves when the result is there. */
export interface Contestant {
  readonly name: string
  readonly threads: number
  readonly run: () => Promise<void> | void
}

/** What a run of it amounts to, in the unit of the race: speeds are this over seconds. */
export type Entrant = Contestant & { readonly work: number }

export interface Race {
  readonly suite: Suite
  readonly group: string
  readonly unit: string
  /** How long each contestant is timed, about. */
  readonly milliseconds: number
  /** How long each runs untimed before: engines compile hot code again in the background. */
  readonly warmUp: number
  readonly contestants: ReadonlyArray<Entrant>
}

const [fewestRounds, mostRounds] = [5, 60]

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time))

const timed = async ({ run }: Contestant): Promise<number> => {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** The milliseconds that each contestant took in each round. */
const times = async ({ contestants, milliseconds, warmUp }: Race): Promise<ReadonlyArray<ReadonlyArray<number>>> => {
  const taken = contestants.map((): Array<number> => [])
  const brief: Array<boolean> = []
  for (const contestant of contestants) {
    const end = performance.now() + warmUp
    let last = await timed(contestant)
    while (performance.now() < end) last = await timed(contestant)
    brief.push(last < 10)
  }
  let spent = 0
  const enough = (round: number): boolean =>
    round >= mostRounds || (round >= fewestRounds && spent >= milliseconds * contestants.length)
  for (let round = 0; !enough(round); round++) {
    // native threads, which come last, go on looking for work for tens of milliseconds after theirs is done
    await pause(100)
    for (const [index, contestant] of contestants.entries()) {
      await pause(5)
      // what others left in the caches counts for nothing where a run is long
      if (brief[index] === true) await contestant.run()
      const time = await timed(contestant)
      spent += time
      taken[index]?.push(time)
    }
  }
  return taken
}

/** Times a race, prints its table and gives its rows. */
export const race = async (given: Race): Promise<ReadonlyArray<Row>> => {
  const { suite, group, unit, contestants } = given
  const entries = (await times(given)).flatMap((taken, index) => {
    const contestant = contestants[index]
    return contestant === undefined ? [] : [{ ...contestant, taken }]
  })
  const rows = entries.map((entry): Row => {
    const { name, threads, work, taken } = entry
    const speeds = taken.map((time) => 1000 * work / time)
    const base = baseOf(entries, entry)
    const ratios = base === undefined || base === entry ? undefined
      : taken.map((time, round) => (time / work) / ((base.taken[round] ?? NaN) / base.work))
    return {
      suite, group, name, threads, unit, rounds: taken.length, median: median(speeds), min: Math.min(...speeds),
      max: Math.max(...speeds), ratio: ratios === undefined ? null : median(ratios)
    }
  })
  print(rows)
  return rows
}

/** A group's rows as a table for people. */
export const print = (rows: ReadonlyArray<Row>): void => {
  const [first] = rows
  if (first === undefined) return
  const digits = (value: number): string => value.toPrecision(3).replace(/e\+(\d+)$/, "e$1")
  console.log(`\n${first.group}\n${"".padEnd(34)}threads  ${`${first.unit} median (min to max)`.padEnd(40)} ratio`)
  for (const { name, threads, median, min, max, ratio } of rows) console.log([
    name.padEnd(34), String(threads).padEnd(8),
    `${digits(median).padStart(8)} (${digits(min)} to ${digits(max)})`.padEnd(40),
    ratio === null ? "" : ratio.toFixed(2)
  ].join(" ").trimEnd())
}
