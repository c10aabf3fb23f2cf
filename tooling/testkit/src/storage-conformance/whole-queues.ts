import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, newJob, RAISED, RETURNED, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

/** Operations on whole queues, registries and groups. */
export function describeWholeQueues(name: string, open: OpenStorage): void {
  describe(`${name}: whole queues`, () => {
    it('cleans up without changing a valid state', async () => {
      await using test = await open()
      const { queues, jobs, workers } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      await queues.enqueue(['a', 'b'].map((id) => newJob({ id, rateLimit, groupId: 'g' })))
      await queues.enqueue([newJob({ id: 'c', dependencyIds: ['a'] }), newJob({ id: 'd' })])
      await jobs.cancel({ jobId: 'd', enqueueDependents: false, removeFromDependencies: false })
      const ids = ['a', 'b', 'c', 'd']
      const before = await jobs.fetch(ids)
      await workers.cleanUp(['default'])
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

    it('deletes a queue with its jobs, including those that this gives a slot of a rate limit', async () => {
      await using test = await open()
      const { queues } = test.storage
      const rateLimit = { key: 'k', concurrency: 1 }
      await queues.enqueue(['a', 'b'].map((id) => newJob({ id, rateLimit })))
      await queues.enqueue([newJob({ id: 'other', origin: 'other', rateLimit })])
      await queues.deleteQueue('default', true)
      expect(await statusOf(test.storage, 'a', 'b', 'other')).toEqual([undefined, undefined, 'queued'])
      expect(await queues.queueNames()).toEqual(['other'])
    })

    it('reads ranges of a registry in both directions, and removes jobs from it', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      const dueMs = 4_000_000_000_000
      await queues.enqueue(['a', 'b', 'c'].map((id, index) => newJob({ id }, { dueMs: dueMs + index })))
      expect(await queues.registryIds('default', 'scheduled', 1, 2, false)).toEqual(['b', 'c'])
      expect(await queues.registryIds('default', 'scheduled', 0, 1, true)).toEqual(['c', 'b'])
      expect(await queues.registryIds('default', 'scheduled', -1, -1, false)).toEqual(['c'])
      expect(await queues.registryRemove('default', 'scheduled', 'a')).toBe(true)
      expect(await queues.registryRemove('default', 'scheduled', 'a')).toBe(false)
      expect(await queues.registryScoreMs('default', 'scheduled', 'a')).toBeUndefined()
      expect(await queues.registryCount('default', 'scheduled')).toBe(2)
      await jobs.delete({ jobId: 'a', deleteDependents: false })
    })

    it('counts the jobs of queues in each place, without those that have expired', async () => {
      await using test = await open()
      const { queues, jobs, workers } = test.storage
      const none = {
        queued: 0,
        started: 0,
        finished: 0,
        failed: 0,
        deferred: 0,
        scheduled: 0,
        canceled: 0,
        rateLimited: 0,
      }
      await queues.enqueue([newJob({ id: 'expires', resultTtlS: 1 })])
      await workOff(test.storage, RETURNED)
      await queues.enqueue([newJob({ id: 'finished' }), newJob({ id: 'kept', resultTtlS: -1 })])
      await workOff(test.storage, RETURNED)
      await queues.enqueue([newJob({ id: 'failed' })])
      await workOff(test.storage, RAISED)
      await queues.enqueue(['started', 'canceled', 'queued'].map((id) => newJob({ id })))
      await workers.claim(claimRequest({ want: 1 }))
      await queues.enqueue([
        newJob({ id: 'deferred', dependencyIds: ['queued'] }),
        newJob({ id: 'scheduled' }, { dueMs: 4_000_000_000_000 }),
        newJob({ id: 'other', origin: 'other' }),
        ...['holds', 'waits'].map((id) => newJob({ id, origin: 'other', rateLimit: { key: 'k', concurrency: 1 } })),
        newJob({ id: 'waits-too', rateLimit: { key: 'k', concurrency: 1 } }),
        newJob({ id: 'holds-l', origin: 'limited', rateLimit: { key: 'l', concurrency: 1 } }),
        newJob({ id: 'waits-l', rateLimit: { key: 'l', concurrency: 1 } }),
      ])
      await jobs.cancel({ jobId: 'canceled', enqueueDependents: false, removeFromDependencies: false })
      await queues.pause('other')
      await eventually(async () => {
        expect(await queues.counts(['default', 'none', 'other'])).toEqual([
          {
            ...{ queued: 1, started: 1, finished: 2, failed: 1, deferred: 1, scheduled: 1, canceled: 1 },
            ...{ rateLimited: 2, paused: false, oldestQueuedSeconds: expect.any(Number) },
          },
          { ...none, paused: false, oldestQueuedSeconds: null },
          { ...none, queued: 2, rateLimited: 1, paused: true, oldestQueuedSeconds: expect.any(Number) },
        ])
      })
      expect(await queues.registryCount('default', 'finished', true)).toBe(3)
      expect(await queues.counts([])).toEqual([])
    })

    it('lists no job in a group that has only the id of an expired one of the group', async () => {
      await using test = await open()
      const { groups, jobs, queues } = test.storage
      const ids = ['s', 't']
      await queues.enqueue(ids.map((id) => newJob({ id, groupId: 'g', ttlS: 1 })))
      await eventually(async () => expect((await jobs.fetch(ids)).filter(Boolean)).toEqual([]))
      await queues.enqueue([newJob({ id: 's' }), newJob({ id: 't', groupId: 'other' })])
      expect(await groups.jobIds('g')).toEqual([])
      expect(await groups.names()).toEqual(['other'])
    })

    it('lists groups with their living jobs, in the order of their ids', async () => {
      await using test = await open()
      const { groups, jobs, queues } = test.storage
      await queues.enqueue([newJob({ id: 'b', groupId: 'g' }), newJob({ id: 'a', origin: 'other', groupId: 'g' })])
      await queues.enqueue([newJob({ id: 'c', groupId: 'f' })])
      expect(await groups.names()).toEqual(['f', 'g'])
      expect(await groups.jobIds('g')).toEqual(['a', 'b'])
      for (const jobId of ['a', 'c']) await jobs.delete({ jobId, deleteDependents: false })
      expect(await groups.jobIds('g')).toEqual(['b'])
      expect(await groups.jobIds('f')).toEqual([])
      expect(await groups.names()).toEqual(['g'])
    })
  })
}
