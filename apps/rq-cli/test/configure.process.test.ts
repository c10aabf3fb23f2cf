import { makeProject, startRedis } from '@rq/testkit'
import { Queue } from 'rq'
import { expect, test } from 'vitest'
import { run } from './program.ts'

const JOBS = `
export const works = () => {}
export const fails = () => {
  throw new Error('no')
}
`

test('configure sets how many ended jobs the workers of a queue keep', async () => {
  await using project = await makeProject({ 'jobs.mjs': JOBS }, { packages: ['rq'] })
  await using redis = await startRedis()
  await using queue = new Queue('default', { connection: redis.url })
  const rq = async (...words: string[]) => {
    const ended = await run(words, { cwd: project.dir, env: { RQ_REDIS_URL: redis.url } })
    expect(ended, words.join(' ')).toMatchObject({ code: 0 })
    return ended.stdout
  }
  const keep = ['configure', 'default', '--keep-finished', '2', '--keep-failed', '1']
  expect(await rq(...keep)).toMatch(/^Finished .* the newest 2, .*\nFailed .* the newest 1, /)
  for (const n of [1, 2, 3, 4]) {
    await queue.enqueue('jobs.works', [], { jobId: `works-${n}` })
    await queue.enqueue('jobs.fails', [], { jobId: `fails-${n}` })
  }
  await rq('worker', '--burst', '--concurrency', '1')

  const info = JSON.parse(await rq('info', '--json'))
  expect(info.queues).toMatchObject([{ name: 'default', count: 0, finished: 2, failed: 1 }])
  expect((await queue.finishedJobRegistry.getJobIds()).sort()).toEqual(['works-3', 'works-4'])
  expect(await queue.failedJobRegistry.getJobIds()).toEqual(['fails-4'])
  expect(await rq('jobs', '--queue', 'default', '--status', 'failed')).toContain('fails-4')
  expect(JSON.parse(await rq('configure', 'default', '--json'))).toMatchObject({ keepFinished: 2, keepFailed: 1 })
})
