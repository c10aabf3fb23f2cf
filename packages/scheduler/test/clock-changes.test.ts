import { attempts } from '@rq/testkit'
import { CronExpressionParser } from 'cron-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { onCron } from '../src/index.ts'
import { type ClockChange, clockChanges, ticksByLooking, WallClock } from './wall-clock.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Changes at two, at midnight, by half an hour, southern, twice a year around Ramadan, and by a whole day. */
const ZONES = [
  ...['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago', 'Africa/Casablanca'],
  ...['America/Havana', 'Asia/Beirut', 'Atlantic/Azores', 'America/St_Johns', 'Antarctica/Troll'],
]
const CHANGES = ZONES.flatMap((zone) => clockChanges(zone, 2026, 2031))
const clocks = new Map(ZONES.map((zone) => [zone, new WallClock(zone)]))

interface Field {
  readonly text: string
  readonly numbers: ReadonlySet<number>
  readonly isFixed: boolean
}

/** A field of numbers up to `most`; those written out are up to `likely`. */
function field(most: number, longestStep: number, likely = most): fc.Arbitrary<Field> {
  const number = fc.integer({ min: 0, max: likely })
  const pair = fc.tuple(number, number).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
  const step = fc.integer({ min: 1, max: longestStep })
  const every = (first: number, last: number, by: number) =>
    new Set(Array.from({ length: last - first + 1 }, (_, n) => first + n).filter((n) => (n - first) % by === 0))
  return fc.oneof(
    number.map((n) => ({ text: `${n}`, numbers: new Set([n]), isFixed: true })),
    pair.map(([a, b]) => ({ text: `${a}-${b}`, numbers: every(a, b, 1), isFixed: true })),
    pair.map(([a, b]) => ({ text: a === b ? `${a}` : `${a},${b}`, numbers: new Set([a, b]), isFixed: true })),
    fc.constant({ text: '*', numbers: every(0, most, 1), isFixed: false }),
    step.map((by) => ({ text: `*/${by}`, numbers: every(0, most, by), isFixed: false })),
    fc.tuple(pair, step).map(([[a, b], by]) => ({ text: `${a}-${b}/${by}`, numbers: every(a, b, by), isFixed: false })),
  )
}

const minute = field(59, 29)
/** Often hours at which clocks change. */
const hour = fc.oneof(field(23, 7), field(23, 7, 4))
const change = fc.constantFrom(...CHANGES)
/** From some hours before a change. */
const before = fc.integer({ min: 0, max: 300 })

function ticks(text: string, { zone }: ClockChange, fromMs: number, toMs: number): number[] {
  const cron = onCron(text, zone)
  const found: number[] = []
  for (let at = cron.next(fromMs - 1, 0); at !== undefined && at <= toMs; at = cron.next(at, 0)) found.push(at)
  return found
}

const iso = (list: readonly number[]) => list.map((ms) => new Date(ms).toISOString())

describe('onCron, when clocks change', () => {
  it('is tested at gaps and repeated hours of many kinds', () => {
    const lengths = new Set(CHANGES.map(({ byMs }) => byMs / MINUTE_MS))
    expect([...lengths].sort((a, b) => a - b)).toEqual([-120, -60, -30, 30, 60, 120])
    expect(CHANGES.length).toBeGreaterThan(100)
  })

  it('has the ticks that a look at the clock in every minute finds', () => {
    fc.assert(
      fc.property(minute, hour, change, before, (minutes, hours, at, early) => {
        const clock = clocks.get(at.zone) ?? new WallClock(at.zone)
        const fromMs = at.atMs - early * MINUTE_MS
        const toMs = at.atMs + 4 * HOUR_MS
        const isFixed = minutes.isFixed && hours.isFixed
        const rule = { minutes: minutes.numbers, hours: hours.numbers, isFixed }
        const expected = ticksByLooking(clock, rule, fromMs, toMs)
        expect(iso(ticks(`${minutes.text} ${hours.text} * * *`, at, fromMs, toMs))).toEqual(iso(expected))
      }),
      { numRuns: attempts(150) },
    )
  })

  it('agrees with a second library on what happens every hour, where clocks change by whole hours', () => {
    const whole = fc.constantFrom(...CHANGES.filter(({ byMs }) => byMs % HOUR_MS === 0))
    const everyHour = field(59, 29).filter(({ text }) => !/^(\d+)-\1\b/.test(text))
    fc.assert(
      fc.property(everyHour, whole, before, (minutes, at, early) => {
        const text = `${minutes.text} * * * *`
        const fromMs = at.atMs - early * MINUTE_MS
        const toMs = at.atMs + 4 * HOUR_MS
        const other = CronExpressionParser.parse(text, { tz: at.zone, currentDate: new Date(fromMs - 1) })
        const expected: number[] = []
        for (let ms = other.next().getTime(); ms <= toMs; ms = other.next().getTime()) expected.push(ms)
        expect(iso(ticks(text, at, fromMs, toMs))).toEqual(iso(expected))
      }),
      { numRuns: attempts(60) },
    )
  })
})
