import { RqError } from '@rq/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { remoteOf, remoteText } from './remote-error.ts'

const through = (thrown: unknown) => {
  const { stack: _, ...rest } = remoteOf('the stack', remoteText(thrown))
  return rest
}

describe('remoteText and remoteOf', () => {
  it('keep name, message and code', () => {
    class NoUserError extends TypeError {
      override readonly name = 'NoUserError'
      readonly code = 'NO_USER'
    }
    expect(through(new NoUserError('who?'))).toEqual({ name: 'NoUserError', message: 'who?', code: 'NO_USER' })
    expect(through(new Error('two\nlines'))).toEqual({ name: 'Error', message: 'two\nlines' })
    expect(remoteOf('the stack', remoteText(new Error('x'))).stack).toBe('the stack')
  })

  it('keep plain fields, and what its details have', () => {
    const when = new Date(0)
    const error = Object.assign(new Error('x'), { status: 503, retry: true, none: null, when, nan: Number.NaN })
    const details = { status: 503, retry: true, none: null, when: when.toISOString() }
    expect(through(error).details).toEqual(details)
    const more = new RqError('RQ_REDIS', 'x', { details: { server: { id: 1, deep: { list: [1, 'a'] } } } })
    expect(through(more)).toEqual({
      name: 'RqError',
      message: 'x',
      code: 'RQ_REDIS',
      details: { retryable: false, server: { id: 1, deep: { list: [1, 'a'] } } },
    })
  })

  it('leave out other objects, which may hold secrets, and causes', () => {
    const request = { headers: { authorization: 'Bearer x' } }
    const error = Object.assign(new Error('x', { cause: new Error('y') }), { request, config: request, run() {} })
    expect(through(error)).toEqual({ name: 'Error', message: 'x' })
    expect(through(Object.assign(new Error('x'), { details: { url: new URL('http://a') } })).details).toBeUndefined()
  })

  it('leave out what is too much', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`f${n}`, 'x'.repeat(2000)]))
    const { details = {} } = through(Object.assign(new Error('m'.repeat(10_000)), many))
    expect(Object.values(details).every((value) => String(value).length === 1000)).toBe(true)
    expect(JSON.stringify(details).length).toBeLessThan(9000)
    expect(through(new Error('m'.repeat(10_000))).message).toHaveLength(4000)
  })

  it('say nothing of what is no error', () => {
    for (const thrown of ['text', 7, null, undefined, { message: 'x' }]) expect(remoteText(thrown)).toBeUndefined()
  })

  it.each([
    ["Traceback:\n  File\nKeyError: 'a'", { name: 'KeyError', message: "'a'" }],
    ['x\napp.errors.NoUser: who: me', { name: 'app.errors.NoUser', message: 'who: me' }],
    ['RqError [RQ_TOO_LARGE]: too large', { name: 'RqError', message: 'too large', code: 'RQ_TOO_LARGE' }],
    ['AssertionError', { name: 'AssertionError', message: '' }],
    ['Work-horse terminated unexpectedly; x', { name: 'Error', message: 'Work-horse terminated unexpectedly; x' }],
    ['', { name: 'Error', message: '' }],
  ])('read the last line of the text %j where there is no more', (text, expected) => {
    for (const remote of [undefined, 'no JSON', '[]', '{"name":1}']) {
      expect(remoteOf(text, remote)).toEqual({ ...expected, stack: text })
    }
  })

  it('never throw, whatever the fields of an error are', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything({ withBigInt: true, withDate: true })), (fields) => {
        const error = new Error('x')
        for (const [key, value] of Object.entries(fields)) {
          if (key !== '__proto__') Object.defineProperty(error, key, { value, enumerable: true, configurable: true })
        }
        Object.defineProperty(error, 'trap', { enumerable: true, get: () => expect.fail('a trap') })
        expect(remoteOf('text', remoteText(error)).stack).toBe('text')
      }),
    )
  })
})
