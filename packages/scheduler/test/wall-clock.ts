const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Clocks change less often. */
const STEP_MS = 7 * 24 * HOUR_MS

/** A change of the clocks of a zone: the first instant of the new time, and by how much they were set forward. */
export interface ClockChange {
  readonly zone: string
  readonly atMs: number
  readonly byMs: number
}

/** What clocks show, minute by minute, as they would in UTC. */
export class WallClock {
  readonly #format: Intl.DateTimeFormat
  readonly #known = new Map<number, number>()

  constructor(zone: string) {
    const numeric = 'numeric'
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone: zone, hourCycle: 'h23' },
      ...{ year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric },
    })
  }

  /** Epoch milliseconds, on a whole minute, of what the clocks show as if it were UTC. */
  at(ms: number): number {
    const known = this.#known.get(ms)
    if (known !== undefined) return known
    const parts = Object.fromEntries(this.#format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]))
    const { day = 1, hour = 0, minute = 0, month = 1, year = 1970 } = parts
    const shown = Date.UTC(year, month - 1, day, hour, minute)
    this.#known.set(ms, shown)
    return shown
  }
}

/** The changes of a zone's clocks in some years, found by looking at them. */
export function clockChanges(zone: string, firstYear: number, lastYear: number): ClockChange[] {
  const clock = new WallClock(zone)
  const offset = (ms: number) => clock.at(ms) - ms
  const found: ClockChange[] = []
  for (let ms = Date.UTC(firstYear, 0, 1); ms < Date.UTC(lastYear + 1, 0, 1); ms += STEP_MS) {
    let [before, after] = [ms, ms + STEP_MS]
    const byMs = offset(after) - offset(before)
    if (byMs === 0) continue
    while (after - before > MINUTE_MS) {
      const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS
      if (offset(middle) === offset(ms)) before = middle
      else after = middle
    }
    found.push({ zone, atMs: after, byMs })
  }
  return found
}

/** Minutes and hours of a rule for every day; `fixed`: written out, without `*` or a step. */
export interface TimeOfDay {
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly isFixed: boolean
}

/** The ticks from one whole minute to another, as docs/time.md says it, by looking at the clock in every minute. */
export function ticksByLooking(clock: WallClock, rule: TimeOfDay, fromMs: number, toMs: number): number[] {
  const isMeant = (shown: number) => {
    const date = new Date(shown)
    return rule.minutes.has(date.getUTCMinutes()) && rule.hours.has(date.getUTCHours())
  }
  const ticks = new Set<number>()
  const shownBefore = new Set<number>()
  let last = clock.at(fromMs - 4 * HOUR_MS - MINUTE_MS)
  for (let ms = fromMs - 4 * HOUR_MS; ms <= toMs; ms += MINUTE_MS) {
    const shown = clock.at(ms)
    if (rule.isFixed) {
      // What is skipped comes with the first minute after it; what is shown again has come already.
      for (let skipped = last + MINUTE_MS; skipped < shown; skipped += MINUTE_MS) if (isMeant(skipped)) ticks.add(ms)
      if (isMeant(shown) && !shownBefore.has(shown)) ticks.add(ms)
      shownBefore.add(shown)
    } else if (isMeant(shown)) {
      ticks.add(ms)
    }
    last = shown
  }
  return [...ticks].filter((ms) => ms >= fromMs)
}
