import { eventually, faultProxy } from '@rq/testkit'
import { describe, expect, it } from 'vitest'
import { Dependency, Job, Queue } from '../src/index.ts'
import { divByZero, echo, note, noted, nothing, sayHello } from './functions.ts'
import { rqFixture } from './rq-fixture.ts'

const status = (...jobs: { getStatus(): Promise<string> }[]) => Promise.all(jobs.map((job) => job.getStatus()))

describe('Dependency', () => {
  it('refuses values that are not jobs', async () => {
    await using at = await rqFixture()
    expect(() => new Dependency({ jobs: [] })).toThrow('at least one job')
    expect(() => new Dependency({ jobs: [new Date() as never] })).toThrow('Invalid dependency.jobs')
    await expect(at.queue.enqueue(nothing, [], { dependsOn: 7 as never })).rejects.toThrow('Invalid dependsOn')
  })

  it('may be a job, an id, a Dependency, or several of them', async () => {
    await using at = await rqFixture()
    const [a, b, c] = [
      await at.queue.enqueue(nothing),
      await at.queue.enqueue(nothing),
      await at.queue.enqueue(nothing),
    ]
    const dependsOn = [a, b.id, new Dependency({ jobs: [c, a.id] })]
    const child = await at.queue.enqueue(nothing, [], { dependsOn })
    expect(child.dependencyIds).toEqual([a.id, b.id, c.id])
    expect((await child.fetchDependencies()).map(({ id }) => id)).toEqual([a.id, b.id, c.id])
    expect(await b.getDependentIds()).toEqual([child.id])
  })
})

describe('dependsOn', () => {
  it('defers a job until its dependency has finished', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(note, ['parent'])
    const child = await at.queue.enqueue(note, ['child'], { dependsOn: parent, ttl: 60, jobTimeout: 44 })
    expect(await status(child)).toEqual(['deferred'])
    expect(await at.queue.deferredJobRegistry.getJobIds()).toEqual([child.id])
    expect(await at.queue.getJobIds()).toEqual([parent.id])
    await at.work()
    expect(noted).toEqual(['parent', 'child'])
    expect((await Job.fetch(child.id, at.shared)).timeout).toBe(44)
    expect(await at.queue.deferredJobRegistry.count()).toBe(0)
  })

  it('does not wait for a job that is done, deleted, or never existed', async () => {
    await using at = await rqFixture(/has no origin/)
    const [done, gone] = [await at.queue.enqueue(nothing), await at.queue.enqueue(nothing, [], { resultTtl: 0 })]
    await at.work()
    const unsaved = await Job.create(nothing, [], at.shared)
    const saved = await Job.create(nothing, [], at.shared)
    await saved.save()
    expect(await status(await at.queue.enqueue(nothing, [], { dependsOn: [done, gone, unsaved] }))).toEqual(['queued'])
    expect(await status(await at.queue.enqueue(nothing, [], { dependsOn: saved }))).toEqual(['deferred'])
  })

  it('waits for all of several dependencies', async () => {
    await using at = await rqFixture()
    const [first, second] = [await at.queue.enqueue(nothing), await at.queue.enqueue(nothing)]
    const child = await at.queue.enqueue(nothing, [], { dependsOn: [first, second] })
    await at.work(['default'], { maxJobs: 1 })
    expect(await status(first, second, child)).toEqual(['finished', 'queued', 'deferred'])
    await at.work(['default'], { maxJobs: 1 })
    expect(await status(child)).toEqual(['queued'])
  })

  it('releases each dependent into its own queue, in the order in which they were enqueued', async () => {
    await using at = await rqFixture()
    const [low, high] = [at.open('low'), at.open('high')]
    const parent = await at.queue.enqueue(nothing)
    const ids = Array.from({ length: 20 }, (_, n) => `child-${19 - n}`)
    await low.enqueueMany(ids.map((jobId) => Queue.prepareData(nothing, [], { jobId, dependsOn: parent })))
    const other = await high.enqueue(nothing, [], { dependsOn: parent })
    await at.work()
    expect(await low.getJobIds()).toEqual(ids)
    expect(await high.getJobIds()).toEqual([other.id])
    expect(await low.deferredJobRegistry.count()).toBe(0)
    expect(await high.deferredJobRegistry.count()).toBe(0)
  })

  it('releases a dependent after a failure only if that is allowed', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(divByZero)
    const strict = await at.queue.enqueue(note, ['strict'], { dependsOn: parent })
    const tolerant = await at.queue.enqueue(note, ['tolerant'], {
      dependsOn: new Dependency({ jobs: parent, allowFailure: true }),
    })
    await at.work()
    expect(await status(parent, strict, tolerant)).toEqual(['failed', 'deferred', 'finished'])
    expect(noted).toEqual(['tolerant'])
  })

  it('waits for the second dependency too when the first has failed', async () => {
    await using at = await rqFixture()
    const [failing, slow] = [await at.queue.enqueue(divByZero), await at.queue.enqueue(nothing)]
    const dependsOn = new Dependency({ jobs: [failing, slow], allowFailure: true })
    const child = await at.queue.enqueue(nothing, [], { dependsOn })
    await at.work(['default'], { maxJobs: 1 })
    expect(await status(failing, child)).toEqual(['failed', 'deferred'])
    await at.work(['default'], { maxJobs: 1 })
    expect(await status(child)).toEqual(['queued'])
  })

  it('treats dependencies that have ended before like others', async () => {
    await using at = await rqFixture()
    const [failed, canceled, stopped] = [await at.queue.enqueue(divByZero), await at.queue.enqueue(nothing), 'stopped']
    await canceled.cancel()
    await at.work()
    await at.queue.enqueue(nothing, [], { jobId: stopped })
    await at.redis.client.lrem(at.key('queue:default'), 1, stopped)
    await at.redis.client.hset(at.key(`job:${stopped}`), { status: 'stopped' })
    await at.redis.client.zadd(at.key('failed:default'), '9999999999', stopped)
    await at.redis.client.expireat(at.key(`job:${stopped}`), 9_999_999_999)
    const on = (jobs: string, allowFailure: boolean) => ({ dependsOn: new Dependency({ jobs, allowFailure }) })
    for (const [parent, allowFailure, expected] of [
      [failed.id, true, 'queued'],
      [failed.id, false, 'deferred'],
      [canceled.id, true, 'deferred'],
      [stopped, true, 'deferred'],
    ] as const) {
      expect(await status(await at.queue.enqueue(nothing, [], on(parent, allowFailure)))).toEqual([expected])
      const [many] = await at.queue.enqueueMany([Queue.prepareData(nothing, [], on(parent, allowFailure))])
      expect(await status(many)).toEqual([expected])
    }
  })

  it('puts a dependent at the head when it or its Dependency asks for it', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const byOption = await at.queue.enqueue(nothing, [], { dependsOn: parent, atFront: true })
    await at.queue.enqueue(nothing, [], { jobId: 'other' })
    await at.work(['default'], { maxJobs: 1 })
    expect(await at.queue.getJobIds()).toEqual([byOption.id, 'other'])
    const second = await at.queue.enqueue(nothing, [], { jobId: 'second', atFront: true })
    const dependsOn = new Dependency({ jobs: second, enqueueAtFront: true })
    const byDependency = await at.queue.enqueue(nothing, [], { dependsOn })
    await at.work(['default'], { maxJobs: 1 })
    expect((await at.queue.getJobIds())[0]).toBe(byDependency.id)
  })

  it('counts a dependency that expired after its success as done', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing, [], { resultTtl: 0 })
    const child = await at.queue.enqueue(echo, [1], { dependsOn: parent })
    await at.work()
    expect(await Job.exists(parent.id, at.shared)).toBe(false)
    expect(await child.returnValue()).toBe(1)
  })

  it('runs chains and diamonds in order', async () => {
    await using at = await rqFixture()
    const chain = Array.from({ length: 50 }, (_, n) =>
      Queue.prepareData(note, [`chain ${n}`], { jobId: `c${n}`, ...(n > 0 && { dependsOn: `c${n - 1}` }) }),
    )
    await at.queue.enqueueMany([...chain].reverse())
    await at.work()
    expect(noted).toEqual(Array.from({ length: 50 }, (_, n) => `chain ${n}`))
    noted.length = 0
    const top = await at.queue.enqueue(note, ['top'])
    const left = await at.queue.enqueue(note, ['left'], { dependsOn: top })
    const right = await at.open('other').enqueue(note, ['right'], { dependsOn: top })
    await at.queue.enqueue(note, ['bottom'], { dependsOn: [left, right] })
    await at.work(['default', 'other'])
    expect(noted).toEqual(['top', 'left', 'right', 'bottom'])
  })

  it('refuses a cycle, in one batch or over several calls', async () => {
    await using at = await rqFixture()
    const batch = [
      Queue.prepareData(nothing, [], { jobId: 'a', dependsOn: 'b' }),
      Queue.prepareData(nothing, [], { jobId: 'b', dependsOn: 'a' }),
    ]
    await expect(at.queue.enqueueMany(batch)).rejects.toThrow('a -> b -> a')
    expect(await at.redis.keys()).toEqual([])
    await at.queue.enqueue(nothing, [], { jobId: 'start' })
    await at.queue.enqueue(nothing, [], { jobId: 'x', dependsOn: 'start' })
    await at.queue.enqueue(nothing, [], { jobId: 'y', dependsOn: 'x' })
    await expect(at.queue.enqueue(nothing, [], { jobId: 'x', dependsOn: 'y' })).rejects.toMatchObject({
      code: 'RQ_INVALID_OPTION',
      details: { option: 'dependsOn' },
    })
    expect(await status(await Job.fetch('x', at.shared))).toEqual(['deferred'])
  })

  it('accepts a cycle through a job that has ended', async () => {
    await using at = await rqFixture()
    await at.queue.enqueue(nothing, [], { jobId: 'p' })
    await at.queue.enqueue(nothing, [], { jobId: 'child', dependsOn: 'p' })
    await at.work()
    await at.queue.enqueue(nothing, [], { jobId: 'p' })
    await at.queue.enqueue(nothing, [], { jobId: 'waits', dependsOn: 'p' })
    expect(await status(await at.queue.enqueue(nothing, [], { jobId: 'p', dependsOn: 'child' }))).toEqual(['queued'])
  })

  it('is stored while the dependent runs, and afterwards', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const child = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    await at.work()
    expect((await child.fetchDependencies()).map(({ id }) => id)).toEqual([parent.id])
    expect(await parent.getDependentIds()).toEqual([])
  })
})

describe('canceling among dependencies', () => {
  it('releases dependents when asked, and never runs the canceled job', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(note, ['parent'])
    const job1 = await at.queue.enqueue(note, ['1'], { dependsOn: parent })
    const job2 = await at.queue.enqueue(note, ['2'], { dependsOn: job1 })
    const job3 = await at.queue.enqueue(note, ['3'], { dependsOn: job2 })
    await job1.cancel({ enqueueDependents: true })
    expect(await status(job1, job2)).toEqual(['canceled', 'queued'])
    await at.work()
    expect(noted.sort()).toEqual(['2', '3', 'parent'])
    expect(await status(job1, job2, job3)).toEqual(['canceled', 'finished', 'finished'])
  })

  it('removes the job from the dependencies of a dependent that waits for others too', async () => {
    await using at = await rqFixture()
    const [canceled, other] = [await at.queue.enqueue(nothing), await at.queue.enqueue(nothing)]
    const child = await at.queue.enqueue(nothing, [], { dependsOn: [canceled, other] })
    await canceled.cancel({ enqueueDependents: true })
    expect(await status(child)).toEqual(['deferred'])
    await at.work()
    expect(await status(child)).toEqual(['finished'])
  })

  it('leaves dependents waiting by default', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const job1 = await at.queue.enqueue(note, ['1'], { dependsOn: parent })
    const job2 = await at.queue.enqueue(note, ['2'], { dependsOn: job1 })
    await job1.cancel()
    await at.work()
    expect(await status(parent, job1, job2)).toEqual(['finished', 'canceled', 'deferred'])
    expect(noted).toEqual([])
  })

  it('removes the job from the dependents of its dependencies only when asked', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const [kept, taken] = [
      await at.queue.enqueue(nothing, [], { dependsOn: parent }),
      await at.queue.enqueue(nothing, [], { dependsOn: parent }),
    ]
    await kept.cancel()
    await taken.cancel({ removeFromDependencies: true })
    expect(await parent.getDependentIds()).toEqual([kept.id])
  })

  it('releases a dependent once when two clients cancel its dependencies at the same time', async () => {
    await using at = await rqFixture()
    const parents = await Promise.all(Array.from({ length: 10 }, () => at.queue.enqueue(nothing)))
    const child = await at.open('children').enqueue(nothing, [], { dependsOn: parents })
    await Promise.all(parents.map((parent) => parent.cancel({ enqueueDependents: true })))
    expect(await at.open('children').getJobIds()).toEqual([child.id])
  })
})

describe('deleting among dependencies', () => {
  it('leaves the dependency when a dependent is deleted', async () => {
    await using at = await rqFixture()
    const parent = await at.queue.enqueue(nothing)
    const child = await at.queue.enqueue(nothing, [], { dependsOn: parent })
    await child.delete()
    expect(await at.keys()).toEqual([`job:${parent.id}`, 'queue:default', 'queues'])
  })

  it('holds no dependent back: it runs when its other dependencies finish, or with the next maintenance', async () => {
    await using at = await rqFixture()
    const gone = await at.queue.enqueue(nothing, [], { jobId: 'gone' })
    const other = await at.queue.enqueue(nothing)
    const alone = await at.queue.enqueue(nothing, [], { dependsOn: gone })
    const both = await at.queue.enqueue(nothing, [], { dependsOn: [gone, other] })
    await gone.delete()
    expect(await status(alone, both)).toEqual(['deferred', 'deferred'])
    expect((await alone.explain()).code).toBe('released')
    await eventually(async () => {
      await at.work()
      expect(await status(alone, both)).toEqual(['finished', 'finished'])
    })
  })

  it('is waited for again when it comes back first', async () => {
    await using at = await rqFixture()
    const gone = await at.queue.enqueue(nothing, [], { jobId: 'gone' })
    const child = await at.queue.enqueue(nothing, [], { dependsOn: gone })
    await gone.delete()
    await at.queue.enqueue(nothing, [], { jobId: 'gone' })
    expect(await child.explain()).toMatchObject({ code: 'jobs', waitingFor: ['gone'] })
    await at.work()
    expect(await status(child)).toEqual(['finished'])
  })
})

describe('many dependents of one job', () => {
  it('are all released, none twice, in steps of 250', async () => {
    await using at = await rqFixture()
    const children = at.open('children')
    const parent = await at.queue.enqueue(sayHello)
    const count = 10_000
    const datas = Array.from({ length: count }, (_, n) => Queue.prepareData(echo, [n], { dependsOn: parent }))
    await children.enqueueMany(datas)
    expect(await children.deferredJobRegistry.count()).toBe(count)
    const counts = [0]
    const look = async () => counts.push(await children.count())
    await using proxy = await faultProxy(at.redis.url, { onCommand: () => ({ kind: 'after', hook: look }) })
    await at.work(['default'], { connection: proxy.url })
    expect(await children.count()).toBe(count)
    expect(new Set(await children.getJobIds()).size).toBe(count)
    expect(await children.deferredJobRegistry.count()).toBe(0)
    expect(Math.max(...counts.slice(1).map((after, n) => after - (counts[n] ?? 0)))).toBe(250)
    await children.delete()
  })

  it('are released by the next worker when one dies before it is done', async () => {
    await using at = await rqFixture()
    const children = at.open('children')
    const parent = await at.queue.enqueue(sayHello)
    await children.enqueueMany(
      Array.from({ length: 1300 }, () => Queue.prepareData(nothing, [], { dependsOn: parent })),
    )
    // A pipeline takes the first step only, as a worker does that dies after it.
    const pipeline = at.redis.client.pipeline()
    await parent.cancel({ enqueueDependents: true, pipeline })
    await pipeline.exec()
    expect(await children.count()).toBe(250)
    expect(await parent.getDependentIds()).toHaveLength(1050)
    await at.work()
    expect(await children.count()).toBe(1300)
    await children.delete()
  })
})
