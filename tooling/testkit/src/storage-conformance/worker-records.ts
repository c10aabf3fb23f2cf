import type { HeldQueue, ShownHolds } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { newJob, newWorker } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

/** What a worker shows in its record beside its state. */
export function describeWorkerRecords(name: string, open: OpenStorage): void {
  describe(`${name}: worker records`, () => {
    it('shows which queues of a worker are paused, and counts such workers for a job', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      const [ann, bob] = [newWorker({ name: 'ann', queues: ['a', 'b'] }), newWorker({ name: 'bob', queues: ['a'] })]
      await workers.register(ann, 15_000)
      await workers.register(bob, 15_000)
      await queues.enqueue([newJob({ id: 'waits', origin: 'a' })])
      const counts = async () => {
        const { pausedWorkers, workers: all } = (await jobs.explain('waits')) ?? {}
        return [pausedWorkers, all]
      }
      expect([(await workers.worker('ann'))?.paused, await counts()]).toEqual([[], [0, 2]])
      await workers.showHolds(ann, { paused: ['b'], held: [] })
      expect([(await workers.worker('ann'))?.paused, await counts()]).toEqual([['b'], [0, 2]])
      await workers.showHolds(ann, { paused: ['a', 'b'], held: [] })
      await workers.showHolds(bob, { paused: ['a'], held: [] })
      expect([(await workers.worker('ann'))?.paused, await counts()]).toEqual([
        ['a', 'b'],
        [2, 2],
      ])
      // What a heartbeat writes is something else.
      await workers.heartbeat({ worker: ann, state: 'idle', leases: [], leaseMs: 15_000 })
      await workers.showHolds(bob, { paused: [], held: [] })
      expect((await workers.workers()).map(({ name, paused }) => [name, paused])).toEqual([
        ['ann', ['a', 'b']],
        ['bob', []],
      ])
      expect(await counts()).toEqual([1, 2])
    })

    it('shows which queues of a worker are held back, why and since when, and names such workers for a job', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      const [ann, bob] = [newWorker({ name: 'a:n', queues: ['a', 'a:b'] }), newWorker({ name: 'bob', queues: ['a'] })]
      await workers.register(bob, 15_000)
      await workers.register(ann, 15_000)
      await queues.enqueue([newJob({ id: 'waits', origin: 'a' }), newJob({ id: 'other', origin: 'a:b' })])
      const heldBy = async (id: string) => (await jobs.explain(id))?.heldBy
      const held: HeldQueue[] = [
        { queue: 'a:b', reason: 'no', sinceMs: 1_700_000_000_001 },
        { queue: 'a', reason: 'failed', sinceMs: 5 },
      ]
      expect([(await workers.worker('a:n'))?.held, await heldBy('waits')]).toEqual([[], []])
      await workers.showHolds(ann, { paused: [], held })
      await workers.showHolds(bob, { paused: [], held: [{ queue: 'a', reason: 'no', sinceMs: 7 }] })
      // What a heartbeat writes is something else.
      await workers.heartbeat({ worker: ann, state: 'idle', leases: [], leaseMs: 15_000 })
      expect((await workers.worker('a:n'))?.held).toEqual(held)
      const waits = [
        { worker: 'a:n', reason: 'failed', sinceMs: 5 },
        { worker: 'bob', reason: 'no', sinceMs: 7 },
      ]
      expect([await heldBy('waits'), await heldBy('other')]).toEqual([
        waits,
        [{ worker: 'a:n', reason: 'no', sinceMs: 1_700_000_000_001 }],
      ])
      // A queue that is paused as well counts as paused.
      await workers.showHolds(ann, { paused: ['a'], held })
      expect(await jobs.explain('waits')).toMatchObject({ pausedWorkers: 1, heldBy: waits.slice(1) })
      await workers.showHolds(ann, { paused: ['a'], held: [] })
      expect(await workers.worker('a:n')).toMatchObject({ paused: ['a'], held: [] })
    })

    it('shows which jobs a worker knows by name, for as long as the record is that of its instance', async () => {
      await using test = await open()
      const { workers } = test.storage
      const [ann, bob] = [newWorker({ name: 'ann' }), newWorker({ name: 'bob' })]
      const names = ['sendMail', 'with, comma', '"ü"']
      await workers.showJobNames(ann, { names, more: 0 })
      expect(await workers.worker('ann')).toBeUndefined()
      await workers.register(ann, 15_000)
      await workers.register(bob, 15_000)
      await workers.showJobNames({ ...ann, instance: 'older' }, { names, more: 0 })
      expect(await workers.worker('ann')).not.toHaveProperty('jobNames')
      await workers.showJobNames(ann, { names, more: 0 })
      await workers.showJobNames(bob, { names: [], more: 7 })
      // What a heartbeat writes is something else.
      await workers.heartbeat({ worker: ann, state: 'idle', leases: [], leaseMs: 15_000 })
      const shown = (await workers.workers()).map(({ jobNames, moreJobNames }) => ({ jobNames, moreJobNames }))
      expect(shown).toEqual([
        { jobNames: names, moreJobNames: undefined },
        { jobNames: [], moreJobNames: 7 },
      ])
    })

    it('shows no pauses of a worker that is gone, or of an instance that has lost its name', async () => {
      await using test = await open()
      const { workers } = test.storage
      const ann = newWorker({ name: 'ann', queues: ['a'] })
      const holds: ShownHolds = { paused: ['a'], held: [{ queue: 'a', reason: 'no', sinceMs: 1 }] }
      await workers.showHolds(ann, holds)
      expect(await workers.worker('ann')).toBeUndefined()
      await workers.register(ann, 15_000)
      await workers.showHolds({ ...ann, instance: 'older' }, holds)
      expect(await workers.worker('ann')).toMatchObject({ name: 'ann', paused: [], held: [], isPython: false })
    })
  })
}
