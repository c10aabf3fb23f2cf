import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { makeProject, redisFixture } from '@rq/testkit'
import { expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('./on-ioredis-5.js', import.meta.url))
const HOOK = new URL('./with-ioredis-5.js', import.meta.url).href

const JOBS = `
let calls = 0
export const copy = (value) => value
export const failOnce = () => {
  if (calls++ === 0) throw new Error('first')
  return 'again'
}
`

it('producers, workers and their horses run on ioredis 5', async () => {
  await using redis = await redisFixture()
  await using project = await makeProject({ 'jobs.mjs': JOBS })
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, project.dir, redis.url, redis.prefix], {
    env: { ...process.env, NODE_OPTIONS: `--import=${HOOK}` },
  })
  expect(JSON.parse(stdout)).toEqual({ isFive: true, results: ['done', 'again', 'later'] })
})
