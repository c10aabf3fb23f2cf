import { describe, expect, it } from 'vitest'
import { inputInvalid } from './input-invalid.ts'

describe('inputInvalid', () => {
  it('says what the schema says, and where', () => {
    const error = inputInvalid('sendMail', [
      { message: 'expected a string', path: ['to'] },
      { message: 'too small', path: [{ key: 'items' }, 0, { key: 'price' }] },
      { message: 'not today' },
    ])
    expect(error.message).toBe(
      'The input of "sendMail" does not fit its schema: to: expected a string; items.0.price: too small; not today.',
    )
    expect(error).toMatchObject({
      code: 'RQ_INPUT_INVALID',
      retryable: false,
      details: { job: 'sendMail', issues: [{ path: 'to' }, { path: 'items.0.price' }, { path: '' }] },
    })
  })

  it('is one short line, whatever the schema says', () => {
    const issues = Array.from({ length: 12 }, () => ({ message: `a\nb${'c'.repeat(10_000)}`, path: [Symbol('s')] }))
    const { details, message } = inputInvalid('a\nb', issues)
    expect(message).toMatch(/^The input of "a\\nb" .*: Symbol\(s\): a\\nbc+; .*; and 2 more\.$/)
    expect(message.length).toBeLessThan(4000)
    expect(details.issues).toHaveLength(10)
    expect(inputInvalid('a', []).message).toBe('The input of "a" does not fit its schema.')
  })
})
