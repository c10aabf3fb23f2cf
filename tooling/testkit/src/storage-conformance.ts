import { newId } from '@rq/core'
import {
  type Claimed,
  type ClaimRequest,
  type JobRecord,
  type NewJob,
  type Outcome,
  type SettleAnswer,
  type Storage,
  settle,
} from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from './eventually.ts'

/** A storage of one test, empty, closed at the end of the test's scope. */
export interface StorageUnderTest extends AsyncDisposable {
  readonly storage: Storage
  /** A second client of the same storage. */
  another(): Storage
}

/** A job as a producer makes it. */
export function newJob(record: Partial<JobRecord> = {}, place: Partial<Omit<NewJob, 'record'>> = {}): NewJob {
  return {
    record: {
      id: newId(),
      origin: 'default',
      status: 'created',
      data: '["jobs#work",null,[1],{}]',
      createdAtMs: 1_790_000_000_000,
      timeoutS: 180,
      description: 'jobs#work(1)',
      results: 'hash',
      ...record,
    },
    atFront: false,
    unique: false,
    ...place,
  }
}

export function claimRequest(request: Partial<ClaimRequest> = {}): ClaimRequest {
  return { queues: ['default'], want: 10, workerName: 'worker', leaseMs: 15_000, ...request }
}

const TIMES = { startedAtMs: 1_790_000_001_000, endedAtMs: 1_790_000_002_000 }
export const RETURNED = { kind: 'returned', value: '42', ...TIMES } as const satisfies Outcome
export const RAISED = { kind: 'raised', error: 'Error: no\n    at work', ...TIMES } as const satisfies Outcome

/** Claim what waits and end it all the same way. */
export async function workOff(storage: Storage, outcome: Outcome, queues = ['default']): Promise<SettleAnswer[]> {
  const { jobs } = await storage.workers.claim(claimRequest({ queues }))
  return end(storage, jobs, outcome)
}

export async function end(storage: Storage, jobs: readonly Claimed[], outcome: Outcome): Promise<SettleAnswer[]> {
  const settlements = jobs.map(({ job, executionId }) => settle(job, executionId, outcome))
  return [...(await storage.workers.settle('worker', settlements)).answers]
}

/**
 * What every storage engine must do, whatever it is built on. Call it in a test file of the engine:
 * `describeStorage('RedisStorage', open)`.
 */
export function describeStorage(name: string, open: () => Promise<StorageUnderTest>): void {
  const status = async (storage: Storage, ...ids: string[]) => (await storage.jobs.fetch(ids)).map((job) => job?.status)

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

    it('keeps bytes that are no text', async () => {
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

    it('lets one of 50 concurrent unique jobs in', async () => {
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

    it('defers a job until all it waits for have finished', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'q' })])
      expect(await queues.enqueue([newJob({ id: 'child', dependencyIds: ['p', 'q', 'gone'] })])).toEqual(['deferred'])
      expect(await queues.registryIds('default', 'deferred', 0, -1, false)).toEqual(['child'])
      const { jobs } = await test.storage.workers.claim(claimRequest({ want: 1 }))
      await end(test.storage, jobs, RETURNED)
      expect(await status(test.storage, 'child')).toEqual(['deferred'])
      await workOff(test.storage, RETURNED)
      expect(await status(test.storage, 'child')).toEqual(['queued'])
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

    it('refuses jobs that would wait for each other in a circle', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.enqueue([newJob({ id: 'start' })])
      await queues.enqueue([newJob({ id: 'x', dependencyIds: ['start'] }), newJob({ id: 'y', dependencyIds: ['x'] })])
      expect(await queues.enqueue([newJob({ id: 'x', dependencyIds: ['y'], createdAtMs: 1 })])).toEqual(['cycle'])
    })

    it('schedules a job for its time', async () => {
      await using test = await open()
      const dueMs = 1_900_000_000_250
      expect(await test.storage.queues.enqueue([newJob({ id: 's' }, { dueMs })])).toEqual(['scheduled'])
      expect(await test.storage.queues.registryScoreMs('default', 'scheduled', 's')).toBe(dueMs)
      expect(await test.storage.queues.count('default')).toBe(0)
    })

    it('lets as many jobs of a rate limit in as it allows, and the next when one ends', async () => {
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

  describe(`${name}: claim and settle`, () => {
    it('serves queues in order and leases what it hands out', async () => {
      await using test = await open()
      const { queues, workers, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'low', origin: 'low' }), newJob({ id: 'high', origin: 'high' })])
      const { jobs: claimed } = await workers.claim(claimRequest({ queues: ['high', 'low'] }))
      expect(claimed.map(({ job }) => [job.id, job.origin, job.status])).toEqual([
        ['high', 'high', 'started'],
        ['low', 'low', 'started'],
      ])
      expect(await queues.registryIds('high', 'started', 0, -1, false)).toEqual(['high'])
      const [executed] = await jobs.executions('high')
      expect(executed?.id).toBe(claimed[0]?.executionId)
      expect((await jobs.fetch(['high']))[0]).toMatchObject({ status: 'started', workerName: 'worker' })
    })

    it('hands every job to one of many workers', async () => {
      await using test = await open()
      await test.storage.queues.enqueue(Array.from({ length: 200 }, () => newJob()))
      const other = test.another()
      const claims = await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          (n % 2 === 0 ? test.storage : other).workers.claim(claimRequest({ want: 7, workerName: `w${n}` })),
        ),
      )
      const ids = claims.flatMap(({ jobs }) => jobs.map(({ job }) => job.id))
      expect(new Set(ids).size).toBe(200)
      expect(ids).toHaveLength(200)
    })

    it('drops ids whose job is gone and an id that stands twice', async () => {
      await using test = await open()
      const { queues, workers, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'gone' }), newJob({ id: 'here' })])
      await jobs.delete({ jobId: 'gone', deleteDependents: false })
      expect((await workers.claim(claimRequest())).jobs.map(({ job }) => job.id)).toEqual(['here'])
      expect(await queues.count('default')).toBe(0)
    })

    it('stores a result and keeps the job as long as it says', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'kept' }), newJob({ id: 'dropped', resultTtlS: 0 })])
      expect(await workOff(test.storage, RETURNED)).toEqual(['applied', 'applied'])
      expect(await jobs.results('kept')).toMatchObject([
        { type: 'successful', returnValue: '42', workerName: 'worker', executionStartedAtMs: TIMES.startedAtMs },
      ])
      expect(await jobs.exists('dropped')).toBe(false)
      expect(await queues.registryIds('default', 'finished', 0, -1, false)).toEqual(['kept'])
      expect(await queues.registryCount('default', 'started')).toBe(0)
    })

    it('moves a failed job to the failed registry with its error', async () => {
      await using test = await open()
      await test.storage.queues.enqueue([newJob({ id: 'f' })])
      await workOff(test.storage, RAISED)
      expect(await status(test.storage, 'f')).toEqual(['failed'])
      expect(await test.storage.jobs.results('f')).toMatchObject([{ type: 'failed', excString: RAISED.error }])
      expect(await test.storage.queues.registryIds('default', 'failed', 0, -1, false)).toEqual(['f'])
    })

    it('puts a job with retries left back, at once or later', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([
        newJob({ id: 'now', retriesLeft: 1, retryIntervalsS: [0] }),
        newJob({ id: 'later', retriesLeft: 1, retryIntervalsS: [60] }),
      ])
      await workOff(test.storage, RAISED)
      expect(await queues.jobIds('default', 0, -1)).toEqual(['now'])
      expect(await queues.registryIds('default', 'scheduled', 0, -1, false)).toEqual(['later'])
      expect((await jobs.fetch(['now']))[0]?.retriesLeft).toBe(0)
      await workOff(test.storage, RAISED)
      expect(await status(test.storage, 'now')).toEqual(['failed'])
    })

    it('settles and claims in one step', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'first' }), newJob({ id: 'second' })])
      const { jobs } = await workers.claim(claimRequest({ want: 1 }))
      const settlements = jobs.map(({ job, executionId }) => settle(job, executionId, RETURNED))
      const reply = await workers.settle('worker', settlements, claimRequest({ want: 1 }))
      expect(reply.answers).toEqual(['applied'])
      expect(reply.claimed.jobs.map(({ job }) => job.id)).toEqual(['second'])
    })

    it('keeps a failed job out of the registry when the settlement says so', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'unlisted' }), newJob({ id: 'listed' })])
      const { jobs } = await workers.claim(claimRequest())
      const settlements = jobs.map(({ job, executionId }) => {
        return { ...settle(job, executionId, RAISED), unlisted: job.id === 'unlisted' }
      })
      expect((await workers.settle('worker', settlements)).answers).toEqual(['applied', 'applied'])
      expect(await status(test.storage, 'unlisted')).toEqual(['failed'])
      expect(await queues.registryIds('default', 'failed', 0, -1, false)).toEqual(['listed'])
    })

    it('settles once: a settlement sent twice is lost the second time', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'twice', retriesLeft: 5 })])
      const { jobs } = await workers.claim(claimRequest())
      expect(await end(test.storage, jobs, RAISED)).toEqual(['applied'])
      expect(await end(test.storage, jobs, RAISED)).toEqual(['lost'])
      expect(await queues.count('default')).toBe(1)
    })

    it('says that a job is gone when it was deleted while it ran, and does not bring it back', async () => {
      await using test = await open()
      await test.storage.queues.enqueue([newJob({ id: 'deleted' })])
      const { jobs } = await test.storage.workers.claim(claimRequest())
      await test.storage.jobs.delete({ jobId: 'deleted', deleteDependents: false })
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['gone'])
      expect(await test.storage.jobs.exists('deleted')).toBe(false)
    })

    it('hands nothing out while suspended', async () => {
      await using test = await open()
      await test.storage.queues.enqueue([newJob({ id: 'waits' })])
      await test.storage.admin.suspend()
      expect(await test.storage.admin.isSuspended()).toBe(true)
      expect(await test.storage.workers.claim(claimRequest())).toEqual({ jobs: [], suspended: true })
      await test.storage.admin.resume()
      expect((await test.storage.workers.claim(claimRequest())).jobs).toHaveLength(1)
    })

    it('hands out nothing of a queue that is paused, and all of others', async () => {
      await using test = await open()
      const { queues, workers, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'waits' }), newJob({ id: 'goes', origin: 'other' })])
      const claim = () => workers.claim({ ...claimRequest(), queues: ['default', 'other'] })
      await queues.pause('default')
      expect([await queues.isPaused('default'), await queues.isPaused('other')]).toEqual([true, false])
      expect((await jobs.situation('waits'))?.paused).toBe(true)
      expect((await claim()).jobs.map(({ job }) => job.id)).toEqual(['goes'])
      expect(await queues.resume('default')).toBe(true)
      expect(await queues.resume('default')).toBe(false)
      expect((await claim()).jobs.map(({ job }) => job.id)).toEqual(['waits'])
    })

    it('tells those who listen to a queue, and workers that somebody does', async () => {
      await using test = await open()
      const worker = test.another()
      const asked: string[] = []
      const heard: unknown[] = []
      const facts = { executionId: 'e', workerName: 'w', atMs: 1 } as const
      const event = (jobId: string, queue: string) => ({ name: 'job:finished', jobId, queue, ...facts }) as const
      // One listener is there before the worker, one comes after it.
      const endFirst = await test.storage.events.listen('a', ({ jobId }) => heard.push(jobId))
      const endAsking = await worker.events.onListeners(['a', 'b', 'c'], (queue) => asked.push(queue))
      await eventually(() => expect(asked).toContain('a'))
      const endSecond = await test.storage.events.listen('b', (one) => heard.push(one))
      await eventually(() => expect(asked).toContain('b'))
      await worker.events.tell([event('one', 'a'), event('two', 'b'), event('three', 'c')])
      await eventually(() => expect(heard).toEqual(['one', event('two', 'b')]))
      endFirst()
      await worker.events.tell([event('four', 'a'), event('five', 'b')])
      await eventually(() => expect(heard).toHaveLength(3))
      expect(heard[2]).toEqual(event('five', 'b'))
      expect(asked).not.toContain('c')
      endSecond()
      endAsking()
    })

    it('lets a pause end by itself, and with its queue', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.pause('short', 1)
      await queues.pause('deleted')
      await queues.deleteQueue('deleted', true)
      expect(await queues.isPaused('deleted')).toBe(false)
      expect(await queues.isPaused('short')).toBe(true)
      await eventually(async () => !(await queues.isPaused('short')))
    })

    it('gives jobs back to the head in their order, no attempt spent', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' }), newJob({ id: 'c', retriesLeft: 1 })])
      const { jobs } = await workers.claim(claimRequest({ want: 2 }))
      await workers.giveBack(jobs.map(({ job, executionId }) => ({ queue: 'default', jobId: job.id, executionId })))
      expect(await queues.jobIds('default', 0, -1)).toEqual(['a', 'b', 'c'])
      expect(await status(test.storage, 'a', 'b')).toEqual(['queued', 'queued'])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['lost', 'lost'])
    })

    it('wakes a waiting worker when a job arrives and takes nothing', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      const waiting = workers.waitForWork(['other', 'default'], 10_000, new AbortController().signal)
      await queues.enqueue([newJob({ id: 'arrives' })])
      await waiting
      expect(await queues.jobIds('default', 0, -1)).toEqual(['arrives'])
    })
  })

  describe(`${name}: leases`, () => {
    it('keeps a job with its worker while the lease is renewed', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'held' })])
      const { jobs } = await workers.claim(claimRequest({ leaseMs: 1 }))
      const [claimed] = jobs
      const lease = { queue: 'default', jobId: 'held', executionId: claimed?.executionId ?? '' }
      const worker = { name: 'worker', queues: ['default'], pid: 1, hostname: 'h', version: '1', ttlS: 480 }
      expect(await workers.heartbeat({ worker, state: 'busy', leases: [lease], leaseMs: 60_000 })).toEqual([])
      expect(await workers.recover('default', 'rescuer', 15_000, 10)).toEqual([])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['applied'])
    })

    it('lets one of several recoverers take an abandoned job over, and shuts the old execution out', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'left' })])
      const { jobs } = await workers.claim(claimRequest({ leaseMs: 1 }))
      const takeOver = async () => {
        const taken = await Promise.all(['r1', 'r2', 'r3'].map((name) => workers.recover('default', name, 15_000, 10)))
        return taken.flat()
      }
      let taken: Claimed[] = []
      await eventually(async () => {
        taken = [...taken, ...(await takeOver())]
        return taken.length > 0
      })
      expect(taken).toHaveLength(1)
      expect(taken[0]?.job).toMatchObject({ id: 'left', abandonedCount: 1 })

      const stale = { queue: 'default', jobId: 'left', executionId: jobs[0]?.executionId ?? '' }
      const worker = { name: 'worker', queues: ['default'], pid: 1, hostname: 'h', version: '1', ttlS: 480 }
      expect(await workers.heartbeat({ worker, state: 'busy', leases: [stale], leaseMs: 60_000 })).toEqual([stale])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['lost'])
      expect(await test.storage.jobs.saveMeta('left', '{}', stale.executionId)).toBe('refused')
      expect(await end(test.storage, taken, RAISED)).toEqual(['applied'])
      expect(await status(test.storage, 'left')).toEqual(['failed'])
    })

    it('puts jobs that were claimed ahead back in order, and hands one over that has been abandoned often', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue(['a', 'b', 'later'].map((id) => newJob({ id })))
      const abandon = () => workers.claim(claimRequest({ want: 2, leaseMs: 1, isAhead: true }))
      for (let time = 1; time <= 2; time++) {
        expect((await abandon()).jobs.map(({ job }) => job.id)).toEqual(['a', 'b'])
        await eventually(async () => {
          expect(await workers.recover('default', 'rescuer', 15_000, 10)).toEqual([])
          return (await queues.count('default')) === 3
        })
        expect(await queues.jobIds('default', 0, -1)).toEqual(['a', 'b', 'later'])
      }
      await abandon()
      const taken: Claimed[] = []
      await eventually(async () => {
        taken.push(...(await workers.recover('default', 'rescuer', 15_000, 10)))
        return taken.length === 2
      })
      expect(taken.map(({ job }) => [job.id, job.abandonedCount])).toEqual([
        ['a', 3],
        ['b', 3],
      ])
      expect(await end(test.storage, taken, RAISED)).toEqual(['applied', 'applied'])
    })

    it('hands a job over that was claimed ahead and has had a heartbeat since', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'begun' })])
      const { jobs } = await workers.claim(claimRequest({ isAhead: true }))
      const lease = { queue: 'default', jobId: 'begun', executionId: jobs[0]?.executionId ?? '' }
      const worker = { name: 'worker', queues: ['default'], pid: 1, hostname: 'h', version: '1', ttlS: 480 }
      await workers.heartbeat({ worker, state: 'busy', leases: [lease], leaseMs: 1 })
      const taken: Claimed[] = []
      await eventually(async () => {
        taken.push(...(await workers.recover('default', 'rescuer', 15_000, 10)))
        return taken.length === 1
      })
      expect(await end(test.storage, taken, RAISED)).toEqual(['applied'])
    })

    it('registers, lists, renews and forgets workers, and refuses a name that is taken', async () => {
      await using test = await open()
      const { workers } = test.storage
      const worker = { name: 'ann', queues: ['a', 'b'], pid: 1, hostname: 'h', version: '1', ttlS: 480 }
      await workers.register(worker)
      await workers.register(worker)
      await expect(workers.register({ ...worker, pid: 2 })).rejects.toMatchObject({ code: 'RQ_WORKER_NAME_TAKEN' })
      expect(await workers.workerCount()).toBe(1)
      expect(await workers.workers('b')).toMatchObject([{ name: 'ann', queues: ['a', 'b'], state: 'started' }])
      await workers.heartbeat({ worker, state: 'idle', leases: [], leaseMs: 15_000 })
      expect(await workers.workers()).toMatchObject([{ name: 'ann', state: 'idle' }])
      await workers.unregister(worker)
      expect(await workers.workers()).toEqual([])
      expect(await workers.workerCount('a')).toBe(0)
    })

    it('delivers commands to the worker they are for', async () => {
      await using test = await open()
      const { admin, workers } = test.storage
      const heard: unknown[] = []
      const stop = await workers.onCommand('ann', (command) => heard.push(command))
      await eventually(async () => {
        await admin.sendCommand('ann', { command: 'stop-job', jobId: 'j' })
        return heard.length > 0
      })
      expect(heard[0]).toEqual({ command: 'stop-job', jobId: 'j' })
      await stop()
    })
  })

  describe(`${name}: jobs`, () => {
    it('cancels a waiting job once, and lets its dependents go on when asked', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'c' }), newJob({ id: 'd', dependencyIds: ['c'] })])
      const request = { jobId: 'c', enqueueDependents: true, removeFromDependencies: false }
      expect(await jobs.cancel(request)).toBe('done')
      expect(await jobs.cancel(request)).toBe('refused')
      expect(await jobs.cancel({ ...request, jobId: 'none' })).toBe('missing')
      expect(await status(test.storage, 'c', 'd')).toEqual(['canceled', 'queued'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['d'])
      expect(await queues.registryIds('default', 'canceled', 0, -1, false)).toEqual(['c'])
    })

    it('takes a canceled job out of what others wait for, when asked', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'c' }), newJob({ id: 'o' }), newJob({ id: 'd', dependencyIds: ['c', 'o'] })])
      await jobs.cancel({ jobId: 'c', enqueueDependents: true, removeFromDependencies: false })
      expect(await status(test.storage, 'd')).toEqual(['deferred'])
      await workOff(test.storage, RETURNED)
      expect(await status(test.storage, 'd')).toEqual(['queued'])
    })

    it('tells all that bears on whether a job will run', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'c', dependencyIds: ['p', 'gone'] })])
      expect(await jobs.situation('p')).toMatchObject({ position: 0, suspended: false, workers: 0, slotHolders: [] })
      expect((await jobs.situation('c'))?.dependencies).toEqual([
        { id: 'gone', status: undefined },
        { id: 'p', status: 'queued' },
      ])
      expect(await jobs.situation('none')).toBeUndefined()
    })

    it('lets a running job that was canceled end, its dependents stay', async () => {
      await using test = await open()
      const { queues, jobs, workers } = test.storage
      await queues.enqueue([newJob({ id: 'r' }), newJob({ id: 'after', dependencyIds: ['r'] })])
      const { jobs: claimed } = await workers.claim(claimRequest())
      await jobs.cancel({ jobId: 'r', enqueueDependents: false, removeFromDependencies: false })
      expect(await end(test.storage, claimed, RETURNED)).toEqual(['applied'])
      expect(await status(test.storage, 'r', 'after')).toEqual(['finished', 'deferred'])
      expect(await queues.registryCount('default', 'canceled')).toBe(0)
    })

    it('requeues a failed job only from the failed registry', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'f' })])
      expect(await jobs.requeue('f', false)).toBe('refused')
      expect(await jobs.requeue('none', false)).toBe('missing')
      await workOff(test.storage, RAISED)
      await queues.enqueue([newJob({ id: 'other' })])
      expect(await jobs.requeue('f', true)).toBe('done')
      expect(await queues.jobIds('default', 0, -1)).toEqual(['f', 'other'])
      await workOff(test.storage, RETURNED)
      expect((await jobs.results('f')).map(({ type }) => type)).toEqual(['successful', 'failed'])
    })

    it('deletes a job with all its traces, with its dependents when asked', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'k', dependencyIds: ['p'] })])
      expect(await jobs.delete({ jobId: 'p', deleteDependents: true })).toBe('done')
      expect(await jobs.delete({ jobId: 'p', deleteDependents: true })).toBe('missing')
      expect(await status(test.storage, 'p', 'k')).toEqual([undefined, undefined])
      expect(await queues.registryCount('default', 'deferred')).toBe(0)
      expect(await queues.count('default')).toBe(0)
    })

    it('does not bring a deleted job back by saving its meta', async () => {
      await using test = await open()
      expect(await test.storage.jobs.saveMeta('none', '{}')).toBe('missing')
      expect(await test.storage.jobs.exists('none')).toBe(false)
    })

    it('wakes those who wait for a result, and tells them at once when there is one', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'w' })])
      const waiting = [jobs.awaitResult('w', 10_000), test.another().jobs.awaitResult('w', 10_000)]
      await eventually(async () => {
        const [record] = await jobs.fetch(['w'])
        return record?.status === 'queued'
      })
      await workOff(test.storage, RETURNED)
      const answer = { status: 'finished', result: { type: 'successful', returnValue: '42' } }
      expect(await Promise.all(waiting)).toMatchObject([answer, answer])
      expect(await jobs.awaitResult('w', 10_000)).toMatchObject(answer)
    })

    it('stops waiting for a result in time, for a job that ends without one, and for one that is not there', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'slow' })])
      expect(await jobs.awaitResult('slow', 30)).toEqual({ status: 'queued', result: null })
      const canceled = jobs.awaitResult('slow', 10_000)
      await jobs.cancel({ jobId: 'slow', enqueueDependents: false, removeFromDependencies: false })
      expect(await canceled).toEqual({ status: 'canceled', result: null })
      expect(await jobs.awaitResult('none', 10_000)).toEqual({ status: undefined, result: null })
    })
  })

  describe(`${name}: whole queues`, () => {
    it('changes nothing of what is in order when it is tidied', async () => {
      await using test = await open()
      const { queues, jobs, workers } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      await queues.enqueue(['a', 'b'].map((id) => newJob({ id, rateLimit, groupId: 'g' })))
      await queues.enqueue([newJob({ id: 'c', dependencyIds: ['a'] }), newJob({ id: 'd' })])
      await jobs.cancel({ jobId: 'd', enqueueDependents: false, removeFromDependencies: false })
      const ids = ['a', 'b', 'c', 'd']
      const before = await jobs.fetch(ids)
      await workers.tidy(['default'])
      expect(await jobs.fetch(ids)).toEqual(before)
      expect(await test.storage.groups.jobIds('g')).toEqual(['a', 'b'])
      expect(await queues.registryCount('default', 'canceled')).toBe(1)
    })

    it('empties, compacts, removes and deletes', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue(['a', 'b', 'c'].map((id) => newJob({ id })))
      expect(await queues.remove('default', 'a')).toBe(1)
      expect(await jobs.exists('a')).toBe(true)
      expect(await queues.empty('default')).toBe(2)
      expect(await jobs.exists('b')).toBe(false)
      expect(await queues.queueNames()).toEqual(['default'])
      await queues.enqueue([newJob({ id: 'd' })])
      await queues.deleteQueue('default', false)
      expect(await queues.queueNames()).toEqual([])
      expect(await jobs.exists('d')).toBe(true)
    })
  })
}
