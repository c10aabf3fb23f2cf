import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { HARMLESS, REFUSED } from './hostile.ts'

const SCRIPT = fileURLToPath(new URL('./frozen-prototype.js', import.meta.url))

it('superjsonSerializer works under frozen prototypes, keys of Object.prototype included', () => {
  const refused = Object.values(REFUSED)
  const input = JSON.stringify({ refused, harmless: HARMLESS })
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--disable-proto=throw', SCRIPT], {
    input,
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(stdout).toBe(`${refused.length} refused, ${HARMLESS.length} read\n`)
})
