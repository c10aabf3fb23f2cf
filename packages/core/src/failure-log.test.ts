import { describe, expect, it } from 'vitest'
import { FailureLog } from './failure-log.ts'
import { type LogFields, type Logger, silentLogger } from './logger.ts'

describe('FailureLog', () => {
  it('logs the first failure in a row, and the first success after it', () => {
    const lines: [string, LogFields | undefined][] = []
    const logger: Logger = {
      ...silentLogger,
      warn: (message, fields) => lines.push([message, fields]),
      info: (message, fields) => lines.push([message, fields]),
    }
    const failures = new FailureLog(logger, 'The heartbeat')
    failures.succeeded()
    expect(lines).toEqual([])
    failures.failed(new Error('away'))
    failures.failed(new Error('still away'))
    failures.succeeded()
    failures.succeeded()
    failures.failed('gone')
    expect(lines).toEqual([
      ['The heartbeat failed; it will be retried', { error: 'Error: away' }],
      ['The heartbeat works again', undefined],
      ['The heartbeat failed; it will be retried', { error: 'gone' }],
    ])
  })
})
