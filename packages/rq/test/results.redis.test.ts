import { eventually, narrowProxy, patience } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Job, Retry, SimpleWorker } from '../src/index.ts'
import { callable, divByZero, echo, largeText, nothing, retryLater, sayHello } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

describe('results', () => {
  it('are empty before the first run, then newest first', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero)
    expect(await job.latestResult()).toBeNull()
    expect(await job.returnValue()).toBeUndefined()
    expect(await job.results()).toEqual([])
    await at.work()
    await job.requeue()
    await at.work()
    const results = await job.results()
    expect(results.map(({ type }) => type)).toEqual(['failed', 'failed'])
    expect(Number(results[0]?.createdAt)).toBeGreaterThanOrEqual(Number(results[1]?.createdAt))
    expect((await job.latestResult())?.executionId).toBe(results[0]?.executionId)
  })

  it('have their value, worker, execution and times, and expire with the job', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(sayHello, ['Ada'], { resultTtl: 6000 })
    await at.work(['default'], { name: 'ann' })
    expect(await job.latestResult()).toMatchObject({
      type: 'successful',
      returnValue: 'Hi there, Ada!',
      workerName: 'ann',
      executionId: expect.stringMatching(/^[0-9a-f]+$/),
      executionStartedAt: expect.any(Date),
      executionEndedAt: expect.any(Date),
      excString: undefined,
    })
    expect(await at.redis.client.ttl(at.key(`job:${job.id}`))).toBeGreaterThan(5900)
    await job.refresh()
    expect(job).toMatchObject({ workerName: 'ann', startedAt: expect.any(Date), endedAt: expect.any(Date) })
  })

  it('keep null', async () => {
    await using at = await rqFixture()
    const empty = await at.queue.enqueue(nothing)
    await at.work()
    expect(await empty.returnValue()).toBeNull()
  })

  it('are failures for values that cannot be serialized, or placeholders as in RQ', async () => {
    await using at = await rqFixture()
    const ours = await at.queue.enqueue(callable)
    const theirs = await at.open('default', { results: 'stream' }).enqueue(callable)
    await at.work()
    await expect(ours.result()).rejects.toThrow(/Cannot store the return value of .*: Cannot serialize value: it is a/)
    expect(await ours.isFailed()).toBe(true)
    const asked = await at.queue.enqueue(callable)
    await at.work(['default'], { unserializableResult: 'placeholder' })
    const here = at.open('here', { isAsync: false })
    expect(await (await here.enqueue(callable)).isFailed()).toBe(true)
    for (const job of [theirs, asked]) {
      expect(await job.returnValue()).toBe('Unserializable return value')
      expect(await job.isFinished()).toBe(true)
    }
  })

  it('are kept without limit, not at all, or as long as asked', async () => {
    await using at = await rqFixture()
    const forever = await at.queue.enqueue(echo, [1], { resultTtl: -1 })
    const none = await at.queue.enqueue(echo, [2], { resultTtl: 0 })
    const usual = await at.queue.enqueue(echo, [3])
    await at.work(['default'], { defaultResultTtl: 7700 })
    const ttl = (job: Job) => at.redis.client.ttl(at.key(`job:${job.id}`))
    expect(await ttl(forever)).toBe(-1)
    expect(await at.queue.finishedJobRegistry.getExpirationTime(forever)).toBeNull()
    expect(await Job.exists(none.id, at.shared)).toBe(false)
    expect(await none.latestResult()).toBeNull()
    expect(await ttl(usual)).toBeGreaterThan(7600)
    expect((await at.keys()).filter((key) => key.includes(none.id))).toEqual([])
  })

  it('are waited for, and end the wait at once', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(echo, ['late'])
    const started = performance.now()
    expect(await job.latestResult({ timeout: 0.2 })).toBeNull()
    expect(performance.now() - started).toBeGreaterThan(150)
    const waiting = job.latestResult({ timeout: patience(60) })
    const value = job.result({ timeout: patience(60) })
    await at.work()
    expect((await waiting)?.returnValue).toBe('late')
    expect(await value).toBe('late')
    expect((await job.latestResult({ timeout: patience(60) }))?.returnValue).toBe('late')
  })

  it('reject a waiting caller after a failure, with the remote stack', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero)
    await at.work()
    await expect(job.result({ timeout: patience(60) })).rejects.toMatchObject({
      code: 'RQ_JOB_FAILED',
      message: expect.stringContaining('division by zero'),
      remoteStack: expect.stringContaining('functions.ts'),
    })
    const canceled = await at.queue.enqueue(nothing)
    await canceled.cancel()
    await expect(canceled.result({ timeout: patience(60) })).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
    const slow = await at.queue.enqueue(nothing)
    await expect(slow.result({ timeout: 0.1 })).rejects.toMatchObject({ code: 'RQ_TIMEOUT' })
  })

  it('of a retried job do not end the wait', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(retryLater, [1, 60])
    await at.work()
    expect((await job.latestResult())?.type).toBe('retried')
    await expect(job.result({ timeout: 0.1 })).rejects.toMatchObject({ code: 'RQ_TIMEOUT' })
  })

  it('are kept by a job that is enqueued again', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(echo, ['ü'], { resultTtl: 60 })
    await at.work(['default'], { name: 'ann' })
    const [first] = await job.results()
    await at.queue.enqueueJob(job)
    expect(await job.results()).toMatchObject([
      {
        type: 'successful',
        returnValue: 'ü',
        workerName: 'ann',
        executionId: first?.executionId,
        createdAt: first?.createdAt,
        executionStartedAt: first?.executionStartedAt,
        executionEndedAt: first?.executionEndedAt,
      },
    ])
    await at.work(['default'], { name: 'bob' })
    await at.queue.enqueueJob(await Job.fetch(job.id, at.shared))
    await at.work(['default'], { name: 'cy' })
    expect((await job.results()).map(({ workerName, returnValue }) => [workerName, returnValue])).toEqual([
      ['cy', 'ü'],
      ['bob', 'ü'],
      ['ann', 'ü'],
    ])
    expect(await at.redis.client.ttl(at.key(`results:${job.id}`))).toBeLessThanOrEqual(60)
    const another = await at.queue.enqueue(echo, [2], { jobId: 'named' })
    await at.work()
    await at.queue.enqueue(echo, [3], { jobId: 'named' })
    expect(await another.results()).toEqual([])
  })

  it('are limited to ten', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero)
    for (let run = 0; run < 13; run++) {
      await at.work()
      if (run < 12) await job.requeue()
    }
    expect(await job.results()).toHaveLength(10)
  })

  it('are in the stream that Python reads, with results: stream', async () => {
    await using at = await rqFixture()
    const queue = at.open('shared', { results: 'stream' })
    const job = await queue.enqueue(echo, [{ a: 1 }], { resultTtl: 5000 })
    await at.work(['shared'])
    const [entry] = await at.redis.client.xrange(at.key(`results:${job.id}`), '-', '+')
    expect(entry?.[1]).toContain('return_value')
    expect(await at.redis.client.ttl(at.key(`results:${job.id}`))).toBeGreaterThan(4900)
    expect(await job.returnValue()).toEqual({ a: 1 })
    expect(await at.redis.client.hmget(at.key(`job:${job.id}`), 'result', 'exc_info')).toEqual([null, null])
  })

  it('are deleted with their job', async () => {
    await using at = await rqFixture()
    const job = await at.queue.enqueue(divByZero, [], { retry: new Retry({ max: 1 }) })
    await at.work()
    expect(await at.redis.client.exists(at.key(`results:${job.id}`))).toBe(1)
    await job.delete()
    expect(await at.keys()).toEqual(['queues'])
  })
})

describe('registries', () => {
  it('return membership, expiry and slices', async () => {
    await using at = await rqFixture()
    const [kept, other] = [
      await at.queue.enqueue(echo, [1], { resultTtl: 6000 }),
      await at.queue.enqueue(echo, [2], { resultTtl: 9000 }),
    ]
    await at.work()
    const registry = at.queue.finishedJobRegistry
    expect(String(registry)).toBe('<Registry finished of default>')
    expect(await registry.contains(kept)).toBe(true)
    expect(await registry.contains(kept.id)).toBe(true)
    expect(await registry.contains('unknown')).toBe(false)
    expect(await registry.getJobIds()).toEqual([kept.id, other.id])
    expect(await registry.getJobIds({ desc: true, end: 0 })).toEqual([other.id])
    const leftMs = Number(await registry.getExpirationTime(kept)) - Date.now()
    expect(leftMs).toBeGreaterThan(5_900_000)
    expect(leftMs).toBeLessThan(6_002_000)
    await expect(registry.getExpirationTime('unknown')).rejects.toMatchObject({ code: 'RQ_INVALID_OPERATION' })
  })

  it('remove a job, with its record or without', async () => {
    await using at = await rqFixture()
    const [a, b] = [await at.queue.enqueue(nothing), await at.queue.enqueue(nothing)]
    await at.work()
    const registry = at.queue.finishedJobRegistry
    expect(await registry.remove(a)).toBe(true)
    expect(await registry.remove(a)).toBe(false)
    expect(await Job.exists(a.id, at.shared)).toBe(true)
    expect(await registry.remove(b.id, { deleteJob: true })).toBe(true)
    expect(await Job.exists(b.id, at.shared)).toBe(false)
    expect(await registry.remove(b.id, { deleteJob: true })).toBe(false)
    await at.redis.client.zadd(at.key('canceled:default'), '1', 'gone')
    expect(await at.queue.canceledJobRegistry.remove('gone', { deleteJob: true })).toBe(true)
    expect(await at.keys()).toEqual([`job:${a.id}`, 'queues'])
  })

  it('remove expired entries before they count', async () => {
    await using at = await rqFixture()
    const { client } = at.redis
    await client.zadd(at.key('finished:default'), '1', 'old')
    await client.zadd(at.key('failed:default'), '1', 'old', '-1', 'for-ever')
    await client.zadd(at.key('canceled:default'), '1', 'old')
    expect(await at.queue.finishedJobRegistry.count({ cleanup: false })).toBe(1)
    expect(await at.queue.failedJobRegistry.getJobIds({ cleanup: false })).toEqual(['for-ever', 'old'])
    expect(await at.queue.finishedJobRegistry.count()).toBe(0)
    expect(await at.queue.failedJobRegistry.getJobIds()).toEqual(['for-ever'])
    expect(await at.queue.canceledJobRegistry.count()).toBe(1)
    await client.del(at.key('failed:default'), at.key('canceled:default'))
  })

  it('keep failures for a year, without limit, or as long as asked', async () => {
    await using at = await rqFixture()
    const usual = await at.queue.enqueue(divByZero)
    const brief = await at.queue.enqueue(divByZero, [], { failureTtl: 3000 })
    const forever = await at.queue.enqueue(divByZero, [], { failureTtl: -1 })
    await at.work()
    const ttl = (job: Job) => at.redis.client.ttl(at.key(`job:${job.id}`))
    expect(await ttl(usual)).toBeGreaterThan(364 * 24 * 3600)
    expect(await ttl(brief)).toBeGreaterThan(2900)
    expect(await ttl(forever)).toBe(-1)
    expect(await at.redis.client.zscore(at.key('failed:default'), forever.id)).toBe('-1')
    expect(await at.queue.failedJobRegistry.getExpirationTime(forever)).toBeNull()
  })

  it('are cleaned by a worker of jobs that no longer exist', async () => {
    await using at = await rqFixture()
    const { client } = at.redis
    await client.zadd(at.key('deferred:default'), '1', 'gone')
    await client.zadd(at.key('canceled:default'), '1', 'gone')
    await client.zadd(at.key('finished:default'), '1', 'gone')
    const kept = await at.queue.enqueue(nothing)
    await kept.cancel()
    // One worker until all is done: one that left earlier would leave the same undone each time.
    const worker = new SimpleWorker(at.queue, at.where)
    const working = worker.work()
    await eventually(async () => {
      expect(await at.queue.deferredJobRegistry.count()).toBe(0)
      expect(await at.queue.canceledJobRegistry.getJobIds()).toEqual([kept.id])
    })
    await worker.stop()
    await working
  })

  it('have jobs enqueued that a Python worker left ready', async () => {
    await using at = await rqFixture()
    const ready = await at.queue.enqueue(echo, ['ready'])
    const { client } = at.redis
    await client.lrem(at.key('queue:default'), 1, ready.id)
    await client.hset(at.key(`job:${ready.id}`), { status: 'ready_to_enqueue' })
    const other = await at.queue.enqueue(nothing)
    await client.zadd(at.key('ready:default'), '1', ready.id, '1', other.id, '1', 'gone')
    // One worker until all is done, as above.
    const worker = new SimpleWorker(at.queue, at.where)
    const working = worker.work({ withScheduler: false })
    await eventually(async () => {
      expect(await ready.returnValue()).toBe('ready')
      expect(await client.exists(at.key('ready:default'))).toBe(0)
    })
    await worker.stop()
    await working
  })

  it('that no connection carries fail their jobs, and the worker goes on', async () => {
    await using at = await rqFixture()
    await using proxy = await narrowProxy(at.redis.url, { mostBytes: 2 * 1024 * 1024 })
    const large = await at.queue.enqueue(largeText)
    const small = await at.queue.enqueue(sayHello)
    await at.work(['default'], { connection: proxy.url })
    await large.refresh()
    expect(await large.getStatus()).toBe('failed')
    expect((await large.latestResult())?.excString).toMatch(
      /refused the result .* 3\.\d MB was sent over 5 connections/,
    )
    expect(await small.result()).toBe('Hi there, Stranger!')
  })
})
