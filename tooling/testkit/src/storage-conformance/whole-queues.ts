import { describe, expect, it } from 'vitest'
import { newJob } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

/** What can be done to a queue as a whole. */
export function describeWholeQueues(name: string, open: OpenStorage): void {
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
  })
}
