import { readFile } from 'node:fs/promises'
import { ERROR_CODES } from '@rq/core'
import { describe, expect, it } from 'vitest'
import { errorHelp } from './error-help.ts'

const PAGE = await readFile(new URL('../../../docs/guide/errors.md', import.meta.url), 'utf8')

describe('errorHelp', () => {
  it.each(ERROR_CODES)('explains %s, in plain text', (code) => {
    const text = errorHelp(PAGE, code)
    expect(text).toMatch(new RegExp(`^${code}\\n\\n\\w`))
    expect(text).not.toMatch(/^#|\]\(|`/m)
    expect(text.match(/\bRQ_\w+\n\n/g)).toHaveLength(1)
    expect(errorHelp(PAGE, code.toLowerCase())).toBe(text)
  })

  it('lists all codes', () => {
    const lines = errorHelp(PAGE, 'errors').split('\n')
    expect([...ERROR_CODES].filter((code) => !lines.includes(code))).toEqual([])
  })

  it('suggests a code for one that does not exist', () => {
    expect(() => errorHelp(PAGE, 'RQ_NO_SUCH_JOBS')).toThrow(
      /There is no error code RQ_NO_SUCH_JOBS\. Did you mean 'RQ_NO_SUCH_JOB'\? rq-cli help errors lists all\./,
    )
  })
})
