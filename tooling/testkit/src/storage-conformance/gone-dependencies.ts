import type { JobRecord, Outcome, Storage } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, RAISED, RETURNED, TIMES } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

const STOPPED = { kind: 'stopped', error: 'stopped', ...TIMES } as const
const PARENTS = ['parents']

async function runParent(storage: Storage, outcome: Outcome, meanwhile?: () => Promise<unknown>): Promise<void> {
  const { jobs } = await storage.workers.claim(claimRequest({ queues: PARENTS }))
  await meanwhile?.()
  expect(await end(storage, jobs, outcome)).toEqual(['applied'])
}

const cancel = ({ jobs }: Storage) =>
  jobs.cancel({ jobId: 'p', enqueueDependents: false, removeFromDependencies: false })

/** How a job comes to be gone: what it is like, and what happens to it. */
const WAYS: Readonly<Record<string, [Partial<JobRecord>, (storage: Storage) => Promise<unknown>]>> = {
  'expired in its queue': [
    { ttlS: 60 },
    ({ queues }) => queues.enqueue([newJob({ id: 'p', origin: 'parents', ttlS: 1 }, { again: true })]),
  ],
  'was deleted': [{}, ({ jobs }) => jobs.delete({ jobId: 'p', deleteDependents: false })],
  'failed and was not kept': [{ failureTtlS: 0 }, (storage) => runParent(storage, RAISED)],
  'was stopped and not kept': [{ failureTtlS: 0 }, (storage) => runParent(storage, STOPPED)],
  'was canceled while it ran, and was not kept': [
    { resultTtlS: 0 },
    (storage) => runParent(storage, RETURNED, () => cancel(storage)),
  ],
  'failed and was deleted': [
    {},
    async (storage) => {
      await runParent(storage, RAISED)
      await storage.jobs.delete({ jobId: 'p', deleteDependents: false })
    },
  ],
  'was canceled and deleted': [
    {},
    async (storage) => {
      await cancel(storage)
      await storage.jobs.delete({ jobId: 'p', deleteDependents: false })
    },
  ],
}

/** A job that is gone holds no other back, whether that one was enqueued before or after. */
export function describeGoneDependencies(name: string, open: OpenStorage): void {
  describe(`${name}: dependencies that are gone`, () => {
    it.each(Object.entries(WAYS))('release what waits for a job that %s', async (_, [parent, vanish]) => {
      await using test = await open()
      const { storage } = test
      const { jobs, queues, workers } = storage
      const dependent = (id: string, record: Partial<JobRecord> = {}) =>
        newJob({ id, origin: 'children', dependencyIds: ['p'], ...record })
      await queues.enqueue([newJob({ id: 'p', origin: 'parents', ...parent })])
      expect(
        await queues.enqueue([
          dependent('before'),
          dependent('tolerant', { allowDependencyFailures: true }),
          newJob({ id: 'other', origin: 'others' }),
          dependent('both', { dependencyIds: ['p', 'other'] }),
        ]),
      ).toEqual(['deferred', 'deferred', 'queued', 'deferred'])
      await workers.cleanUp(['children'])
      expect(await statusOf(storage, 'before', 'tolerant', 'both')).toEqual(['deferred', 'deferred', 'deferred'])
      await vanish(storage)
      await eventually(async () => expect(await jobs.exists('p')).toBe(false))

      expect(await queues.enqueue([dependent('after')])).toEqual(['queued'])
      await workers.cleanUp(['children'])
      expect(await statusOf(storage, 'before', 'tolerant', 'both')).toEqual(['queued', 'queued', 'deferred'])
      expect((await queues.jobIds('children', 0, -1)).filter((id) => id === 'before')).toEqual(['before'])
      await workers.cleanUp(['children'])
      expect(await queues.count('children')).toBe(3)
    })

    it.each(['expired in its queue', 'was deleted'])('are waited for when another takes the id: %s', async (way) => {
      await using test = await open()
      const { storage } = test
      const { jobs, queues, workers } = storage
      const [parent, vanish] = WAYS[way] ?? [{}, async () => {}]
      await queues.enqueue([newJob({ id: 'p', origin: 'parents', ...parent })])
      await queues.enqueue([newJob({ id: 'child', origin: 'children', dependencyIds: ['p'] })])
      await vanish(storage)
      await eventually(async () => expect(await jobs.exists('p')).toBe(false))
      await queues.enqueue([newJob({ id: 'p', origin: 'parents', createdAtMs: 1_790_000_005_000 })])
      await workers.cleanUp(['children'])
      expect(await jobs.dependentIds('p')).toEqual(['child'])
      expect(await statusOf(storage, 'child')).toEqual(['deferred'])
      await runParent(storage, RETURNED)
      expect(await statusOf(storage, 'child')).toEqual(['queued'])
    })
  })
}
