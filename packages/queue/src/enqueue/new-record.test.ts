import { checkOptions } from '@rq/job'
import { defaultSerializer } from '@rq/serializer'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { newRecord } from './new-record.ts'

describe('newRecord', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('gives the records of one millisecond times that differ when they are written to the microsecond', () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const defaults = { origin: 'q', serializer: defaultSerializer, results: 'hash' } as const
    const made = Array.from({ length: 400 }, () => newRecord({ func: 'jobs.run' }, [], checkOptions({}), defaults))
    const writtenUs = made.map(({ createdAtMs }) => Math.round(createdAtMs * 1000))
    expect(writtenUs).toEqual(writtenUs.map((_, n) => (writtenUs[0] ?? 0) + n))
  })
})
