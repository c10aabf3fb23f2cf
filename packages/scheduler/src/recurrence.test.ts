import { attempts } from '@rq/testkit'
import { CronExpressionParser } from 'cron-parser'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { every, onCron } from './recurrence.ts'

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 19))

function ticks(text: string, timezone: string, from: string, count: number): (string | undefined)[] {
  const cron = onCron(text, timezone)
  const found: (string | undefined)[] = []
  let at: number | undefined = Date.parse(`${from}Z`)
  for (let n = 0; n < count && at !== undefined; n++) {
    at = cron.next(at, 0)
    found.push(iso(at))
  }
  return found
}

describe('onCron', () => {
  it('has its next tick after a time, not at it', () => {
    const cron = onCron('0 9 * * *')
    const nine = Date.UTC(2030, 0, 1, 9)
    expect(cron.next(nine - 1, 0)).toBe(nine)
    expect(cron.next(nine, 0)).toBe(nine + 86_400_000)
  })

  it('counts in UTC by default', () => {
    expect(ticks('0 9 * * *', 'UTC', '2030-01-01T00:00:00', 1)).toEqual(['2030-01-01T09:00:00'])
    expect(ticks('0 9 * * *', 'Asia/Tokyo', '2030-01-01T00:00:00', 1)).toEqual(['2030-01-02T00:00:00'])
    expect(onCron('0 9 * * *').rule).toBe('cron 0 9 * * * UTC')
  })

  it.each([
    ['weekday range', '0 0 * * MON-FRI', '2030-01-04T12:00:00', ['2030-01-07T00:00:00', '2030-01-08T00:00:00']],
    ['day of month or of week', '0 0 13 * FRI', '2030-09-01T00:00:00', ['2030-09-06T00:00:00', '2030-09-13T00:00:00']],
    [
      'day of month and of week',
      '0 0 13 * +FRI',
      '2030-09-01T00:00:00',
      ['2030-09-13T00:00:00', '2030-12-13T00:00:00'],
    ],
    ['leap day', '0 0 29 2 *', '2030-01-01T00:00:00', ['2032-02-29T00:00:00', '2036-02-29T00:00:00']],
    ['31st', '0 0 31 * *', '2030-01-31T00:00:00', ['2030-03-31T00:00:00', '2030-05-31T00:00:00']],
    ['last day', '0 0 L * *', '2030-01-31T00:00:00', ['2030-02-28T00:00:00', '2030-03-31T00:00:00']],
    ['last Friday', '0 0 * * 5L', '2030-01-01T00:00:00', ['2030-01-25T00:00:00', '2030-02-22T00:00:00']],
    ['last Friday by name', '0 0 * * FRI#L', '2030-01-01T00:00:00', ['2030-01-25T00:00:00', '2030-02-22T00:00:00']],
    ['second Tuesday', '0 0 * * 2#2', '2030-01-01T00:00:00', ['2030-01-08T00:00:00', '2030-02-12T00:00:00']],
    ['weekday next to the 15th', '0 0 15W * *', '2030-06-01T00:00:00', ['2030-06-14T00:00:00', '2030-07-15T00:00:00']],
    ['seconds', '*/20 * * * * *', '2030-01-01T00:00:01', ['2030-01-01T00:00:20', '2030-01-01T00:00:40']],
  ])('knows %s', (_what, text, from, expected) => {
    expect(ticks(text, 'UTC', from, 2)).toEqual(expected)
  })

  describe('when clocks go forward (Berlin, 2030-03-31, 02:00 to 03:00)', () => {
    const from = '2030-03-30T22:00:00'
    it.each([
      ['a time in the gap comes right after it', '30 2 * * *', ['2030-03-31T01:00:00', '2030-04-01T00:30:00']],
      ['so does one of a list, once', '15,45 2 * * *', ['2030-03-31T01:00:00', '2030-04-01T00:15:00']],
      ['a time at the end of the gap is not doubled', '0 2,3 * * *', ['2030-03-31T01:00:00', '2030-04-01T00:00:00']],
      [
        'what goes with the hours has nothing in a skipped one',
        '*/30 2 * * *',
        ['2030-04-01T00:00:00', '2030-04-01T00:30:00'],
      ],
      [
        'every hour goes on',
        '0 * * * *',
        ['2030-03-30T23:00:00', '2030-03-31T00:00:00', '2030-03-31T01:00:00', '2030-03-31T02:00:00'],
      ],
    ])('%s', (_what, text, expected) => {
      expect(ticks(text, 'Europe/Berlin', from, expected.length)).toEqual(expected)
    })
  })

  describe('when clocks go back (New York, 2030-11-03, 02:00 to 01:00)', () => {
    const from = '2030-11-03T04:30:00'
    it.each([
      ['a time that comes twice is taken the first time', '30 1 * * *', ['2030-11-03T05:30:00', '2030-11-04T06:30:00']],
      ['so is one of a range', '0 1-2 * * *', ['2030-11-03T05:00:00', '2030-11-03T07:00:00', '2030-11-04T06:00:00']],
      [
        'what goes with the hours runs on',
        '*/30 1 * * *',
        [
          '2030-11-03T05:00:00',
          '2030-11-03T05:30:00',
          '2030-11-03T06:00:00',
          '2030-11-03T06:30:00',
          '2030-11-04T06:00:00',
        ],
      ],
      ['every hour goes on', '0 * * * *', ['2030-11-03T05:00:00', '2030-11-03T06:00:00', '2030-11-03T07:00:00']],
    ])('%s', (_what, text, expected) => {
      expect(ticks(text, 'America/New_York', from, expected.length)).toEqual(expected)
    })
  })

  it('handles a change by half an hour (Lord Howe Island)', () => {
    expect(ticks('15 2 * * *', 'Australia/Lord_Howe', '2030-10-05T14:00:00', 2)).toEqual([
      '2030-10-05T15:30:00',
      '2030-10-06T15:15:00',
    ])
  })

  it('refuses a day that never comes and an unknown zone', () => {
    expect(() => onCron('0 0 31 2 *')).toThrow(/there is no such day/)
    expect(() => onCron('* * * * *', 'Mars/Olympus')).toThrow(
      expect.objectContaining({ details: { option: 'timezone' } }),
    )
    expect(() => onCron('* * * * *', 5)).toThrow(expect.objectContaining({ details: { option: 'timezone' } }))
  })

  it('lists the last ticks up to a time, in order, without walking through all before them', () => {
    const cron = onCron('* * * * * *')
    const until = Date.UTC(2030, 0, 1)
    const started = performance.now()
    expect(cron.last(3, Date.UTC(2000, 0, 1), until, 0)).toEqual([until - 2000, until - 1000, until])
    expect(cron.last(3, until - 1000, until, 0)).toEqual([until])
    expect(cron.last(3, until, until + 999, 0)).toEqual([])
    expect(performance.now() - started).toBeLessThan(5000)
  })
})

describe('onCron against a second library', () => {
  const number = (least: number, most: number) => fc.integer({ min: least, max: most })
  const field = (least: number, most: number, longestStep: number) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant('*') },
      { weight: 3, arbitrary: number(least, most).map(String) },
      {
        weight: 2,
        arbitrary: fc
          .tuple(number(least, most), number(least, most))
          .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      },
      { weight: 2, arbitrary: number(1, longestStep).map((step) => `*/${step}`) },
      {
        weight: 1,
        arbitrary: fc
          .uniqueArray(number(least, most), { minLength: 2, maxLength: 4 })
          .map((list) => list.sort((a, b) => a - b).join(',')),
      },
    )
  const pattern = fc
    .tuple(field(0, 59, 30), field(0, 59, 30), field(0, 23, 12), field(1, 28, 10), field(1, 12, 6), field(0, 6, 3))
    .map((fields) => fields.join(' '))
  const instant = fc.date({
    min: new Date('2020-01-01T00:00:00Z'),
    max: new Date('2037-01-01T00:00:00Z'),
    noInvalidDate: true,
  })

  it('agrees on every tick over years where clocks do not change', () => {
    const zone = fc.constantFrom('UTC', 'Asia/Tokyo', 'Asia/Kolkata', 'America/Phoenix', 'Pacific/Kiritimati')
    fc.assert(
      fc.property(pattern, zone, instant, (text, tz, from) => {
        const cron = onCron(text, tz)
        const other = CronExpressionParser.parse(text, { tz, currentDate: from })
        let at: number | undefined = from.getTime()
        for (let n = 0; n < 5; n++) {
          at = cron.next(at ?? 0, 0)
          expect(iso(at)).toBe(iso(other.next().getTime()))
        }
      }),
      { numRuns: attempts(150) },
    )
  })

  it('agrees where clocks do change, away from the days on which they do', () => {
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Sydney', 'America/Sao_Paulo')
    const offsetAt = (tz: string, ms: number) => {
      const parts = new Intl.DateTimeFormat('en', { timeZone: tz, timeZoneName: 'longOffset' }).formatToParts(ms)
      return parts.find(({ type }) => type === 'timeZoneName')?.value
    }
    const changes = (tz: string, ms: number) => offsetAt(tz, ms - 129_600_000) !== offsetAt(tz, ms + 129_600_000)
    fc.assert(
      fc.property(pattern, zone, instant, (text, tz, from) => {
        const tick = onCron(text, tz).next(from.getTime(), 0) ?? 0
        fc.pre(!changes(tz, from.getTime()) && !changes(tz, tick))
        const other = CronExpressionParser.parse(text, { tz, currentDate: from }).next().getTime()
        fc.pre(!changes(tz, other))
        expect(iso(tick)).toBe(iso(other))
      }),
      { numRuns: attempts(150) },
    )
  })

  it('finds the same ticks backward as forward, also over changes of the clocks', () => {
    const zone = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe')
    const minutes = fc.tuple(field(0, 59, 30), field(0, 23, 12)).map((fields) => `0 ${fields.join(' ')} * * *`)
    const near = fc
      .tuple(
        fc.constantFrom('2030-03-31T01:00:00Z', '2030-11-03T06:00:00Z', '2030-10-05T15:30:00Z'),
        fc.integer({ min: -9, max: 3 }),
      )
      .map(([change, hours]) => Date.parse(change) + hours * 3_600_000)
    fc.assert(
      fc.property(minutes, zone, near, (text, tz, from) => {
        const cron = onCron(text, tz)
        const until = from + 8 * 3_600_000
        const forward: number[] = []
        for (let at = cron.next(from, 0); at !== undefined && at <= until; at = cron.next(at, 0)) forward.push(at)
        expect(cron.last(forward.length + 3, from, until, 0).map(iso)).toEqual(forward.map(iso))
      }),
      { numRuns: attempts(60) },
    )
  })
})

describe('every', () => {
  it('counts from its anchor, which is the first tick', () => {
    const minute = every(60)
    expect(minute.next(999, 1000)).toBe(1000)
    expect(minute.next(1000, 1000)).toBe(61_000)
    expect(minute.next(200_000, 1000)).toBe(241_000)
    expect(minute.last(2, 1000, 200_000, 1000)).toEqual([121_000, 181_000])
    expect(minute.last(5, 999, 61_000, 1000)).toEqual([1000, 61_000])
    expect(minute.last(5, 0, 500, 1000)).toEqual([])
  })

  it('has the same ticks forward and backward', () => {
    const time = fc.integer({ min: 0, max: 1e7 })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 900 }),
        time,
        time,
        fc.integer({ min: 0, max: 1e6 }),
        (interval, anchor, from, span) => {
          const recurrence = every(interval)
          const after = Math.max(from, anchor - 1)
          const forward: number[] = []
          for (
            let at = recurrence.next(after, anchor);
            at !== undefined && at <= after + span;
            at = recurrence.next(at, anchor)
          ) {
            forward.push(at)
          }
          expect(recurrence.last(10_000, after, after + span, anchor)).toEqual(forward)
          expect(recurrence.last(3, after, after + span, anchor)).toEqual(forward.slice(-3))
        },
      ),
    )
  })
})
