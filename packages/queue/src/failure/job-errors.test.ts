import { RqError } from '@rq/core'
import { describe, expect, it } from 'vitest'
import { errorText } from './error-text.ts'
import { JobFailedError } from './job-errors.ts'

const messageOf = (error: unknown, handling?: string) => new JobFailedError('a', errorText(error, handling)).message

describe('JobFailedError', () => {
  it('has the summary of the error as its message', () => {
    expect(messageOf(new TypeError('x is not a function'))).toBe('Job a failed: TypeError: x is not a function')
    expect(messageOf('text')).toBe('Job a failed: Thrown string: text')
    expect(new JobFailedError('a', '').message).toBe('Job a failed: no error was stored')
  })

  it('says what the cause was', () => {
    const unreadable = 'Cannot load "./jobs#run": jobs.js could not be imported: it threw SyntaxError.'
    const why = 'TypeScript enum is not supported in strip-only mode'
    const syntax = Object.assign(new SyntaxError(why), {
      stack: `file:///app/jobs.ts:1\nexport enum A { B }\n       ^^^^\n\nSyntaxError: ${why}\n    at parse (node:internal)`,
    })
    const expected = `Job a failed: RqError [RQ_FUNCTION_NOT_FOUND]: ${unreadable} (cause: SyntaxError: ${why})`
    expect(messageOf(new RqError('RQ_FUNCTION_NOT_FOUND', unreadable, { cause: syntax }))).toBe(expected)
    const deep = new Error('fetch failed', { cause: new Error('no route', { cause: new Error('cable') }) })
    expect(messageOf(deep)).toBe('Job a failed: Error: fetch failed (cause: Error: no route)')
    expect(messageOf(new Error('out', { cause: 'a text' }))).toBe(
      'Job a failed: Error: out (cause: Thrown string: a text)',
    )
  })

  it('does not repeat a cause that the message has', () => {
    const cause = new Error('no route')
    expect(messageOf(new Error('failed: no route', { cause }))).toBe('Job a failed: Error: failed: no route')
  })

  it('takes the cause of the error that it names, not that of an earlier one', () => {
    const first = errorText(new Error('first', { cause: new Error('old') }))
    expect(messageOf(new RangeError('callback'), first)).toBe('Job a failed: RangeError: callback')
  })
})
