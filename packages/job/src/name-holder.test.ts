import { describe, expect, test } from 'vitest'
import { type NameHolder, waitForName } from './name-holder.ts'

/** Wait while the store answers in turn with these holders, then with none. Returns what happened. */
async function waitBehind(holders: readonly NameHolder[], stopAfter = Number.POSITIVE_INFINITY) {
  const stop = new AbortController()
  const waits: number[] = []
  let calls = 0
  const end = await waitForName({
    register: async () => {
      const holder = holders[calls++]
      if (calls === stopAfter) stop.abort()
      return holder
    },
    onWait: (waitS) => waits.push(waitS),
    taken: (waitS) => new Error(`taken, ${waitS}`),
    signal: stop.signal,
  }).then(
    () => 'ended',
    (error: Error) => error.message,
  )
  return { end, calls, waits }
}

const silent = (lastBeat: string): NameHolder => ({ lastBeat, freeInMs: 0 })

describe('waitForName', () => {
  test('registers at once under a free name', async () => {
    expect(await waitBehind([])).toEqual({ end: 'ended', calls: 1, waits: [] })
  })

  test('waits for the name of one that sends no heartbeat, and says so once', async () => {
    expect(await waitBehind([silent('1'), silent('1'), silent('1')])).toEqual({ end: 'ended', calls: 4, waits: [0] })
  })

  test('refuses the name of one that sends a heartbeat', async () => {
    expect(await waitBehind([silent('1'), silent('2')])).toEqual({ end: 'taken, undefined', calls: 2, waits: [0] })
  })

  test('refuses the name of one whose heartbeats cannot be known, and tells how long its record lasts', async () => {
    const holder = { lastBeat: undefined, freeInMs: 1001 }
    expect(await waitBehind([holder])).toEqual({ end: 'taken, 2', calls: 1, waits: [] })
  })

  test('ends without a name when the caller stops', async () => {
    expect(await waitBehind([silent('1'), silent('1'), silent('1')], 2)).toEqual({ end: 'ended', calls: 2, waits: [0] })
  })
})
