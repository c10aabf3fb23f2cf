import type { JobRecord, NewJob, NewUniqueKey, UniqueUntil } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, RAISED, RETURNED } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

/** A job with the unique key `k`. */
function keyed(
  id: string,
  until: UniqueUntil = 'ended',
  { onDuplicate = 'return', ...rest }: Partial<NewUniqueKey> = {},
  facts: Partial<JobRecord> = {},
  place: Partial<NewJob> = {},
): NewJob {
  const made = newJob({ id, unique: { key: 'k', until }, ...facts }, place)
  return { ...made, uniqueKey: { onDuplicate, ...rest } }
}

const heldBy = (id: string) => [{ duplicateOf: id }]

/** Keys of which one job at a time holds each. */
export function describeUniqueKeys(name: string, open: OpenStorage): void {
  describe(`${name}: unique keys`, () => {
    it('refuse a job while another one of the queue waits or runs', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      expect(await queues.enqueue([keyed('a'), keyed('b')])).toEqual(['queued', { duplicateOf: 'a' }])
      expect(await queues.enqueue([keyed('other', 'ended', {}, { origin: 'other' })])).toEqual(['queued'])
      expect(await queues.enqueue([keyed('a')])).toEqual(['queued'])
      const { jobs } = await workers.claim(claimRequest())
      expect(await queues.enqueue([keyed('c')])).toEqual(heldBy('a'))
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['applied'])
      expect(await queues.enqueue([keyed('d')])).toEqual(['queued'])
      expect(await statusOf(test.storage, 'a', 'b', 'c', 'd')).toEqual(['finished', undefined, undefined, 'queued'])
    })

    it('refuse it while the other one waits for its time, for jobs or for a slot', async () => {
      await using test = await open()
      const { queues } = test.storage
      const limit = { rateLimit: { key: 'l', concurrency: 1 } }
      await queues.enqueue([newJob({ id: 'slot', ...limit }), newJob({ id: 'parent' })])
      const waiting: [NewJob, string][] = [
        [keyed('later', 'started', {}, { origin: 'x' }, { delayMs: 60_000 }), 'scheduled'],
        [keyed('child', 'started', {}, { origin: 'y', dependencyIds: ['parent'] }), 'deferred'],
        [keyed('limited', 'started', {}, { origin: 'z', ...limit }), 'rate_limited'],
      ]
      for (const [job, placement] of waiting) {
        expect(await queues.enqueue([job])).toEqual([placement])
        const { id, origin } = job.record
        expect(await queues.enqueue([keyed('next', 'started', {}, { origin })])).toEqual(heldBy(id))
      }
    })

    it('until started: are free while the job runs, and held again by its retry', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      await queues.enqueue([keyed('a', 'started', {}, { retriesLeft: 1, retryIntervalsS: [0] })])
      const { jobs } = await workers.claim(claimRequest())
      await end(test.storage, jobs, RAISED)
      expect(await queues.enqueue([keyed('b', 'started')])).toEqual(heldBy('a'))
      await workers.claim(claimRequest())
      expect(await queues.enqueue([keyed('c', 'started')])).toEqual(['queued'])
      expect(await queues.enqueue([keyed('d', 'started')])).toEqual(heldBy('c'))
    })

    it.each([
      ['ended', ['queued']],
      ['deleted', heldBy('a')],
    ] as const)('until %s: a job that failed or was canceled is told from one that runs', async (until, expected) => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await queues.enqueue([keyed('a', until)])
      await end(test.storage, (await workers.claim(claimRequest())).jobs, RAISED)
      expect(await queues.enqueue([keyed('b', until)])).toEqual(expected)
      const held = until === 'deleted' ? 'a' : 'b'
      await jobs.delete({ jobId: 'a', deleteDependents: false })
      if (until === 'deleted') await queues.enqueue([keyed('b', until)])
      await jobs.cancel({ jobId: 'b', enqueueDependents: false, removeFromDependencies: false })
      expect(await queues.enqueue([keyed('c', until)])).toEqual(held === 'b' ? ['queued'] : heldBy('b'))
    })

    it('until deleted: are held by a finished job', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await queues.enqueue([keyed('a', 'deleted')])
      await end(test.storage, (await workers.claim(claimRequest())).jobs, RETURNED)
      expect(await queues.enqueue([keyed('b', 'deleted')])).toEqual(heldBy('a'))
      await jobs.delete({ jobId: 'a', deleteDependents: false })
      expect(await queues.enqueue([keyed('b', 'deleted')])).toEqual(['queued'])
    })

    it('for a time: are held by a job that has finished, also when it is gone, but not by one that failed', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      const claimAll = async () => (await workers.claim(claimRequest())).jobs
      await queues.enqueue([keyed('gone', 'ended', { forMs: 60_000 }, { resultTtlS: 0 })])
      await end(test.storage, await claimAll(), RETURNED)
      expect(await statusOf(test.storage, 'gone')).toEqual([undefined])
      expect(await queues.enqueue([keyed('b')])).toEqual(heldBy('gone'))
      const other = { unique: { key: 'other', until: 'ended' } } as const
      await queues.enqueue([keyed('fails', 'ended', { forMs: 60_000 }, { failureTtlS: 0, ...other })])
      await end(test.storage, await claimAll(), RAISED)
      expect(await queues.enqueue([keyed('c', 'ended', {}, other)])).toEqual(['queued'])
      const short = { unique: { key: 'short', until: 'ended' } } as const
      await queues.enqueue([keyed('d', 'ended', { forMs: 1 }, { resultTtlS: 0, ...short })])
      await end(test.storage, await claimAll(), RETURNED)
      await eventually(async () => {
        expect(await queues.enqueue([keyed('e', 'ended', {}, short)])).toEqual(['queued'])
      })
    })

    it('are free when the job that held them expires in its queue, is deleted, or gets another key', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([keyed('a', 'ended', {}, { ttlS: 1 })])
      await eventually(async () => expect(await queues.enqueue([keyed('b')])).toEqual(['queued']))
      await jobs.delete({ jobId: 'b', deleteDependents: false })
      expect(await queues.enqueue([keyed('c')])).toEqual(['queued'])
      await queues.enqueue([newJob({ id: 'c', createdAtMs: 1_790_000_009_000 })])
      expect(await queues.enqueue([keyed('d')])).toEqual(['queued'])
    })

    it('replace: the job that holds the key is deleted, wherever it is', async () => {
      await using test = await open()
      const { queues, workers } = test.storage
      const replace = (id: string) => queues.enqueue([keyed(id, 'ended', { onDuplicate: 'replace' })])
      expect(await replace('a')).toEqual(['queued'])
      expect(await replace('b')).toEqual(['queued'])
      expect(await statusOf(test.storage, 'a', 'b')).toEqual([undefined, 'queued'])
      const { jobs } = await workers.claim(claimRequest())
      expect(await replace('c')).toEqual(['queued'])
      expect(await end(test.storage, jobs, RETURNED)).toEqual(['gone'])
      expect(await queues.jobIds('default', 0, -1)).toEqual(['c'])
    })

    it('are held again by a job that is requeued, unless another one holds them by now', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await queues.enqueue([keyed('a')])
      await end(test.storage, (await workers.claim(claimRequest())).jobs, RAISED)
      expect(await jobs.requeue('a', false)).toBe('done')
      expect(await queues.enqueue([keyed('b')])).toEqual(heldBy('a'))
      await end(test.storage, (await workers.claim(claimRequest())).jobs, RAISED)
      expect(await queues.enqueue([keyed('b')])).toEqual(['queued'])
      expect(await jobs.requeue('a', false)).toBe('done')
      expect(await queues.enqueue([keyed('c')])).toEqual(heldBy('b'))
    })

    it('let one of 50 concurrent jobs through', async () => {
      await using test = await open()
      const clients = [test.storage, test.another()]
      const placements = await Promise.all(
        Array.from({ length: 50 }, (_, n) => (clients[n % 2] ?? test.storage).queues.enqueue([keyed(`j${n}`)])),
      )
      expect(placements.flat().filter((placement) => placement === 'queued')).toHaveLength(1)
      expect(await test.storage.queues.count('default')).toBe(1)
    })

    it('are for jobs that begin at once, too', async () => {
      await using test = await open()
      const { queues } = test.storage
      expect(await queues.begin(keyed('a'), 'sync', 60_000)).toMatchObject({ placement: 'started' })
      expect(await queues.begin(keyed('b'), 'sync', 60_000)).toEqual({ placement: { duplicateOf: 'a' } })
    })

    it('come back with the job', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await queues.enqueue([keyed('a', 'started')])
      expect((await jobs.fetch(['a']))[0]?.unique).toEqual({ key: 'k', until: 'started' })
    })
  })
}
