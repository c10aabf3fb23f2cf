import { describe, expect, test } from 'vitest'
import type { KilledTask } from '../horses/killed-task.ts'
import { InvalidMessage } from '../inside-horse/invalid-message.ts'
import { abandonedError, killedError } from './ending-text.ts'

const killed = (facts: Partial<KilledTask>): KilledTask => ({
  cause: 'exit',
  exit: { code: 0, signal: null },
  pid: 1,
  phase: 'function',
  timeoutS: 180,
  startedAtMs: 0,
  ...facts,
})

const lastLine = (text: string) => text.split('\n').at(-1)

describe('killedError', () => {
  test.each([
    [{ exit: { code: 0, signal: null } }, 'WorkHorseTerminatedError: Work-horse terminated unexpectedly; exit code 0'],
    [
      { exit: { code: null, signal: 'SIGSEGV' } },
      'WorkHorseTerminatedError: Work-horse terminated unexpectedly; signal SIGSEGV',
    ],
    [
      { exit: { code: 1, signal: null }, fatal: 'Error: x\n    at y' },
      'WorkHorseTerminatedError: Work-horse terminated unexpectedly; exit code 1',
    ],
    [{ cause: 'timeout', timeoutS: 2 }, 'JobTimeoutError: Task exceeded maximum timeout value (2 seconds)'],
  ] as const)("%j ends with RQ's words", (facts, text) => {
    expect(lastLine(killedError(killed(facts)).text)).toBe(text)
  })

  test('says what is wrong with a message of the horse', () => {
    const invalid = new InvalidMessage('type is 7, expected a type of message')
    const error = killedError(killed({ cause: 'invalid_message', invalid }))
    const message = 'The work-horse sent its worker a message that is not valid: type is 7, expected a type of message'
    expect(lastLine(error.text)).toBe(`InvalidMessageError: ${message}`)
    const long = new InvalidMessage('it has more than 9 characters', { isTooLong: true })
    expect(lastLine(killedError(killed({ cause: 'invalid_message', invalid: long })).text)).toBe(
      'RqError [RQ_TOO_LARGE]: The work-horse sent its worker too long a message: it has more than 9 characters',
    )
  })

  test('keeps the error that nobody caught', () => {
    expect(killedError(killed({ fatal: 'Error: x\n    at y' })).text).toContain('Error: x\n    at y')
  })

  test('in a callback, the job keeps the error it had failed by', () => {
    const failedBy = { name: 'TypeError', message: 'broken', text: 'stack\nTypeError: broken' }
    const error = killedError(killed({ cause: 'timeout', phase: 'failure_callback', failedBy }))
    expect(error.name).toBe('TypeError')
    expect(lastLine(error.text)).toBe('TypeError: broken')
  })
})

describe('abandonedError', () => {
  test('says it as RQ does, with the time to the microsecond', () => {
    const { text } = abandonedError(Date.UTC(2030, 0, 2, 3, 4, 5, 678), 1)
    expect(lastLine(text)).toBe(
      'Moved to FailedJobRegistry, due to AbandonedJobError, at 2030-01-02 03:04:05.678000+00:00',
    )
    expect(text).not.toContain('not run again')
  })

  test('says when it is not run again', () => {
    expect(abandonedError(0, 3).text).toContain('3rd worker')
  })
})
