import { type Claimed, settle } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, newWorker, RAISED, RETURNED, rescue } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

/** Leases and workers: what happens to the jobs of workers that die. */
export function describeLeases(name: string, open: OpenStorage): void {
  describe(`${name}: leases`, () => {
    it('keeps a job with its worker while the lease is renewed', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'held' })])
      const { jobs } = await workers.claim(claimRequest({ leaseMs: 1 }))
      const [claimed] = jobs
      const lease = { queue: 'default', jobId: 'held', executionId: claimed?.executionId ?? '' }
      const worker = newWorker()
      expect(await workers.heartbeat({ worker, state: 'busy', leases: [lease], leaseMs: 60_000 })).toMatchObject({
        lost: [],
      })
      expect(await rescue(workers)).toEqual([])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['applied'])
    })

    it('sets a job aside whose end cannot be stored, until it is enqueued again', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      await queues.enqueue([newJob({ id: 'bad', rateLimit }), newJob({ id: 'next', rateLimit })])
      const { jobs: taken } = await workers.claim(claimRequest({ leaseMs: 1 }))
      const [claimed] = taken
      const lease = { queue: 'default', jobId: 'bad', executionId: claimed?.executionId ?? '' }
      const request = { lease, workerName: 'w', rateLimit: 'k', reason: 'no such time' }
      // The second time is a call that is sent again because its reply was lost.
      for (let time = 1; time <= 2; time++) {
        expect(await workers.setAside(request)).toBe(true)
        const [found, ...others] = await queues.brokenJobs('default', 10)
        expect([found?.id, found?.refusal, others]).toEqual(['bad', 'no such time', []])
        expect((await jobs.explain('bad'))?.refusal).toBe('no such time')
      }
      // Its run may have sent these before: they do not let it run without its slot, which went to the next job.
      const worker = newWorker()
      expect(await workers.heartbeat({ worker, state: 'busy', leases: [lease], leaseMs: 60_000 })).toMatchObject({
        lost: [lease],
      })
      expect(await workers.giveBack([lease])).toEqual(['lost'])
      expect(await end(test.storage, taken, RAISED)).toEqual(['lost'])
      // No worker takes it over.
      expect(await rescue(workers)).toEqual([])
      expect([await jobs.status('bad'), await queues.jobIds('default', 0, -1)]).toEqual(['started', ['next']])
      await queues.enqueue([newJob({ id: 'bad', rateLimit }, { again: true })])
      expect(await queues.brokenJobs('default', 10)).toEqual([])
      expect(await jobs.explain('bad')).not.toHaveProperty('refusal')
    })

    it('sets no job aside that another execution owns', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'other' })])
      const { jobs } = await workers.claim(claimRequest())
      const lease = { queue: 'default', jobId: 'other', executionId: 'elsewhere' }
      expect(await workers.setAside({ lease, workerName: 'w', rateLimit: undefined, reason: 'x' })).toBe(false)
      expect(await queues.brokenJobs('default', 10)).toEqual([])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['applied'])
    })

    it('lets one of several recoverers take over an abandoned job, and rejects the old execution', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'left' })])
      const { jobs } = await workers.claim(claimRequest({ leaseMs: 1 }))
      const takeOver = async () => {
        const taken = await Promise.all(['r1', 'r2', 'r3'].map((name) => rescue(workers, { workerName: name })))
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
      const worker = newWorker()
      expect(await workers.heartbeat({ worker, state: 'busy', leases: [stale], leaseMs: 60_000 })).toMatchObject({
        lost: [stale],
      })
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['lost'])
      expect(await test.storage.jobs.update('left', { meta: '{}' }, stale.executionId)).toBe('refused')
      expect(await end(test.storage, taken, RAISED)).toEqual(['applied'])
      expect(await statusOf(test.storage, 'left')).toEqual(['failed'])
    })

    it('puts prefetched jobs back in order, and takes over one that was abandoned often', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue(['a', 'b', 'later'].map((id) => newJob({ id })))
      const abandon = () => workers.claim(claimRequest({ want: 2, leaseMs: 1, isPrefetch: true }))
      for (let time = 1; time <= 2; time++) {
        expect((await abandon()).jobs.map(({ job }) => job.id)).toEqual(['a', 'b'])
        await eventually(async () => {
          expect(await rescue(workers)).toEqual([])
          return (await queues.count('default')) === 3
        })
        expect(await queues.jobIds('default', 0, -1)).toEqual(['a', 'b', 'later'])
      }
      await abandon()
      const taken: Claimed[] = []
      await eventually(async () => {
        taken.push(...(await rescue(workers)))
        return taken.length === 2
      })
      expect(taken.map(({ job }) => [job.id, job.abandonedCount])).toEqual([
        ['a', 3],
        ['b', 3],
      ])
      expect(await end(test.storage, taken, RAISED)).toEqual(['applied', 'applied'])
    })

    it('takes over a prefetched job that has had a heartbeat', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([newJob({ id: 'begun' })])
      const { jobs } = await workers.claim(claimRequest({ isPrefetch: true }))
      const lease = { queue: 'default', jobId: 'begun', executionId: jobs[0]?.executionId ?? '' }
      const worker = newWorker()
      await workers.heartbeat({ worker, state: 'busy', leases: [lease], leaseMs: 1 })
      const taken: Claimed[] = []
      await eventually(async () => {
        taken.push(...(await rescue(workers)))
        return taken.length === 1
      })
      expect(await end(test.storage, taken, RAISED)).toEqual(['applied'])
    })

    it('registers, lists, renews and unregisters workers, and refuses a name that is taken', async () => {
      await using test = await open()
      const { workers } = test.storage
      const worker = newWorker({ name: 'ann', queues: ['a', 'b'] })
      await workers.register(worker, 15_000)
      await workers.register(worker, 15_000)
      const other = { ...worker, instance: 'other' }
      const holder = await workers.register(other, 15_000)
      expect(holder?.freeInMs).toBeGreaterThan(0)
      expect(await workers.register(other, 15_000)).toMatchObject({ lastBeat: holder?.lastBeat })
      expect(await workers.workerCount()).toBe(1)
      expect(await workers.workers('b')).toMatchObject([{ name: 'ann', queues: ['a', 'b'], state: 'started' }])
      await workers.heartbeat({ worker, state: 'idle', leases: [], leaseMs: 20_000 })
      expect(await workers.workers()).toMatchObject([{ name: 'ann', state: 'idle' }])
      expect((await workers.register(other, 15_000))?.lastBeat).not.toBe(holder?.lastBeat)
      await workers.unregister(worker)
      expect(await workers.register(other, 15_000)).toBeUndefined()
      await workers.unregister(other)
      expect(await workers.workers()).toEqual([])
      expect(await workers.workerCount('a')).toBe(0)
    })

    it('frees the name of a worker without heartbeats for a lease, and tells the worker when it comes back', async () => {
      await using test = await open()
      const { workers } = test.storage
      const dead = newWorker({ name: 'ann', queues: ['a'], instance: 'dead' })
      const next = { ...dead, instance: 'next' }
      await workers.register(dead, 1)
      await eventually(async () => (await workers.register(next, 60_000)) === undefined)
      const beat = { state: 'busy', leases: [], leaseMs: 60_000 } as const
      expect(await workers.heartbeat({ ...beat, worker: dead })).toEqual({ lost: [], isNameTaken: true })
      expect(await workers.workers('a')).toMatchObject([{ name: 'ann', state: 'started' }])
      await workers.unregister(dead)
      expect(await workers.workerCount('a')).toBe(1)
      expect(await workers.heartbeat({ ...beat, worker: next })).toEqual({ lost: [], isNameTaken: false })
    })

    it('shows the state that a worker has after a claim or a settlement, if that is another one', async () => {
      await using test = await open()
      const { admin, queues, workers } = test.storage
      const worker = newWorker({ ttlS: 9 })
      const shown = async () => {
        const [record] = await workers.workers()
        return [record?.state, record?.currentJobId]
      }
      await workers.register(worker, 15_000)
      await workers.claim(claimRequest())
      expect(await shown()).toEqual(['started', undefined])
      await workers.claim(claimRequest(), 'started')
      expect(await shown()).toEqual(['idle', undefined])
      await queues.enqueue([newJob({ id: 'a' }), newJob({ id: 'b' }), newJob({ id: 'c' })])
      const { jobs } = await workers.claim(claimRequest({ want: 2 }), 'idle')
      expect(await shown()).toEqual(['busy', 'a'])
      const [a, b] = jobs.map(({ job, executionId, hint }) => settle(job, executionId, RETURNED, { hint }))
      if (a === undefined || b === undefined) throw new Error('Two jobs were expected.')
      await workers.settle('worker', [a])
      const reply = await workers.settle('worker', [b], claimRequest(), 'busy')
      expect(await shown()).toEqual(['busy', 'a'])
      const last = reply.claimed.jobs.map(({ job, executionId, hint }) => settle(job, executionId, RETURNED, { hint }))
      await workers.settle('worker', last, undefined, 'busy')
      expect(await shown()).toEqual(['idle', undefined])
      await admin.suspend()
      await workers.claim(claimRequest(), 'idle')
      expect(await shown()).toEqual(['suspended', undefined])
      await admin.resume()
      const beat = { worker, state: 'busy', currentJobId: 'a', leases: [], leaseMs: 15_000 } as const
      await workers.heartbeat({ ...beat, keepState: true })
      expect(await shown()).toEqual(['suspended', undefined])
      await workers.heartbeat(beat)
      expect(await shown()).toEqual(['busy', 'a'])
    })

    it('counts the jobs of a worker, and keeps the state that it reports', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      const worker = newWorker()
      await workers.register(worker, 15_000)
      await queues.enqueue([newJob({ id: 'good' }), newJob({ id: 'bad' })])
      const { jobs } = await workers.claim(claimRequest())
      await end(test.storage, jobs.slice(0, 1), RETURNED)
      await end(test.storage, jobs.slice(1), RAISED)
      await workers.heartbeat({ worker, state: 'busy', currentJobId: 'good', leases: [], leaseMs: 15_000 })
      await workers.shutdownRequested('worker')
      expect(await workers.workers()).toMatchObject([
        {
          ...{ successfulJobCount: 1, failedJobCount: 1, totalWorkingTimeS: 2, currentJobId: 'good', state: 'busy' },
          shutdownRequestedMs: expect.any(Number),
        },
      ])
      await workers.heartbeat({ worker, state: 'idle', leases: [], leaseMs: 15_000 })
      expect((await workers.workers())[0]?.currentJobId).toBeUndefined()
    })

    it('forgets a worker without heartbeats, and restores it at the next one', async () => {
      await using test = await open()
      const { workers } = test.storage
      const worker = newWorker({ name: 'late', ttlS: 60 })
      await workers.register(worker, 15_000)
      const [{ birthMs } = { birthMs: 0 }] = await workers.workers()
      await workers.heartbeat({ worker: { ...worker, ttlS: 1 }, state: 'idle', leases: [], leaseMs: 15_000 })
      await eventually(async () => (await workers.workers()).length === 0)
      await workers.cleanUp(['default'])
      expect(await workers.workerCount('default')).toBe(0)
      await workers.heartbeat({ worker, state: 'idle', leases: [], leaseMs: 15_000 })
      expect(await workers.workers('default')).toMatchObject([{ name: 'late', birthMs, state: 'idle' }])
    })

    it('finds the queues that have jobs to take over, in the order given', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue(['a', 'b', 'held'].map((origin) => newJob({ id: `of-${origin}`, origin })))
      await workers.claim(claimRequest({ queues: ['held'], leaseMs: 60_000 }))
      await workers.claim(claimRequest({ queues: ['a', 'b'], want: 2, leaseMs: 1 }))
      const request = { queues: ['none', 'b', 'held', 'a'], leaseMs: 60_000 }
      await eventually(async () => expect(await workers.findRecoverable(request)).toEqual(['b', 'a']))
      expect(await rescue(workers, { queue: 'b' })).toHaveLength(1)
      expect(await workers.findRecoverable({ ...request, queues: ['b', 'held', 'a'] })).toEqual(['a'])
      await Promise.all(request.queues.map((queue) => queues.deleteQueue(queue, true)))
    })

    it('takes over at most as many jobs as requested', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue(['a', 'b', 'c'].map((id) => newJob({ id })))
      await workers.claim(claimRequest({ leaseMs: 1 }))
      const taken: Claimed[][] = []
      await eventually(async () => {
        const some = await rescue(workers, { most: 2 })
        if (some.length > 0) taken.push([...some])
        return taken.flat().length === 3
      })
      expect(Math.max(...taken.map((some) => some.length))).toBeLessThanOrEqual(2)
      expect(await end(test.storage, taken.flat(), RETURNED)).toEqual(['applied', 'applied', 'applied'])
    })

    it('ends a wait for work when its time is over, or its signal fires', async () => {
      await using test = await open()
      const { workers } = test.storage
      await workers.waitForWork(['default'], 1, new AbortController().signal)
      const abort = new AbortController()
      const waiting = workers.waitForWork(['default'], 60_000, abort.signal)
      abort.abort()
      await waiting
      await workers.waitForWork(['default'], 60_000, AbortSignal.abort())
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

    it('delivers commands to pause and resume, with the queue they name', async () => {
      await using test = await open()
      const { admin, workers } = test.storage
      const heard: unknown[] = []
      const stop = await workers.onCommand('ann', (command) => heard.push(command))
      await eventually(async () => {
        await admin.sendCommand('ann', { command: 'kill-horse' })
        return heard.length > 0
      })
      await admin.sendCommand('ann', { command: 'pause' })
      await admin.sendCommand('ann', { command: 'resume', queue: 'high' })
      const isOther = (command: unknown) => (command as { command: string }).command !== 'kill-horse'
      await eventually(() => expect(heard.filter(isOther)).toHaveLength(2))
      expect(heard.filter(isOther)).toEqual([{ command: 'pause' }, { command: 'resume', queue: 'high' }])
      await stop()
    })
  })
}
