import { describe, expect, it } from 'vitest'
import { checkQueueName, checkRateLimitKey, checkWorkerName } from './reserved-endings.ts'

describe.each([
  ['checkQueueName', checkQueueName, [':intermediate']],
  ['checkWorkerName', checkWorkerName, [':executions']],
  ['checkRateLimitKey', checkRateLimitKey, [':allowed', ':rate_limited']],
] as const)('%s', (_, check, endings) => {
  it.each(endings)('refuses a name that ends in %s, and says so', (ending) => {
    expect(() => check(`api${ending}`, 'key')).toThrow(
      expect.objectContaining({
        code: 'RQ_INVALID_OPTION',
        details: { option: 'key' },
        message: `Invalid key: got "api${ending}", expected a name that does not end in "${ending}", which RQ uses for keys of its own.`,
      }),
    )
  })

  it.each(endings)('takes a name that has %s elsewhere', (ending) => {
    for (const name of [`api${ending}:x`, ending.slice(1), `api${ending.slice(1)}`]) {
      expect(check(name, 'key')).toBe(name)
    }
  })

  it('refuses what is no name at all', () => {
    expect(() => check('a*b', 'key')).toThrow('expected 1 to 200 letters')
  })
})
