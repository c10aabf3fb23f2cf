import { describe, expect, it } from 'vitest'
import { attemptOf, isLastAttempt, maxAttemptsOf } from './attempt.ts'

const of = (job: Parameters<typeof attemptOf>[0]) => [attemptOf(job), maxAttemptsOf(job), isLastAttempt(job)]

describe('attemptOf, maxAttemptsOf and isLastAttempt', () => {
  it.each([
    ['of a job without retries', {}, [1, 1, true]],
    ['at first', { retriesLeft: 3, retryMax: 3 }, [1, 4, false]],
    ['after one retry', { retriesLeft: 2, retryMax: 3 }, [2, 4, false]],
    ['with no retries left', { retriesLeft: 0, retryMax: 3 }, [4, 4, true]],
    ['of another program, before its first retry', { retriesLeft: 3 }, [1, 4, false]],
    ['of a function that asked for more', { numberOfRetries: 2 }, [3, 3, true]],
    ['with both', { retriesLeft: 1, retryMax: 2, numberOfRetries: 1 }, [3, 4, false]],
    ['with counters that make no sense', { retriesLeft: 5, retryMax: 2 }, [1, 6, false]],
    ['with fewer than none', { retriesLeft: -1 }, [1, 1, true]],
  ])('count %s', (_, job, expected) => {
    expect(of(job)).toEqual(expected)
  })
})
