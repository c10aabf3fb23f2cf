import { writeFile } from 'node:fs/promises'
import { eventually, makeProject, redisFixture } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Queue, Worker, WorkerPool } from '../src/index.ts'

const MAIL = "export const send = () => 'sent'"
/** Two builds of jobs by name. The new one has another job, and takes another input for the old one. */
const definitions = (type: string, more = '') => `
import { defineJobs } from 'rq'
const validate = (value) =>
  typeof value === '${type}' ? { value } : { issues: [{ message: 'expected a ${type}', path: ['to'] }] }
const input = { '~standard': { version: 1, vendor: 'test', validate } }
export default defineJobs({ mail: { input, run: (to) => to }${more} })
`
const OLD_JOBS = definitions('string')
const NEW_JOBS = definitions('number', ', welcome: { run: (to) => to }')
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

  it('is for jobs by name, too; one whose input another build does not take fails at once, and is found', async () => {
    await using redis = await redisFixture()
    await using project = await makeProject({ 'old.mjs': OLD_JOBS, 'new.mjs': NEW_JOBS }, { packages: ['rq'] })
    const where = { connection: redis.url, prefix: redis.prefix }
    const queue = new Queue('default', where)
    const workOn = async (file: string, until: 'job:returned' | 'job:failed' | 'job:finished') => {
      const worker = new Worker('default', { ...where, onUnknownFunction, jobs: project.path(file) })
      const isOver = new Promise((resolve) => worker.once(until, resolve))
      const working = worker.work()
      await isOver
      await worker.stop()
      await working
    }
    const welcome = await queue.enqueue('welcome', ['ann'], { retry: 2 })
    await workOn('old.mjs', 'job:returned')
    await workOn('new.mjs', 'job:finished')
    expect([await welcome.returnValue(), (await welcome.results()).length]).toEqual(['ann', 1])

    const mail = await queue.enqueue('mail', ['bob'], { retry: 2 })
    await workOn('new.mjs', 'job:failed')
    await mail.refresh()
    expect([await mail.getStatus(), mail.retriesLeft]).toEqual(['failed', 2])
    expect(await queue.failedJobRegistry.requeueAll({ error: 'RQ_INPUT_INVALID' })).toEqual({ done: 1, left: 0 })
    await workOn('old.mjs', 'job:finished')
    expect(await mail.returnValue()).toBe('bob')
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
