import { RedisStorage } from '@rq/redis'
import { eventually } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { aesCodec, Group, Job, job, Queue, type Unique } from '../src/index.ts'
import { add, divByZero, echo, nothing } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

const KEY = { unique: { key: 'k' } } as const

describe('unique', () => {
  it('returns the job that holds the key of function and arguments, until that has ended', async () => {
    await using at = await rqFixture()
    const first = await at.queue.enqueue(add, [1, 2], { unique: {} })
    const again = await at.queue.enqueue(add, [1, 2], { unique: {} })
    const other = await at.queue.enqueue(add, [2, 1], { unique: {} })
    expect([first.isDuplicate, again.isDuplicate, other.isDuplicate]).toEqual([false, true, false])
    expect(again.id).toBe(first.id)
    expect(await at.queue.count()).toBe(2)
    await at.work()
    expect(await again.result()).toBe(3)
    const next = await at.queue.enqueue(add, [1, 2], { unique: {} })
    expect([next.isDuplicate, next.id === first.id]).toEqual([false, false])
  })

  it('leaves nothing behind that keeps memory', async () => {
    await using at = await rqFixture()
    for (let n = 0; n < 5; n++) await at.queue.enqueue(echo, [n], { unique: {}, resultTtl: 0 })
    await at.queue.enqueue(divByZero, [], { unique: { for: '1h' }, failureTtl: 0 })
    expect(await at.keys()).toContain('unique:default')
    await at.work()
    expect(await at.keys()).not.toContain('unique:default')
  })

  it('drops keys that no job holds with the maintenance of a worker, and with the queue', async () => {
    await using at = await rqFixture()
    const first = await at.queue.enqueue(nothing, [], KEY)
    await first.delete()
    await at.queue.enqueue(nothing, [], { unique: { key: 'held' } })
    await at.queue.enqueue(nothing, [], { unique: { key: 'deleted' } }).then((made) => made.delete())
    const keys = () => at.redis.client.hkeys(at.key('unique:default'))
    expect((await keys()).sort()).toEqual(['deleted', 'held', 'k'])
    await using storage = new RedisStorage({ connection: at.redis.client, prefix: at.redis.prefix })
    await storage.workers.cleanUp(['default'])
    expect(await keys()).toEqual(['held'])
    await at.queue.delete()
    expect(await keys()).toEqual([])
  })

  it('refuses or replaces the job that holds the key, when asked', async () => {
    await using at = await rqFixture()
    const first = await at.queue.enqueue(add, [1, 1], KEY)
    const refused = at.queue.enqueue(add, [2, 2], { unique: { key: 'k', onDuplicate: 'refuse' } })
    await expect(refused).rejects.toMatchObject({
      code: 'RQ_DUPLICATE_JOB',
      jobId: first.id,
      message: `Job ${first.id} holds the key "k" of the queue default. Nothing was written.`,
    })
    const last = await at.queue.enqueue(add, [3, 3], { unique: { key: 'k', onDuplicate: 'replace' } })
    expect(await Job.exists(first.id, at.shared)).toBe(false)
    expect(await at.queue.getJobIds()).toEqual([last.id])
    expect((await last.explain()).text).toMatch(/Until it ends, it holds the key "k" of the queue default\.$/)
    expect((await Job.fetch(last.id, at.shared)).uniqueKey).toBe('k')
  })

  it('tells what became of each job of a list and of a group', async () => {
    await using at = await rqFixture()
    const there = await at.queue.enqueue(nothing, [], KEY)
    const datas = [
      Queue.prepareData(nothing, [], { unique: { key: 'a' } }),
      Queue.prepareData(nothing, [], KEY),
      Queue.prepareData(nothing),
      Queue.prepareData(nothing, [], { unique: { key: 'a' } }),
    ]
    const jobs = await at.queue.enqueueMany(datas)
    expect(jobs.map(({ id, isDuplicate }) => [id, isDuplicate])).toEqual([
      [datas[0]?.id, false],
      [there.id, true],
      [datas[2]?.id, false],
      [datas[0]?.id, true],
    ])
    const group = Group.create({ ...at.shared, name: 'g' })
    const [joined, held] = await group.enqueueMany(at.queue, [
      Queue.prepareData(nothing, [], { unique: { key: 'b' } }),
      Queue.prepareData(nothing, [], KEY),
    ])
    expect(held?.isDuplicate).toBe(true)
    expect(await group.getJobIds()).toEqual([joined?.id])
    const refused = at.queue.enqueueMany([Queue.prepareData(nothing), Queue.prepareData(nothing, [], KEY)], {
      onDuplicate: 'refuse',
    })
    await expect(refused).rejects.toMatchObject({
      duplicates: [there.id],
      message: expect.stringMatching(/holds the key "k" .* Of 2 jobs: 1 written, 1 duplicate; /),
    })
  })

  it('is for delayed jobs, dependents and decorated functions, and asks a function for the key', async () => {
    await using at = await rqFixture()
    const options = { unique: { key: ([id]: readonly unknown[]) => `user:${id}` } }
    const later = await at.queue.enqueueIn('1h', echo, [7], options)
    expect((await at.queue.enqueueIn('2h', echo, [7], options)).id).toBe(later.id)
    const child = await at.queue.enqueue(echo, [8], { ...options, dependsOn: later })
    expect(await child.getStatus()).toBe('deferred')
    expect((await at.queue.enqueue(echo, [8], options)).id).toBe(child.id)
    const mail = job(at.queue, options)(echo)
    const delayed = await mail.delay(9)
    expect((await mail.delay(9)).id).toBe(delayed.id)
    expect(delayed.uniqueKey).toBe('user:9')
  })

  it('for a time: returns a handle with the id of the first job, although that is gone', async () => {
    await using at = await rqFixture()
    const options = { resultTtl: 0, unique: { key: 'k', for: '1h' } }
    const first = await at.queue.enqueue(echo, [1], options)
    await at.work()
    const again = await at.queue.enqueue(echo, [1], options)
    expect([again.id, again.isDuplicate]).toEqual([first.id, true])
    await expect(again.result()).rejects.toMatchObject({ code: 'RQ_NO_SUCH_JOB' })
    expect(await at.queue.count()).toBe(0)
  })

  it.each(['queued', 'started', 'scheduled'])(
    'is free of a failed job over which Python has saved the status %s',
    async (status) => {
      await using at = await rqFixture(/^job /)
      const failed = await at.queue.enqueue(divByZero, [], KEY)
      await at.work()
      await at.redis.client.hset(at.key(`job:${failed.id}`), 'status', status)
      await at.redis.client.hset(at.key('unique:default'), 'k', failed.id)
      expect((await at.queue.enqueue(nothing, [], KEY)).isDuplicate).toBe(false)
    },
  )

  it('runs jobs at once one after the other, on a queue with isAsync: false', async () => {
    await using at = await rqFixture()
    const queue = at.open('low', { isAsync: false })
    const first = await queue.enqueue(add, [1, 2], { unique: { key: 'k', until: 'deleted' } })
    const again = await queue.enqueue(add, [3, 4], { unique: { key: 'k', until: 'deleted' } })
    expect([again.id, again.isDuplicate, await again.returnValue()]).toEqual([first.id, true, 3])
  })

  it('waits for the job that holds the key', async () => {
    await using at = await rqFixture()
    await at.queue.enqueue(add, [1, 2], KEY)
    const waiting = at.queue.enqueueAndWait(add, [3, 4], KEY)
    await eventually(async () => expect(await at.queue.count()).toBe(1))
    await at.work()
    expect(await waiting).toBe(3)
  })

  it('takes its key again when it is enqueued once more, or refuses', async () => {
    await using at = await rqFixture()
    const first = await at.queue.enqueue(nothing, [], KEY)
    await at.work()
    await at.queue.enqueueJob(first)
    const second = await at.queue.enqueue(nothing, [], KEY)
    expect(second.id).toBe(first.id)
    await at.work()
    const third = await at.queue.enqueue(nothing, [], KEY)
    await expect(at.queue.enqueueJob(first)).rejects.toMatchObject({ code: 'RQ_DUPLICATE_JOB', jobId: third.id })
  })

  it('lets one of many concurrent callers through, each of whom gets its job', async () => {
    await using at = await rqFixture()
    const queues = [at.queue, at.open('default')]
    const jobs = await Promise.all(Array.from({ length: 40 }, (_, n) => queues[n % 2]?.enqueue(nothing, [], KEY)))
    expect(new Set(jobs.map((made) => made?.id)).size).toBe(1)
    expect(jobs.filter((made) => made?.isDuplicate === false)).toHaveLength(1)
    await eventually(async () => expect(await at.queue.count()).toBe(1))
  })

  it.each<[string, Unique | number]>([
    ['unique.key', { key: '' }],
    ['unique.key', { key: 'x'.repeat(513) }],
    ['unique.key', { key: () => '' }],
    ['unique.key', { key: 7 as never }],
    ['unique.until', { until: 'done' as never }],
    ['unique.for', { for: 0 }],
    ['unique.for', { for: 'soon' }],
    ['unique.onDuplicate', { onDuplicate: 'skip' as never }],
    ['option name of unique', { kee: 'k' } as never],
    ['unique', 7],
  ])('refuses a wrong %s, case %#, and writes nothing', async (option, unique) => {
    await using at = await rqFixture()
    const wrong = at.queue.enqueue(nothing, [], { unique: unique as Unique })
    await expect(wrong).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION', details: { option } })
    expect(await at.keys()).toEqual([])
  })

  it('refuses a key in a pipeline, in a job that is created first, and a hash of arguments that a codec hides', async () => {
    await using at = await rqFixture()
    const pipeline = at.redis.client.pipeline()
    await expect(at.queue.enqueue(nothing, [], { ...KEY, pipeline })).rejects.toMatchObject({
      details: { option: 'unique' },
    })
    await expect(at.queue.createJob(nothing, [], KEY)).rejects.toMatchObject({ details: { option: 'unique' } })
    const codec = aesCodec({ keys: { k1: `${'A'.repeat(43)}=` }, active: 'k1' })
    const secret = at.open('secret', { codec })
    await expect(secret.enqueue(nothing, [], { unique: {} })).rejects.toMatchObject({
      details: { option: 'unique.key' },
    })
    expect((await secret.enqueue(nothing, [], KEY)).isDuplicate).toBe(false)
    expect((await secret.enqueue(nothing, [], KEY)).isDuplicate).toBe(true)
  })
})
