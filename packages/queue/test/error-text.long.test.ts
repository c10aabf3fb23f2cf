import { LONGEST_ERROR_BYTES } from '@rq/job'
import { expect, it } from 'vitest'
import { errorText } from '../src/failure/error-text.ts'

it('errorText cuts 100 MB to 64 KB and keeps the last line', () => {
  const text = errorText(new Error('x'.repeat(100 * 1024 * 1024)))
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LONGEST_ERROR_BYTES)
  expect(text).toMatch(/\.\.\. \(cut: 104\d{6} characters left out\)/)
  expect(text.split('\n').at(-1)).toMatch(/^Error: x{100}/)
})
