import { describe, expect, it } from 'vitest'
import { claimRequest, end, newJob, RAISED, RETURNED, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

/** Operations on one job. */
export function describeJobs(name: string, open: OpenStorage): void {
  describe(`${name}: jobs`, () => {
    it('cancels a waiting job once, and lets its dependents go on when asked', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'c' }), newJob({ id: 'd', dependencyIds: ['c'] })])
      const request = { jobId: 'c', enqueueDependents: true, removeFromDependencies: false }
      expect(await jobs.cancel(request)).toBe('done')
      expect(await jobs.cancel(request)).toBe('refused')
      expect(await jobs.cancel({ ...request, jobId: 'none' })).toBe('missing')
      expect(await statusOf(test.storage, 'c', 'd')).toEqual(['canceled', 'queued'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['d'])
      expect(await queues.registryIds('default', 'canceled', 0, -1, false)).toEqual(['c'])
    })

    it('takes a canceled job out of what others wait for, when asked', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'c' }), newJob({ id: 'o' }), newJob({ id: 'd', dependencyIds: ['c', 'o'] })])
      await jobs.cancel({ jobId: 'c', enqueueDependents: true, removeFromDependencies: false })
      expect(await statusOf(test.storage, 'd')).toEqual(['deferred'])
      await workOff(test.storage, RETURNED)
      expect(await statusOf(test.storage, 'd')).toEqual(['queued'])
    })

    it('leaves out payloads that are too large for the reader, and says how large they are', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const bytes = 1024 ** 2 + 1
      const value = 'v'.repeat(bytes)
      await queues.enqueue([newJob({ id: 'd', data: value }), newJob({ id: 'm', meta: value })])
      expect(await jobs.fetch(['d'], bytes)).toMatchObject([{ id: 'd' }])
      const [d, m] = await jobs.fetch(['d', 'm'], 10)
      expect(d).toMatchObject({ id: 'd', data: '', leftOut: { data: bytes }, status: 'queued' })
      expect(m).toMatchObject({ id: 'm', leftOut: { meta: bytes } })
      expect(m).not.toHaveProperty('meta')
      await queues.enqueue([newJob({ id: 'r', origin: 'other' })])
      await workOff(test.storage, { ...RETURNED, value }, ['other'])
      const [result] = await jobs.results('r', 10)
      expect(result).toMatchObject({ type: 'successful', leftOutBytes: bytes })
      expect(result).not.toHaveProperty('returnValue')
      expect(await jobs.results('r')).toMatchObject([{ type: 'successful', returnValue: expect.anything() }])
    })

    it('explains whether a job will run', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'p' }), newJob({ id: 'c', dependencyIds: ['p', 'gone'] })])
      expect(await jobs.explain('p')).toMatchObject({ position: 0, suspended: false, workers: 0, slotHolders: [] })
      expect((await jobs.explain('c'))?.dependencies).toEqual([
        { id: 'gone', status: undefined },
        { id: 'p', status: 'queued' },
      ])
      expect(await jobs.explain('none')).toBeUndefined()
    })

    it('explains whether a scheduler leads the queue, and tells the time', async () => {
      await using test = await open()
      const { queues, jobs, schedules } = test.storage
      await queues.enqueue([newJob({ id: 'j' })])
      const before = await jobs.explain('j')
      expect(before?.hasScheduler).toBe(false)
      const scheduler = { name: 'ann', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: 0 }
      await schedules.lead(scheduler, 60_000)
      const during = await jobs.explain('j')
      expect(during?.hasScheduler).toBe(true)
      expect(during?.nowMs).toBeGreaterThanOrEqual(Number(before?.nowMs))
      await schedules.stopLeading(scheduler)
      expect((await jobs.explain('j'))?.hasScheduler).toBe(false)
    })

    it('lets a running job that was canceled end, and does not release its dependents', async () => {
      await using test = await open()
      const { queues, jobs, workers } = test.storage
      await queues.enqueue([newJob({ id: 'r' }), newJob({ id: 'after', dependencyIds: ['r'] })])
      const { jobs: claimed } = await workers.claim(claimRequest())
      await jobs.cancel({ jobId: 'r', enqueueDependents: false, removeFromDependencies: false })
      expect(await end(test.storage, claimed, RETURNED)).toEqual(['applied'])
      expect(await statusOf(test.storage, 'r', 'after')).toEqual(['finished', 'deferred'])
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
      expect(await statusOf(test.storage, 'p', 'k')).toEqual([undefined, undefined])
      expect(await queues.registryCount('default', 'deferred')).toBe(0)
      expect(await queues.count('default')).toBe(0)
    })

    it('does not bring a deleted job back by changing it', async () => {
      await using test = await open()
      expect(await test.storage.jobs.update('none', { meta: '{}' })).toBe('missing')
      expect(await test.storage.jobs.exists('none')).toBe(false)
    })

    it('wakes waiting callers when there is a result, and answers at once when there is one already', async () => {
      await using test = await open()
      const { queues, jobs } = test.storage
      await queues.enqueue([newJob({ id: 'w' })])
      const waiting = [jobs.awaitResult('w', 10_000), test.another().jobs.awaitResult('w', 10_000)]
      await workOff(test.storage, RETURNED)
      const answers = [...(await Promise.all(waiting)), await jobs.awaitResult('w', 10_000)]
      // A value may come as a string or as bytes.
      const facts = answers.map(({ result, status }) => [status, result?.type, String(result?.returnValue)])
      expect(facts).toEqual(answers.map(() => ['finished', 'successful', '42']))
    })

    it('ends a wait for a result in time, when the job ends without one, and when there is no job', async () => {
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
}
