import { expect, test } from 'vitest'
import { run } from './memory-host.ts'

const NOWHERE = 'redis://:secret@localhost:1'

// Not among the unit tests: the clients of these commands go on connecting in the background.
// Each command waits for seconds.
test.concurrent.each([
  'info',
  'worker --burst',
  'enqueue a.b',
  'job x',
  'jobs',
  'requeue --queue q --all',
  'empty q',
  'suspend',
  'resume',
])('ends rq-cli %s with 3, its address without the password', async (line) => {
  const { code, out, err } = await run([...line.split(' '), '--url', NOWHERE])
  expect(err).toMatch(/^Error: Redis at redis:\/\/localhost:1\/0 cannot be reached \(ECONNREFUSED\)/)
  expect(err).not.toContain('secret')
  expect(err).not.toMatch(/^\s+at /m)
  expect({ code, out }).toEqual({ code: 3, out: '' })
})

test('--no-config reads no configuration file', async () => {
  const env = { RQ_CONFIG: 'no.js', RQ_REDIS_URL: NOWHERE }
  expect(await run(['info'], { env })).toMatchObject({ code: 2 })
  expect(await run(['info', '--no-config'], { env })).toMatchObject({ code: 3 })
})
