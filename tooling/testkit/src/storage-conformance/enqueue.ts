import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, RAISED, RETURNED, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

/** Enqueueing. */
export function describeEnqueue(name: string, open: OpenStorage): void {
  describe(`${name}: enqueue`, () => {
    it('keeps jobs in order, the ones at the front first', async () => {
      await using test = await open()
      const { queues } = test.storage
      const jobs = [newJob({ id: 'a' }), newJob({ id: 'b' }), newJob({ id: 'c' }, { atFront: true })]
      expect(await queues.enqueue(jobs)).toEqual(['queued', 'queued', 'queued'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['c', 'a', 'b'])
      expect(await queues.jobIds('default', 1, 1)).toEqual(['a'])
      expect(await queues.count('default')).toBe(3)
      expect(await queues.position('default', 'b')).toBe(2)
      expect(await queues.position('default', 'none')).toBeNull()
      expect(await queues.queueNames()).toEqual(['default'])
    })

    it('reads back what was written', async () => {
      await using test = await open()
      const { record } = newJob({
        id: 'full',
        meta: '{"a":"ü"}',
        resultTtlS: -1,
        failureTtlS: 7,
        ttlS: 50,
        groupId: 'team',
        onSuccess: { name: 'jobs#done', timeoutS: 60 },
        onFailure: { name: 'jobs#failed', timeoutS: 5 },
        onStopped: { name: 'jobs#stopped', timeoutS: 6 },
        retriesLeft: 3,
        retryMax: 3,
        retryOn: 'jobs#isTransient',
        retryIntervalsS: [1, 2],
        enqueueAtFrontOnRetry: true,
        repeatsLeft: 2,
        repeatIntervalsS: [5],
        dependencyIds: ['gone'],
        allowDependencyFailures: true,
        webhooks: [{ url: 'http://x/', job_status: 'finished', method: 'GET', headers: {}, timeout: 10 }],
        results: 'stream',
      })
      await test.storage.queues.enqueue([{ record, atFront: false, unique: false }])
      const [read] = await test.storage.jobs.fetch(['full'])
      expect(read).toMatchObject({ ...record, status: 'queued' })
      expect(read?.enqueuedAtMs).toBeGreaterThan(record.createdAtMs)
    })

    it('keeps bytes that are not UTF-8', async () => {
      await using test = await open()
      const data = new Uint8Array([0x80, 0x05, 0xff, 0x00])
      await test.storage.queues.enqueue([newJob({ id: 'bytes', data })])
      const [read] = await test.storage.jobs.fetch(['bytes'])
      expect(Buffer.from(read?.data ?? '')).toEqual(Buffer.from(data))
    })

    it('refuses a second unique job and writes nothing for it', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      const first = newJob({ id: 'u', description: 'first' }, { unique: true })
      const second = newJob({ id: 'u', description: 'second' }, { unique: true })
      expect(await queues.enqueue([first])).toEqual(['queued'])
      expect(await queues.enqueue([second])).toEqual(['duplicate'])
      expect(
        await queues.enqueue([newJob({ id: 'v' }, { unique: true }), newJob({ id: 'v' }, { unique: true })]),
      ).toEqual(['queued', 'duplicate'])
      expect((await jobs.fetch(['u']))[0]?.description).toBe('first')
      expect(await queues.jobIds('default', 0, -1)).toEqual(['u', 'v'])
    })

    it('accepts one of 50 concurrent unique jobs', async () => {
      await using test = await open()
      const clients = [test.storage, test.another()]
      const placements = await Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          (clients[n % 2] ?? test.storage).queues.enqueue([newJob({ id: 'one' }, { unique: true })]),
        ),
      )
      expect(placements.flat().filter((placement) => placement === 'queued')).toHaveLength(1)
      expect(await test.storage.queues.count('default')).toBe(1)
    })

    it('replaces a job that is enqueued again and keeps it in one place', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'again', description: 'old' }), newJob({ id: 'other' })])
      await queues.enqueue([newJob({ id: 'again', description: 'new', createdAtMs: 1_790_000_009_000 })])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['other', 'again'])
      expect((await jobs.fetch(['again']))[0]?.description).toBe('new')
    })

    it('puts a job at the end of its queue whose id an expired one has left in it, and runs it once', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 's', ttlS: 1 }), newJob({ id: 'other' })])
      await eventually(async () => expect(await jobs.exists('s')).toBe(false))
      await queues.enqueue([newJob({ id: 's', createdAtMs: 1_790_000_009_000 })])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['other', 's'])
      expect(await workOff(test.storage, RETURNED)).toEqual(['applied', 'applied'])
      expect((await workers.claim(claimRequest())).jobs).toEqual([])
    })

    it('loses the ids of expired jobs with the next maintenance, and starts no job for them', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'cleaned', ttlS: 1 }), newJob({ id: 'saved', ttlS: 1 }), newJob({ id: 'o' })])
      await eventually(async () => expect((await jobs.fetch(['cleaned', 'saved'])).filter(Boolean)).toEqual([]))
      await jobs.save(newJob({ id: 'saved' }).record)
      expect(await queues.jobIds('default', 0, -1)).toEqual(['cleaned', 'o'])
      await eventually(async () => {
        await workers.cleanUp(['default'])
        expect(await queues.jobIds('default', 0, -1)).toEqual(['o'])
      })
      const { jobs: claimed } = await workers.claim(claimRequest())
      expect(claimed.map(({ job }) => job.id)).toEqual(['o'])
    })

    it('defers a job until all it waits for have finished', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'q' })])
      expect(await queues.enqueue([newJob({ id: 'child', dependencyIds: ['p', 'q', 'gone'] })])).toEqual(['deferred'])
      expect(await queues.registryIds('default', 'deferred', 0, -1, false)).toEqual(['child'])
      const { jobs } = await test.storage.workers.claim(claimRequest({ want: 1 }))
      await end(test.storage, jobs, RETURNED)
      expect(await statusOf(test.storage, 'child')).toEqual(['deferred'])
      await workOff(test.storage, RETURNED)
      expect(await statusOf(test.storage, 'child')).toEqual(['queued'])
      expect(await queues.registryCount('default', 'deferred')).toBe(0)
    })

    it('queues a job at once whose dependencies are done, gone, or failed where that is allowed', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.enqueue([newJob({ id: 'done' })])
      await workOff(test.storage, RETURNED)
      await queues.enqueue([newJob({ id: 'bad' })])
      await workOff(test.storage, RAISED)
      const waiting = [
        newJob({ dependencyIds: ['done'] }),
        newJob({ dependencyIds: ['never'] }),
        newJob({ dependencyIds: ['bad'], allowDependencyFailures: true }),
        newJob({ dependencyIds: ['bad'] }),
      ]
      expect(await queues.enqueue(waiting)).toEqual(['queued', 'queued', 'queued', 'deferred'])
    })

    it('releases dependents in the order in which they were deferred, in steps where they are many', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'p' })])
      const ids = Array.from({ length: 20 }, (_, n) => `child-${99 - n}`)
      await queues.enqueue(ids.map((id) => newJob({ id, origin: 'few', dependencyIds: ['p'] })))
      await workOff(test.storage, RETURNED)
      expect(await queues.jobIds('few', 0, -1)).toEqual(ids)

      await queues.enqueue([newJob({ id: 'q' })])
      for (let batch = 0; batch < 4; batch++) {
        await queues.enqueue(Array.from({ length: 500 }, () => newJob({ origin: 'many', dependencyIds: ['q'] })))
      }
      await workOff(test.storage, RETURNED)
      while (await workers.releaseDependents());
      expect(await queues.count('many')).toBe(2000)
      expect(await queues.registryCount('many', 'deferred')).toBe(0)
    })

    it('refuses jobs that would wait for each other in a cycle', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.enqueue([newJob({ id: 'start' })])
      await queues.enqueue([newJob({ id: 'x', dependencyIds: ['start'] }), newJob({ id: 'y', dependencyIds: ['x'] })])
      expect(await queues.enqueue([newJob({ id: 'x', dependencyIds: ['y'], createdAtMs: 1 })])).toEqual(['cycle'])
    })

    it('appends to a pipeline, and changes nothing before its exec', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'c' }), newJob({ id: 'd' })])
      const pipeline = test.pipeline()
      queues.enqueueInto(pipeline, [newJob({ id: 'a' }), newJob({ id: 'b' })])
      jobs.cancelInto(pipeline, { jobId: 'c', enqueueDependents: false, removeFromDependencies: false })
      jobs.deleteInto(pipeline, { jobId: 'd', deleteDependents: false })
      expect(await queues.jobIds('default', 0, -1)).toEqual(['c', 'd'])
      await pipeline.exec()
      expect(await queues.jobIds('default', 0, -1)).toEqual(['a', 'b'])
      expect(await statusOf(test.storage, 'c', 'd')).toEqual(['canceled', undefined])
    })

    it('leaves a job alone when it is enqueued a second time, unless it is to run once more', async () => {
      await using test = await open()
      const { queues } = test.storage
      const [job, child] = [newJob({ id: 'j' }), newJob({ id: 'child', dependencyIds: ['j'] })]
      expect(await queues.enqueue([job, child])).toEqual(['queued', 'deferred'])
      expect(await queues.enqueue([job, child])).toEqual(['queued', 'deferred'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['j'])
      expect(await queues.enqueue([{ ...child, again: true }])).toEqual(['deferred'])
      await workOff(test.storage, RAISED)
      expect(await queues.enqueue([{ ...job, again: true }])).toEqual(['queued'])
      await workOff(test.storage, RETURNED)
      expect(await statusOf(test.storage, 'j', 'child')).toEqual(['finished', 'queued'])
      expect(await queues.registryCount('default', 'failed')).toBe(0)
    })

    it('moves a deferred job to another queue, where it waits on, and to a time', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const child = newJob({ id: 'child', dependencyIds: ['j'] })
      await queues.enqueue([newJob({ id: 'j' }), child])
      const moved = { ...child, record: { ...child.record, origin: 'other' }, again: true }
      for (const _ of ['first', 'lost reply']) expect(await queues.enqueue([moved])).toEqual(['deferred'])
      const places = () =>
        Promise.all(['default', 'other'].map((name) => queues.registryIds(name, 'deferred', 0, -1, false)))
      expect(await places()).toEqual([[], ['child']])
      expect(await queues.enqueue([{ ...moved, dueMs: 4_000_000_000_000 }])).toEqual(['scheduled'])
      expect(await places()).toEqual([[], []])
      expect(await queues.enqueue([moved])).toEqual(['deferred'])
      await workOff(test.storage, RETURNED)
      expect(await jobs.status('child')).toBe('queued')
      expect(await queues.jobIds('other', 0, -1)).toEqual(['child'])
    })

    it('enqueues a job once more that gets a slot of a rate limit by the same call', async () => {
      await using test = await open()
      const { queues } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      const [holds, waits] = [newJob({ id: 'holds', rateLimit }), newJob({ id: 'waits', rateLimit })]
      expect(await queues.enqueue([holds, waits])).toEqual(['queued', 'rate_limited'])
      const later = { again: true, dueMs: 4_000_000_000_000 }
      const both = [newJob({ id: 'holds' }, later), newJob({ id: 'waits' }, later)]
      expect(await queues.enqueue(both)).toEqual(['scheduled', 'scheduled'])
      expect(await queues.count('default')).toBe(0)
    })

    it('leases a job at once instead of queueing it, unless it must wait or exists already', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const begun = await queues.begin(newJob({ id: 'b' }, { unique: true }), 'sync', 15_000)
      const executionId = begun.placement === 'started' ? begun.executionId : ''
      expect((await jobs.executions('b')).map(({ id }) => id)).toEqual([executionId])
      expect((await jobs.fetch(['b']))[0]).toMatchObject({ status: 'started', workerName: 'sync', executionId })
      expect(await queues.begin(newJob({ id: 'b' }, { unique: true }), 'sync', 15_000)).toEqual({
        placement: 'duplicate',
      })
      const waiting = newJob({ id: 'w', dependencyIds: ['b'] })
      expect(await queues.begin(waiting, 'sync', 15_000)).toEqual({ placement: 'deferred' })
      const [job] = await jobs.fetch(['b'])
      expect(await end(test.storage, job === undefined ? [] : [{ executionId, job }], RETURNED)).toEqual(['applied'])
      expect(await statusOf(test.storage, 'b', 'w')).toEqual(['finished', 'queued'])
    })

    it('schedules a job for its time', async () => {
      await using test = await open()
      const dueMs = 1_900_000_000_250
      expect(await test.storage.queues.enqueue([newJob({ id: 's' }, { dueMs })])).toEqual(['scheduled'])
      expect(await test.storage.queues.registryScoreMs('default', 'scheduled', 's')).toBe(dueMs)
      expect(await test.storage.queues.count('default')).toBe(0)
    })

    it('queues as many jobs of a rate limit as it allows, and the next when one ends', async () => {
      await using test = await open()
      const { queues } = test.storage
      const rateLimit = { key: 'api', concurrency: 2 }
      const jobs = ['1', '2', '3', '4'].map((id) => newJob({ id, rateLimit, createdAtMs: Number(id) }))
      expect(await queues.enqueue(jobs)).toEqual(['queued', 'queued', 'rate_limited', 'rate_limited'])
      const { jobs: claimed } = await test.storage.workers.claim(claimRequest())
      expect(claimed.map(({ job }) => job.id)).toEqual(['1', '2'])
      await end(test.storage, claimed.slice(0, 1), RETURNED)
      expect(await queues.jobIds('default', 0, -1)).toEqual(['3'])
    })
  })
}
