import { startRedis } from '@rq/testkit'
import { expect, test } from 'vitest'
import { run } from './memory-host.ts'

const COMMANDS = [
  'worker',
  'worker --burst',
  'worker-pool -n 2',
  'scheduler',
  'info',
  'enqueue a.b',
  'job one',
  'suspend',
]

test.each([
  [':secret-wrong', 'WRONGPASS'],
  ['ann:secret-wrong', 'WRONGPASS'],
  ['', 'NOAUTH'],
])('refused credentials (%s) end every command with 1 and one line that does not show them', async (user, word) => {
  await using redis = await startRedis({ args: ['--requirepass', 'right'] })
  const address = `redis://127.0.0.1:${redis.port}/0`
  const url = `redis://${user}${user === '' ? '' : '@'}127.0.0.1:${redis.port}`
  const ended = await Promise.all(
    COMMANDS.map(async (command) => [command, await run([...command.split(' '), '--url', url])] as const),
  )
  const err = `Error: Redis at ${address} refused the credentials (${word}). Check user and password. (See: rq-cli help RQ_REDIS_AUTH)\n`
  expect(ended).toEqual(COMMANDS.map((command) => [command, { code: 1, out: '', err }]))
})
