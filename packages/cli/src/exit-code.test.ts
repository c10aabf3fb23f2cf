import { type ErrorCode, RqError } from '@rq/core'
import { describe, expect, test } from 'vitest'
import { CommandError, EXIT, exitCodeOf, isForeseen, UsageError } from './exit-code.ts'

describe('exitCodeOf', () => {
  test.each<[ErrorCode, number]>([
    ['RQ_INVALID_OPTION', 2],
    ['RQ_INVALID_REFERENCE', 2],
    ['RQ_CONFIG', 2],
    ['RQ_REDIS_UNREACHABLE', 3],
    ['RQ_NO_SUCH_JOB', 4],
    ['RQ_NO_SUCH_GROUP', 4],
    ['RQ_NO_SUCH_SCHEDULE', 4],
    ['RQ_REDIS_AUTH', 1],
    ['RQ_REDIS_VERSION', 1],
    ['RQ_INVALID_OPERATION', 1],
    ['RQ_DUPLICATE_JOB', 1],
    ['RQ_TIMEOUT', 1],
  ])('%s ends with %i', (code, exitCode) => {
    const error = new RqError(code, 'why')
    expect(exitCodeOf(error)).toBe(exitCode)
    expect(isForeseen(error)).toBe(true)
  })

  test('errors of the command line have their own codes, others are failures', () => {
    expect(exitCodeOf(new UsageError('x'))).toBe(2)
    expect(exitCodeOf(new CommandError('x'))).toBe(1)
    expect(exitCodeOf(new CommandError('x', EXIT.notFound))).toBe(4)
    for (const error of [new TypeError('x'), 'text', undefined]) {
      expect(exitCodeOf(error)).toBe(1)
      expect(isForeseen(error)).toBe(false)
    }
  })
})
