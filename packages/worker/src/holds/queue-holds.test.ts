import { silentLogger } from '@rq/core'
import { FakeClock } from '@rq/testkit'
import { describe, expect, test, vi } from 'vitest'
import type { CanClaim } from './claim-check.ts'
import { HeldQueues } from './held-queues.ts'
import { PausedQueues } from './paused-queues.ts'
import { QueueHolds } from './queue-holds.ts'

const QUEUES = ['a', 'b']

function setUp(canClaim?: CanClaim) {
  const paused = new PausedQueues([...QUEUES, 'other'])
  const clock = new FakeClock()
  const onOpened = vi.fn()
  const held = new HeldQueues(clock)
  const given = { queues: QUEUES, paused, canClaim, held, clock, logger: silentLogger }
  return { paused, held, clock, onOpened, holds: new QueueHolds({ ...given, onNews: () => {}, onOpened }) }
}

describe('QueueHolds', () => {
  test('holds nothing back by itself, and makes no list', () => {
    const { holds, onOpened } = setUp()
    expect([holds.areNone, holds.look(), holds.areSome, holds.allPaused, holds.isRefused]).toEqual([
      ...[true, true, true],
      ...[false, false],
    ])
    expect(holds.open(QUEUES)).toBe(QUEUES)
    expect(onOpened).not.toHaveBeenCalled()
  })

  test('leaves out paused queues, in the order given, and says when one opens again', () => {
    const { holds, onOpened, paused } = setUp()
    paused.pause('a')
    expect([holds.look(), holds.open(['b', 'a']), holds.allPaused]).toEqual([true, ['b'], false])
    paused.pause('b')
    expect([holds.look(), holds.open(QUEUES), holds.areSome, holds.allPaused]).toEqual([false, [], false, true])
    paused.resume('a')
    expect(onOpened).not.toHaveBeenCalled()
    expect([holds.look(), holds.open(QUEUES)]).toEqual([true, ['a']])
    paused.resume()
    holds.look()
    holds.look()
    expect([onOpened.mock.calls.length, holds.areNone, holds.open(QUEUES)]).toEqual([2, true, QUEUES])
  })

  test('a paused queue of another lane is nothing to it', () => {
    const { holds, paused } = setUp()
    paused.pause('other')
    expect([holds.look(), holds.open(QUEUES), holds.allPaused]).toEqual([true, QUEUES, false])
  })

  test('leaves out what canClaim refuses, and does not ask it for a paused queue', () => {
    const canClaim = vi.fn((queue: string) => queue === 'b')
    const { clock, held, holds, onOpened, paused } = setUp(canClaim)
    expect([holds.look(), holds.open(QUEUES), holds.isRefused]).toEqual([true, ['b'], true])
    paused.pause('a')
    clock.advance(5000)
    holds.look()
    expect([holds.isRefused, canClaim.mock.calls]).toEqual([false, [['a'], ['b'], ['b']]])
    paused.resume('a')
    canClaim.mockReturnValue(true)
    expect(held.all).toMatchObject([{ queue: 'a', reason: 'no' }])
    expect([holds.look(), holds.open(QUEUES), onOpened.mock.calls.length]).toEqual([true, QUEUES, 1])
    expect(held.all).toEqual([])
    holds.stop()
  })
})
