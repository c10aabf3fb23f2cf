import { type Outcome, settle } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, RAISED, RETURNED, TIMES, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

/** Claims and settlements. */
export function describeClaimAndSettle(name: string, open: OpenStorage): void {
  describe(`${name}: claim and settle`, () => {
    it('serves queues in order and leases the claimed jobs', async () => {
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

    it('gives every job to one of many workers', async () => {
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

    it('drops ids whose job is gone, and duplicate ids', async () => {
      await using test = await open()
      const { queues, workers, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'gone' }), newJob({ id: 'here' })])
      await jobs.delete({ jobId: 'gone', deleteDependents: false })
      expect((await workers.claim(claimRequest())).jobs.map(({ job }) => job.id)).toEqual(['here'])
      expect(await queues.count('default')).toBe(0)
    })

    it('stores a result, and keeps the job for its result TTL', async () => {
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
      expect(await statusOf(test.storage, 'f')).toEqual(['failed'])
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
      expect((await jobs.fetch(['now']))[0]).toMatchObject({ retriesLeft: 0, retryMax: 1, results: 'stream' })
      expect(await jobs.results('now')).toMatchObject([{ type: 'retried', excString: RAISED.error }])
      await workOff(test.storage, RAISED)
      expect(await statusOf(test.storage, 'now')).toEqual(['failed'])
      expect((await jobs.results('now')).map(({ type }) => type)).toEqual(['failed', 'retried'])
    })

    it('keeps the error of a failed attempt as data, and fails a job for a final one', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'f', retriesLeft: 3, retryMax: 3 })])
      await workOff(test.storage, { ...RAISED, remote: '{"name":"E","message":"ü"}', isFinal: true })
      expect((await jobs.fetch(['f']))[0]).toMatchObject({ status: 'failed', retriesLeft: 3, retryMax: 3 })
      expect(await jobs.results('f')).toMatchObject([{ type: 'failed', remote: '{"name":"E","message":"ü"}' }])
    })

    it('puts a job off whose function is unknown, with no result, and forgets that when it ends or is requeued', async () => {
      await using test = await open()
      const { queues, jobs, schedules } = test.storage
      const unknown = { kind: 'unknown_function', error: 'no such function', ...TIMES } as const
      const returns = { returnUnknownForMs: 1500, random: () => 0.5 }
      const workOn = (outcome: Outcome) => workOff(test.storage, outcome, ['default'], returns)
      const fieldsOf = async () => (await jobs.fetch(['u']))[0]
      await queues.enqueue([newJob({ id: 'u', retriesLeft: 1, retryMax: 1, enqueueAtFront: true })])
      await workOn(unknown)
      expect(await queues.registryIds('default', 'scheduled', 0, -1, false)).toEqual(['u'])
      expect(await fieldsOf()).toMatchObject({
        status: 'scheduled',
        returnedMs: 1000,
        returnForMs: 1500,
        retriesLeft: 1,
      })
      expect(await jobs.results('u')).toEqual([])

      await queues.enqueue([newJob({ id: 'other' })])
      await schedules.promote('u', false)
      await workOn(unknown)
      expect(await fieldsOf()).toMatchObject({ status: 'scheduled', returnedMs: 1500 })
      await schedules.promote('u', false)
      await workOn(unknown)
      expect(await fieldsOf()).toMatchObject({ status: 'failed', returnedMs: 0, retriesLeft: 1 })
      await jobs.requeue('u', false)
      expect(await fieldsOf()).not.toHaveProperty('returnedMs')
      expect(await fieldsOf()).not.toHaveProperty('returnForMs')

      await workOn(unknown)
      await schedules.promote('u', false)
      await workOn(RAISED)
      expect(await fieldsOf()).toMatchObject({ status: 'queued', returnedMs: 0, retriesLeft: 0 })
    })

    it('settles and claims in one step', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'first' }), newJob({ id: 'second' })])
      const { jobs } = await workers.claim(claimRequest({ want: 1 }))
      const settlements = jobs.map(({ job, executionId, hint }) => settle(job, executionId, RETURNED, { hint }))
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
      expect(await statusOf(test.storage, 'unlisted')).toEqual(['failed'])
      expect(await queues.registryIds('default', 'failed', 0, -1, false)).toEqual(['listed'])
    })

    it('settles once: the same settlement is lost the second time', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'twice', retriesLeft: 5 })])
      const { jobs } = await workers.claim(claimRequest())
      expect(await end(test.storage, jobs, RAISED)).toEqual(['applied'])
      expect(await end(test.storage, jobs, RAISED)).toEqual(['lost'])
      expect(await queues.count('default')).toBe(1)
    })

    it('answers that a job is gone that was deleted while it ran, and does not restore it', async () => {
      await using test = await open()
      await test.storage.queues.enqueue([newJob({ id: 'deleted' })])
      const { jobs } = await test.storage.workers.claim(claimRequest())
      await test.storage.jobs.delete({ jobId: 'deleted', deleteDependents: false })
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['gone'])
      expect(await test.storage.jobs.exists('deleted')).toBe(false)
    })

    it('gives out no jobs while suspended', async () => {
      await using test = await open()
      await test.storage.queues.enqueue([newJob({ id: 'waits' })])
      await test.storage.admin.suspend()
      expect(await test.storage.admin.isSuspended()).toBe(true)
      expect(await test.storage.workers.claim(claimRequest())).toEqual({ jobs: [], suspended: true })
      await test.storage.admin.resume()
      expect((await test.storage.workers.claim(claimRequest())).jobs).toHaveLength(1)
    })

    it('gives out no jobs of a paused queue, and those of others', async () => {
      await using test = await open()
      const { queues, workers, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'waits' }), newJob({ id: 'goes', origin: 'other' })])
      const claim = () => workers.claim({ ...claimRequest(), queues: ['default', 'other'] })
      await queues.pause('default')
      expect([await queues.isPaused('default'), await queues.isPaused('other')]).toEqual([true, false])
      expect((await jobs.explain('waits'))?.paused).toBe(true)
      expect((await claim()).jobs.map(({ job }) => job.id)).toEqual(['goes'])
      expect(await queues.resume('default')).toBe(true)
      expect(await queues.resume('default')).toBe(false)
      expect((await claim()).jobs.map(({ job }) => job.id)).toEqual(['waits'])
    })

    it('publishes events to the listeners of a queue, and notifies workers of listeners', async () => {
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
      await worker.events.publish([event('one', 'a'), event('two', 'b'), event('three', 'c')])
      await eventually(() => expect(heard).toEqual(['one', event('two', 'b')]))
      endFirst()
      await worker.events.publish([event('four', 'a'), event('five', 'b')])
      await eventually(() => expect(heard).toHaveLength(3))
      expect(heard[2]).toEqual(event('five', 'b'))
      expect(asked).not.toContain('c')
      endSecond()
      endAsking()
    })

    it('ends a pause after its duration, and with its queue', async () => {
      await using test = await open()
      const { queues } = test.storage
      await queues.pause('short', 3600)
      await queues.pause('deleted')
      await queues.deleteQueue('deleted', true)
      expect(await queues.isPaused('deleted')).toBe(false)
      expect(await queues.isPaused('short')).toBe(true)
      await queues.pause('short', 1)
      await eventually(async () => !(await queues.isPaused('short')))
    })

    it('gives jobs back to the head of the queue in order, and counts no attempt', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' }), newJob({ id: 'c', retriesLeft: 1 })])
      const { jobs } = await workers.claim(claimRequest({ want: 2 }))
      const leases = jobs.map(({ job, executionId }) => ({ queue: 'default', jobId: job.id, executionId }))
      expect(await workers.giveBack(leases)).toEqual(['returned', 'returned'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['a', 'b', 'c'])
      expect(await statusOf(test.storage, 'a', 'b')).toEqual(['queued', 'queued'])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['lost', 'lost'])
    })

    it('gives back only the jobs that the execution still owns, and answers which', async () => {
      await using test = await open()
      const { jobs: store, queues, workers } = test.storage
      const ids = ['settled', 'kept', 'canceled', 'deleted', 'returned']
      await queues.enqueue(ids.map((id) => newJob({ id })))
      const { jobs } = await workers.claim(claimRequest({ want: ids.length }))
      const leases = jobs.map(({ job, executionId }) => ({ queue: 'default', jobId: job.id, executionId }))
      await end(test.storage, jobs.slice(0, 1), RETURNED)
      await store.cancel({ jobId: 'canceled', enqueueDependents: false, removeFromDependencies: false })
      await store.delete({ jobId: 'deleted', deleteDependents: false })
      await workers.giveBack(leases.slice(4))
      expect(await workers.giveBack(leases)).toEqual(['lost', 'returned', 'lost', 'lost', 'lost'])
      expect(await workers.giveBack([])).toEqual([])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['kept', 'returned'])
      expect(await statusOf(test.storage, 'settled', 'canceled', 'deleted')).toEqual([
        'finished',
        'canceled',
        undefined,
      ])
    })

    it('wakes of several shared waits the one whose queue gets a job, without taking it', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      workers.shareWaits()
      const abort = new AbortController()
      let isOver = false
      const other = workers.waitForWork(['other'], 60_000, abort.signal).then(() => {
        isOver = true
      })
      const waiting = workers.waitForWork(['default'], 60_000, abort.signal)
      await queues.enqueue([newJob({ id: 'arrives' })])
      await waiting
      expect([await queues.jobIds('default', 0, -1), isOver]).toEqual([['arrives'], false])
      abort.abort()
      await other
    })

    it('wakes a waiting worker when a job arrives, without taking it', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      const waiting = workers.waitForWork(['other', 'default'], 10_000, new AbortController().signal)
      await queues.enqueue([newJob({ id: 'arrives' })])
      await waiting
      expect(await queues.jobIds('default', 0, -1)).toEqual(['arrives'])
    })
  })
}
