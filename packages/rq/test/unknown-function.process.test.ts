import { writeFile } from 'node:fs/promises'
import { eventually, makeProject, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Queue, Worker, WorkerPool } from '../src/index.ts'

const MAIL = "export const send = () => 'sent'"
const onUnknownFunction = { returnFor: '1d' } as const

describe('onUnknownFunction: { returnFor }, in horses of their own', () => {
  it.each(['process', 'thread'] as const)('returns a job, and runs it once its module is there (%s)', async (horse) => {
    await using redis = await redisFixture()
    await using project = await makeProject({})
    const where = { connection: redis.url, prefix: redis.prefix }
    const queue = new Queue('default', where)
    const worker = new Worker('default', { ...where, horse, onUnknownFunction, importPaths: [project.dir] })
    const isReturned = new Promise((resolve) => worker.once('job:returned', ({ jobId }) => resolve(jobId)))
    const working = worker.work()
    const job = await queue.enqueue('./mail#send', [], { retry: 2 })
    expect(await isReturned).toBe(job.id)
    await writeFile(project.path('mail.mjs'), MAIL)
    expect(await job.result({ timeout: 60 })).toBe('sent')
    await job.refresh()
    expect([job.attempt, job.retriesLeft, (await job.results()).length]).toEqual([1, 2, 1])
    await worker.stop()
    await working
    await queue.close()
  })

  it('is an option of pools', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({})
    const where = { connection: redis.url, prefix: redis.prefix }
    const queue = new Queue('default', where)
    const pool = new WorkerPool('default', { ...where, onUnknownFunction, importPaths: [project.dir] })
    const running = pool.start()
    const job = await queue.enqueue('./mail#send')
    await eventually(async () => {
      const { text } = await job.explain()
      expect(text).toMatch(/returned by the worker .*, whose build does not have its function/)
    })
    await pool.stop()
    await running
    await queue.close()
  })
})
