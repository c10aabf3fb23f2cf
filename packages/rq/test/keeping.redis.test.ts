import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { JobFailedError, type Queue, SimpleWorker } from '../src/index.ts'
import { add, divByZero, nothing } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('queue.configure', () => {
  it('lets workers keep the newest finished and failed jobs', async () => {
    await using at = await rqFixture()
    expect(await at.queue.configure({ keepFinished: 2, keepFailed: 1 })).toEqual({ keepFinished: 2, keepFailed: 1 })
    const ids = ['z', 'b', 'a', 'y', 'c']
    for (const id of ids) {
      await at.queue.enqueue(nothing, [], { jobId: id, resultTtl: -1 })
      await at.queue.enqueue(divByZero, [], { jobId: `${id}-failed` })
      await at.work(['default'], { concurrency: 1 })
    }
    expect((await at.queue.finishedJobRegistry.getJobIds()).sort()).toEqual(['c', 'y'])
    expect(await at.queue.failedJobRegistry.getJobIds()).toEqual(['c-failed'])
    expect(await at.queue.fetchJob('a')).toBeNull()
  })

  it('reaches a worker that runs, within seconds', async () => {
    await using at = await rqFixture()
    const functions = { nothing }
    const worker = new SimpleWorker('default', { ...at.where, functions, jobMonitoringInterval: 1 })
    const work = worker.work()
    const runOne = async () => (await at.queue.enqueue('nothing')).result({ timeout: 60 })
    await runOne()
    await at.queue.configure({ keepFinished: 1 })
    await eventually(async () => {
      const before = await at.queue.finishedJobRegistry.count()
      await runOne()
      await runOne()
      expect(await at.queue.finishedJobRegistry.count()).toBe(before)
    })
    await worker.stop()
    await work
  })

  it('gives callers the results of jobs that are not kept', async () => {
    await using at = await rqFixture()
    await at.queue.configure({ keepFinished: 0, keepFailed: 0 })
    const sum = at.queue.enqueueAndWait(add, [1, 2])
    const failed = at.queue.enqueueAndWait(divByZero, []).catch((error: unknown) => error)
    await eventually(async () => expect(await at.queue.count()).toBe(2))
    await at.work()
    expect(await sum).toBe(3)
    expect(await failed).toBeInstanceOf(JobFailedError)
    expect(await at.queue.counts()).toMatchObject({ finished: 0, failed: 0 })
  })

  it.each([
    [{ keepFailed: -1 }, /keepFailed.*-1.*whole number of jobs, 0 to keep none, or null for no limit/],
    [{ keepFinished: 1.5 }, /keepFinished/],
    [{ keepFinished: '10' }, /keepFinished/],
    [{ keep: 1 }, /keep/],
  ])('refuses %j, and writes nothing', async (options, message) => {
    await using at = await rqFixture()
    const refused = at.queue.configure({ keepFailed: 1, ...options } as Parameters<Queue['configure']>[0])
    await expect(refused).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION', message: expect.stringMatching(message) })
    expect(await at.keys()).toEqual([])
  })
})
