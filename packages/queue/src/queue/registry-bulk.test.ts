import { settle } from '@rq/job'
import { TestStorage } from '@rq/testkit/memory-storage'
import { claimRequest } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { Queue } from './queue.ts'

const TIMES = { startedAtMs: 1, endedAtMs: 2 }

async function withFailedJobs(count: number, func = './jobs#send') {
  const storage = new TestStorage()
  const queue = new Queue('default', { storage })
  const datas = Array.from({ length: count }, (_, n) => Queue.prepareData(func, [], { jobId: `f${n}` }))
  await queue.enqueueMany(datas)
  const { jobs } = await storage.workers.claim(claimRequest({ want: count }))
  const raised = { kind: 'raised', error: 'no', ...TIMES } as const
  await storage.workers.settle(
    'worker',
    jobs.map(({ executionId, job }) => settle(job, executionId, raised)),
  )
  return { queue, registry: queue.failedJobRegistry, storage }
}

describe('registry.requeueAll', () => {
  it('requeues all failed jobs, in many steps', async () => {
    const { queue, registry } = await withFailedJobs(250)
    expect(await registry.requeueAll()).toEqual({ done: 250, left: 0 })
    expect([await registry.count(), await queue.count()]).toEqual([0, 250])
    expect(await registry.requeueAll()).toEqual({ done: 0, left: 0 })
  })

  it('stops at its limit, and says how many it has not looked at', async () => {
    const { queue, registry } = await withFailedJobs(250)
    expect(await registry.requeueAll({ limit: 120, atFront: true })).toEqual({ done: 120, left: 130 })
    expect(await queue.count()).toBe(120)
  })

  it('takes only calls of a function, and only old ones', async () => {
    const { queue, registry, storage } = await withFailedJobs(150)
    const young = { endedAtMs: Date.now() }
    for (const id of ['f3', 'f140']) Object.assign(storage.recordOf(id), young)
    expect(await registry.requeueAll({ function: './jobs#other' })).toEqual({ done: 0, left: 0 })
    expect(await registry.requeueAll({ function: './jobs#send', olderThan: '1h' })).toEqual({ done: 148, left: 0 })
    expect((await registry.getJobIds()).sort()).toEqual(['f140', 'f3'])
    expect(await queue.count()).toBe(148)
  })

  it('takes only those that failed with an error, by its code or class', async () => {
    const { queue, registry, storage } = await withFailedJobs(150)
    const failWith = (id: string, excString: string, remote?: string) => {
      storage.end(id, 'failed', { type: 'failed', excString, remote }, { keepS: -1 })
    }
    failWith('f3', 'Error: no', '{"name":"DatabaseError","message":"no","code":"ECONNRESET"}')
    failWith('f140', 'RqError [RQ_INPUT_INVALID]: The input does not fit')
    failWith('f141', 'app.errors.NoUser: 7')
    const namesOf = async (error: string) => {
      const found: string[] = []
      for await (const job of registry.jobs({ error, desc: true })) found.push(job.id)
      return found
    }
    expect(await namesOf('RQ_INPUT_INVALID')).toEqual(['f140'])
    expect([await namesOf('ECONNRESET'), await namesOf('DatabaseError')]).toEqual([['f3'], ['f3']])
    expect([await namesOf('app.errors.NoUser'), await namesOf('RQ_NO_RETRY')]).toEqual([['f141'], []])
    expect(await registry.requeueAll({ error: 'RQ_INPUT_INVALID' })).toEqual({ done: 1, left: 0 })
    expect(await queue.getJobIds()).toEqual(['f140'])
  })

  it('drops jobs that are gone, and passes over those that cannot be moved', async () => {
    const { queue, registry, storage } = await withFailedJobs(3)
    storage.forget('f0')
    Object.assign(storage.recordOf('f1'), { origin: 'elsewhere' })
    expect(await registry.requeueAll()).toEqual({ done: 1, left: 0 })
    expect(await queue.getJobIds()).toEqual(['f2'])
  })

  it('runs scheduled jobs before they are due', async () => {
    const queue = new Queue('default', { storage: new TestStorage() })
    for (const jobId of ['a', 'b']) await queue.enqueueIn('1h', './jobs#send', [], { jobId })
    expect(await queue.scheduledJobRegistry.requeueAll({ limit: 1 })).toEqual({ done: 1, left: 1 })
    expect(await queue.getJobIds()).toEqual(['a'])
  })

  it.each([
    [{ limit: 0 }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ olderThan: -1 }, 'olderThan'],
    [{ olderThan: 'soon' }, 'olderThan'],
    [{ function: () => {} }, 'function'],
    [{ error: 7 }, 'error'],
    [{ error: '' }, 'error'],
    [{ atFront: 1 }, 'atFront'],
    [{ olderTan: 1 }, 'option name of registry.requeueAll'],
  ])('refuses %j, and writes nothing', async (options, option) => {
    const { queue, registry } = await withFailedJobs(1)
    const wrong = registry.requeueAll(options as never)
    await expect(wrong).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION', details: { option } })
    expect(await queue.count()).toBe(0)
  })

  it('is for failed and scheduled jobs only', async () => {
    const { queue } = await withFailedJobs(0)
    for (const registry of [queue.finishedJobRegistry, queue.deferredJobRegistry, queue.startedJobRegistry]) {
      await expect(registry.requeueAll()).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    }
  })
})

describe('registry.clear', () => {
  it('deletes the jobs, those that are selected', async () => {
    const { registry, storage } = await withFailedJobs(120)
    expect(await registry.clear({ limit: 20 })).toEqual({ done: 20, left: 100 })
    expect(await registry.clear({ olderThan: '1h' })).toEqual({ done: 100, left: 0 })
    expect([await registry.count(), await storage.jobs.exists('f0')]).toEqual([0, false])
  })

  it('refuses unknown options, and running jobs', async () => {
    const { queue, registry } = await withFailedJobs(1)
    await expect(registry.clear({ atFront: true } as never)).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
    await expect(queue.startedJobRegistry.clear()).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    expect(await registry.count()).toBe(1)
  })
})

describe('queue.counts', () => {
  it('says how long the next job has waited, and has the names of all queues', async () => {
    const { queue, storage } = await withFailedJobs(2)
    expect(await queue.counts()).toMatchObject({ failed: 2, queued: 0, oldestQueuedSeconds: null })
    await queue.enqueue('./jobs#send')
    const all = await Queue.counts(undefined, { storage })
    expect(all).toMatchObject([{ name: 'default', queued: 1, failed: 2, oldestQueuedSeconds: expect.any(Number) }])
  })
})

describe('registry.jobs', () => {
  it('reads no more than are asked for, in pages, and leaves out those that are gone', async () => {
    const { registry, storage } = await withFailedJobs(250)
    let reads = 0
    storage.onCall = ({ name }, run) => {
      if (name === 'jobs.fetch') reads++
      return run()
    }
    const all: string[] = []
    for await (const { id } of registry.jobs({ limit: 120 })) all.push(id)
    expect([all.length, new Set(all).size, reads]).toEqual([120, 120, 2])
    for await (const { id } of registry.jobs()) if (id === all[0]) break
    expect(reads).toBe(3)
    for (const id of all) storage.forget(id)
    const left: string[] = []
    for await (const { id } of registry.jobs({ function: './jobs#send', limit: 200 })) left.push(id)
    expect(left).toHaveLength(130)
    await expect(registry.jobs({ desc: 1 } as never).next()).rejects.toMatchObject({ details: { option: 'desc' } })
    await expect(registry.jobs({ limt: 1 } as never).next()).rejects.toThrow(/Did you mean 'limit'|limt/)
  })
})
