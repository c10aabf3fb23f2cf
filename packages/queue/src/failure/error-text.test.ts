import { runInNewContext } from 'node:vm'
import { RqError } from '@rq/core'
import { LONGEST_ERROR_BYTES } from '@rq/job'
import { attempts } from '@rq/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorName, errorText } from './error-text.ts'
import { JobTimeoutError } from './job-errors.ts'

const lastLine = (text: string) => text.split('\n').at(-1)

const throwingTraps = new Proxy(
  {},
  {
    get() {
      throw new Error('trap')
    },
    getPrototypeOf() {
      throw new Error('trap')
    },
    has() {
      throw new Error('trap')
    },
    ownKeys() {
      throw new Error('trap')
    },
  },
)

describe('errorText', () => {
  it('shows the stack and ends with a readable line', () => {
    const text = errorText(new TypeError('x is not a function'))
    expect(text).toMatch(/^TypeError: x is not a function\n {4}at /)
    expect(lastLine(text)).toBe('TypeError: x is not a function')
  })

  it('shows the code of an error in its last line', () => {
    expect(lastLine(errorText(new RqError('RQ_FUNCTION_NOT_ALLOWED', 'no')))).toBe(
      'RqError [RQ_FUNCTION_NOT_ALLOWED]: no',
    )
    const missing = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT' })
    expect(lastLine(errorText(missing))).toBe('Error: ENOENT: no such file')
    expect(lastLine(errorText(new JobTimeoutError(2)))).toMatch(/^JobTimeoutError: Task exceeded/)
  })

  it('keeps the last line single when the message has several', () => {
    expect(lastLine(errorText(new Error('one\ntwo\n\nthree')))).toBe('Error: one two three')
  })

  it('shows causes, and says so when they go in a circle', () => {
    const inner = new RangeError('inner')
    const outer = new Error('outer', { cause: inner })
    inner.cause = outer
    const text = errorText(outer)
    expect(text).toContain('[cause]: RangeError: inner')
    expect(text).toContain('Error: outer (seen above)')
    expect(lastLine(text)).toBe('Error: outer')
  })

  it('shows the errors of an AggregateError, ten at most', () => {
    const text = errorText(new AggregateError(Array.from({ length: 12 }, (_, index) => new Error(`e${index}`))))
    expect(text).toContain('[errors 0]: Error: e0')
    expect(text).toContain('[errors 9]: Error: e9')
    expect(text).not.toContain('e10')
    expect(lastLine(text)).toBe('AggregateError')
  })

  it.each([
    [null, 'Thrown null: null'],
    [undefined, 'Thrown undefined: undefined'],
    ['boom', 'Thrown string: boom'],
    [42n, 'Thrown bigint: 42n'],
    [{ code: 7 }, 'Thrown object: { code: 7 }'],
  ])('names the value %s that is no error', (value, text) => {
    expect(errorText(value)).toBe(text)
  })

  it('takes an error of another realm for one', () => {
    expect(lastLine(errorText(runInNewContext('new SyntaxError("there")')))).toBe('SyntaxError: there')
  })

  it('survives traps and getters that throw', () => {
    const hostile: Error = Object.create(Error.prototype, {
      message: {
        get() {
          throw new Error('getter')
        },
      },
      stack: {
        get() {
          throw new Error('getter')
        },
      },
      cause: { get: () => throwingTraps },
    })
    expect(errorText(throwingTraps)).toMatch(/^Thrown object: /)
    expect(lastLine(errorText(hostile))).toBe('Error')
  })

  it('names the current message when the stack was captured with another', () => {
    const error = new Error('before')
    // Where stacks are made lazily, it must be there before the message changes.
    expect(error.stack).toContain('before')
    error.message = 'after'
    expect(errorText(error)).toMatch(/^Error: after\nError: before\n/)
  })

  it('cuts 10 MB to 64 KB and keeps the last line', () => {
    const error = new Error('x'.repeat(10 * 1024 * 1024))
    const text = errorText(error)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LONGEST_ERROR_BYTES)
    expect(text).toMatch(/\.\.\. \(cut: 10\d{6} characters left out\)/)
    expect(lastLine(text)).toMatch(/^Error: x{100}/)
  })

  it('cuts between characters', () => {
    const text = errorText(new Error('€'.repeat(100_000)))
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LONGEST_ERROR_BYTES)
    expect(text).not.toContain('\ufffd')
  })

  it('puts an error that was thrown while another was handled behind it', () => {
    const text = errorText(new RangeError('second'), errorText(new TypeError('first')))
    expect(text.indexOf('TypeError: first')).toBeLessThan(text.indexOf('RangeError: second'))
    expect(lastLine(text)).toBe('RangeError: second')
  })

  it('never throws and stays within its size, whatever was thrown', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    })
    const errorLike = fc.record({
      name: anything,
      message: anything,
      stack: anything,
      cause: anything,
      errors: anything,
    })
    const property = fc.property(fc.oneof(anything, errorLike), errorLike, (value, fields) => {
      const mixed = Object.assign(new Error('mixed'), fields)
      for (const thrown of [value, mixed]) {
        expect(Buffer.byteLength(errorText(thrown))).toBeLessThanOrEqual(LONGEST_ERROR_BYTES)
        expect(lastLine(errorText(thrown))).not.toBe('')
        expect(typeof errorName(thrown)).toBe('string')
      }
    })
    fc.assert(property, { numRuns: attempts(500) })
  })
})

describe('errorName', () => {
  it('is the name of the class, or the kind of value', () => {
    class QuotaError extends Error {}
    const named = Object.assign(new Error(), { name: 'Custom' })
    expect(errorName(named)).toBe('Custom')
    expect(errorName(new QuotaError())).toBe('Error')
    expect(errorName(Object.assign(new QuotaError(), { name: '' }))).toBe('QuotaError')
    expect(errorName(Object.assign(new QuotaError(), { name: ' \n' }))).toBe('QuotaError')
    expect(errorName('text')).toBe('string')
    expect(errorName(null)).toBe('null')
  })
})
