import { describe, expect, it } from 'vitest'
import { RunLimit, signalOf } from './run-limit.ts'
import { untilAborted } from './until-aborted.ts'

describe('RunLimit', () => {
  it('aborts its signal with the first reason, whether the signal was asked for before or after', () => {
    const limit = new RunLimit()
    const { signal } = limit
    limit.abort('first')
    limit.abort('second')
    expect([limit.aborted, limit.reason, signal.aborted, signal.reason]).toEqual([true, 'first', true, 'first'])

    const late = new RunLimit()
    late.abort('over')
    expect(signalOf(late)).toMatchObject({ aborted: true, reason: 'over' })
    expect(late.signal).toBe(late.signal)
    expect(() => late.throwIfAborted()).toThrow('over')
  })

  it('ends what runs until it is aborted', async () => {
    const limit = new RunLimit()
    const outcome = untilAborted(limit, () => new Promise(() => {}))
    limit.abort(new Error('enough'))
    await expect(outcome).rejects.toThrow('enough')
    expect(() => untilAborted(limit, async () => 1)).toThrow('enough')
  })

  it('has no part in what has ended', async () => {
    const limit = new RunLimit()
    await expect(untilAborted(limit, async () => 1)).resolves.toBe(1)
    limit.abort(new Error('too late'))
  })
})
