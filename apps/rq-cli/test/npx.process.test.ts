import { symlink } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { eventually, makeProject, redisFixture, spawnProcess } from '@rq/testkit'
import { Queue, Worker } from 'rq'
import { expect, test } from 'vitest'
import { GATE_MODULE, makeGate } from './gate.ts'

const PROGRAM = fileURLToPath(new URL('../bin/rq-cli.js', import.meta.url))

test('a worker that npx has started lets its job finish and leaves when npx gets a SIGTERM', async () => {
  await using redis = await redisFixture()
  await using gate = await makeGate()
  const files = { 'gate.mjs': GATE_MODULE, 'node_modules/.bin/.keep': '', 'package.json': '{}' }
  await using project = await makeProject(files)
  await symlink(PROGRAM, project.path('node_modules/.bin/rq-cli'))
  const where = { connection: redis.url, prefix: redis.prefix }
  await using queue = new Queue('default', where)
  const env = { RQ_REDIS_URL: redis.url, NO_COLOR: '1' }
  const words = ['--no', 'rq-cli', 'worker', '--prefix', redis.prefix]
  await using npx = spawnProcess('npx', words, { cwd: project.dir, env })
  const job = await queue.enqueue('./gate#pass', [gate.file])
  // Its status says so before the job begins, and until then the worker would give it back.
  await npx.output(/default: \.\/gate#pass/)
  npx.child.kill('SIGTERM')
  await npx.output(/Warm shut down requested/)
  await gate.open()
  expect(await job.result({ timeout: '1m' })).toBe('done')
  await eventually(async () => (await Worker.count({ connection: redis.client, prefix: redis.prefix })) === 0)
})
