import { describe, expect, it } from 'vitest'
import { readiness } from './readiness.ts'

describe('readiness', () => {
  it('is ready when every dependency is finished or gone', () => {
    const dependencies = [
      { id: 'a', status: 'finished' },
      { id: 'b', status: undefined },
    ] as const
    expect(readiness(dependencies, false)).toEqual({ ready: true, waitingFor: [], blockedBy: [] })
  })

  it('waits for what has not ended and is blocked by what failed', () => {
    const dependencies = [
      { id: 'a', status: 'started' },
      { id: 'b', status: 'failed' },
    ] as const
    expect(readiness(dependencies, false)).toEqual({ ready: false, waitingFor: ['a'], blockedBy: ['b'] })
    expect(readiness(dependencies, true)).toEqual({ ready: false, waitingFor: ['a'], blockedBy: [] })
  })

  it('is blocked by a canceled or stopped dependency even when failure is allowed', () => {
    const dependencies = [
      { id: 'a', status: 'canceled' },
      { id: 'b', status: 'stopped' },
    ] as const
    expect(readiness(dependencies, true).blockedBy).toEqual(['a', 'b'])
  })
})
