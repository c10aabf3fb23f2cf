import { redisFixture, spawnNode } from '@rq/testkit'
import { describe, expect, test } from 'vitest'

const PROGRAM = new URL('./schedule-at.js', import.meta.url)

/** Local times, and the instants that they are. */
const ZONES: Readonly<Record<string, readonly (readonly [local: string, instant: string])[]>> = {
  'America/New_York': [
    ['2030-01-15T12:00:00', '2030-01-15T17:00:00.000Z'],
    ['2030-07-15T12:00:00', '2030-07-15T16:00:00.000Z'],
    ['2030-03-10T01:59:59', '2030-03-10T06:59:59.000Z'],
    // Skipped by the change to summer time.
    ['2030-03-10T02:30:00', '2030-03-10T07:30:00.000Z'],
    ['2030-03-10T03:00:00', '2030-03-10T07:00:00.000Z'],
    // Comes twice.
    ['2030-11-03T01:30:00', '2030-11-03T05:30:00.000Z'],
    ['2030-11-03T02:00:00', '2030-11-03T07:00:00.000Z'],
  ],
  'Europe/Berlin': [
    ['2030-03-30', '2030-03-29T23:00:00.000Z'],
    ['2030-03-31T02:30', '2030-03-31T01:30:00.000Z'],
    ['2030-10-27 02:30', '2030-10-27T00:30:00.000Z'],
    ['2030-10-27T02:30:00+01:00', '2030-10-27T01:30:00.000Z'],
    ['2030-10-28T02:30:00.250', '2030-10-28T01:30:00.250Z'],
  ],
  'Australia/Lord_Howe': [
    ['2030-01-01T12:00:00', '2030-01-01T01:00:00.000Z'],
    ['2030-07-01T12:00:00', '2030-07-01T01:30:00.000Z'],
    // Skipped, by a change of half an hour; comes twice.
    ['2030-10-06T02:15:00', '2030-10-05T15:45:00.000Z'],
    ['2030-04-07T01:45:00', '2030-04-06T14:45:00.000Z'],
  ],
  'Asia/Kolkata': [['2030-01-01T05:30:00', '2030-01-01T00:00:00.000Z']],
}

describe('enqueueAt with a string without an offset', () => {
  test.each(Object.entries(ZONES))(
    'means local time, on both sides of a change of the clocks: %s',
    async (TZ, times) => {
      await using redis = await redisFixture()
      const locals = times.map(([local]) => local)
      await using program = spawnNode(PROGRAM, [redis.url, redis.prefix, ...locals], { env: { TZ } })
      expect(await program.exited).toMatchObject({ code: 0, signal: null })
      expect(program.stdout.trim().split('\n')).toEqual(times.map(([, instant]) => instant))
    },
  )
})
