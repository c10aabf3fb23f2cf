import type { JobRecord, Outcome, QueueConfiguration, Storage } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, newWorker, RAISED, RETURNED, TIMES, workOff } from './job-steps.ts'
import { type OpenStorage, statusOf } from './storage-under-test.ts'

const STOPPED = { kind: 'stopped', error: 'stopped', ...TIMES } as const
const LEASE_MS = 60_000
const FOR_EVER = { resultTtlS: -1, failureTtlS: -1 }
const SHORT = { resultTtlS: 100, failureTtlS: 100 }
const LONG = { resultTtlS: 100_000, failureTtlS: 100_000 }

/** Set the limits of the queue, and let its worker know of them. */
async function configure({ queues, workers }: Storage, changes: Partial<QueueConfiguration>): Promise<void> {
  await queues.configure('default', changes)
  await beat({ workers })
}

async function beat({ workers }: Pick<Storage, 'workers'>): Promise<void> {
  await workers.heartbeat({ worker: newWorker(), state: 'idle', leases: [], leaseMs: LEASE_MS })
}

/** Enqueue jobs and end each in a call of its own, in this order. */
async function runAll(storage: Storage, ids: readonly string[], outcome: Outcome, facts: Partial<JobRecord> = {}) {
  for (const id of ids) {
    await storage.queues.enqueue([newJob({ id, ...facts })])
    expect(await workOff(storage, outcome)).toEqual(['applied'])
  }
}

const finishedIds = async ({ queues }: Storage) =>
  (await queues.registryIds('default', 'finished', 0, -1, false)).toSorted()
const failedIds = async ({ queues }: Storage) =>
  (await queues.registryIds('default', 'failed', 0, -1, false)).toSorted()

/** Queues that keep only the newest of their ended jobs. */
export function describeNewestJobs(name: string, open: OpenStorage): void {
  describe(`${name}: the newest ended jobs`, () => {
    it('are all that a queue with a limit keeps, by when they ended and not by when they expire', async () => {
      await using test = await open()
      const { storage } = test
      await configure(storage, { keepFinished: 3, keepFailed: 2 })
      await runAll(storage, ['z', 'y'], RETURNED, LONG)
      await runAll(storage, ['x'], RETURNED, FOR_EVER)
      expect(await finishedIds(storage)).toEqual(['x', 'y', 'z'])
      await runAll(storage, ['c'], RETURNED, SHORT)
      await runAll(storage, ['b'], RETURNED, FOR_EVER)
      expect(await finishedIds(storage)).toEqual(['b', 'c', 'x'])
      await runAll(storage, ['r'], RAISED, FOR_EVER)
      await runAll(storage, ['q'], STOPPED, LONG)
      await runAll(storage, ['p'], RAISED, SHORT)
      expect(await failedIds(storage)).toEqual(['p', 'q'])
      expect(await finishedIds(storage)).toEqual(['b', 'c', 'x'])
      expect(await statusOf(storage, 'y', 'z', 'r')).toEqual([undefined, undefined, undefined])
      expect(await storage.jobs.results('r')).toEqual([])
    })

    it('are kept when the limit is set, whatever else waits in the queue', async () => {
      await using test = await open()
      const { queues } = test.storage
      const ends = Date.now() - LEASE_MS
      for (const [at, id] of ['c', 'a', 'b'].entries()) {
        await runAll(test.storage, [id], { ...RETURNED, startedAtMs: ends + at, endedAtMs: ends + at }, FOR_EVER)
        await runAll(test.storage, [`${id}-failed`], { ...RAISED, startedAtMs: ends, endedAtMs: ends - at })
      }
      await queues.enqueue([newJob({ id: 'waits' })])
      expect(await queues.configure('default', { keepFinished: 1 })).toEqual({ keepFinished: 1, keepFailed: null })
      expect(await finishedIds(test.storage)).toEqual(['b'])
      expect(await queues.configure('default', { keepFailed: 2 })).toEqual({ keepFinished: 1, keepFailed: 2 })
      expect(await failedIds(test.storage)).toHaveLength(2)
      expect(await statusOf(test.storage, 'waits', 'c')).toEqual(['queued', undefined])
    })

    it('is every job of a queue whose limit was removed, and of a queue that was deleted', async () => {
      await using test = await open()
      const { queues } = test.storage
      const none = { keepFinished: null, keepFailed: null }
      expect(await queues.configuration('default')).toEqual(none)
      await configure(test.storage, { keepFinished: 1, keepFailed: 1 })
      await configure(test.storage, { keepFinished: null })
      expect(await queues.configuration('default')).toEqual({ keepFinished: null, keepFailed: 1 })
      await runAll(test.storage, ['a', 'b'], RETURNED)
      await queues.deleteQueue('default', true)
      expect(await queues.configuration('default')).toEqual(none)
      // Before the worker knows of it, too.
      await runAll(test.storage, ['c', 'd'], RAISED)
      expect([await finishedIds(test.storage), await failedIds(test.storage)]).toEqual([
        ['a', 'b'],
        ['c', 'd'],
      ])
    })

    it('are found by maintenance when the worker that ended them did not know of the limit', async () => {
      await using test = await open()
      const { storage } = test
      await configure(storage, { keepFinished: 2 })
      const other = test.another()
      const ends = Date.now() - LEASE_MS
      for (const [at, id] of ['c', 'b', 'a', 'd'].entries())
        await runAll(other, [id], { ...RETURNED, startedAtMs: ends + at, endedAtMs: ends + at }, FOR_EVER)
      await storage.workers.cleanUp(['default'])
      expect(await finishedIds(storage)).toEqual(['a', 'd'])
    })

    it('does not count what was requeued, deleted or run again', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await configure(test.storage, { keepFailed: 3 })
      await runAll(test.storage, ['a', 'b', 'c'], RAISED)
      await jobs.requeue('a', false)
      await workOff(test.storage, RAISED)
      await runAll(test.storage, ['d'], RAISED)
      expect(await failedIds(test.storage)).toEqual(['a', 'c', 'd'])
      await jobs.delete({ jobId: 'c', deleteDependents: false })
      await jobs.requeue('a', false)
      await workOff(test.storage, RAISED)
      await runAll(test.storage, ['e'], RAISED)
      expect(await queues.registryCount('default', 'failed')).toBe(3)
      expect(await statusOf(test.storage, 'a', 'd', 'e')).toEqual(['failed', 'failed', 'failed'])
    })

    it('is none with a limit of 0, as with a time to live of 0', async () => {
      await using test = await open()
      const { jobs, queues } = test.storage
      await configure(test.storage, { keepFinished: 0, keepFailed: 0 })
      await queues.enqueue([
        newJob({ id: 'a' }),
        newJob({ id: 'b', results: 'stream', resultTtlS: -1, groupId: 'g' }),
        newJob({ id: 'child', origin: 'children', dependencyIds: ['a', 'b'] }),
      ])
      await workOff(test.storage, RETURNED)
      expect(await statusOf(test.storage, 'a', 'b', 'child')).toEqual([undefined, undefined, 'queued'])
      expect(await test.storage.groups.names()).toEqual([])
      await queues.enqueue([newJob({ id: 'f' }), newJob({ id: 'heir', origin: 'children', dependencyIds: ['f'] })])
      await workOff(test.storage, RAISED)
      expect(await statusOf(test.storage, 'f', 'heir')).toEqual([undefined, 'queued'])
      expect([await finishedIds(test.storage), await failedIds(test.storage)]).toEqual([[], []])
      expect(await jobs.results('b')).toEqual([])
    })

    it('keeps a job that runs again, by its retries or repeats', async () => {
      await using test = await open()
      await configure(test.storage, { keepFinished: 0, keepFailed: 0 })
      await runAll(test.storage, ['retried'], RAISED, { retriesLeft: 1, retryIntervalsS: [3600] })
      await runAll(test.storage, ['repeated'], RETURNED, { repeatsLeft: 1, repeatIntervalsS: [3600] })
      expect(await statusOf(test.storage, 'retried', 'repeated')).toEqual(['scheduled', 'scheduled'])
    })

    it('takes a deleted job out of its group and its unique key, and lets go what waits for it', async () => {
      await using test = await open()
      const { groups, queues, workers } = test.storage
      await configure(test.storage, { keepFailed: 1 })
      const unique = { key: 'k', until: 'deleted' } as const
      await queues.enqueue([newJob({ id: 'old', groupId: 'g', unique, rateLimit: { key: 'l', concurrency: 1 } })])
      await queues.enqueue([newJob({ id: 'child', origin: 'children', dependencyIds: ['old'] })])
      await workOff(test.storage, RAISED)
      await runAll(test.storage, ['new'], RAISED)
      expect(await failedIds(test.storage)).toEqual(['new'])
      expect(await groups.names()).toEqual([])
      expect(
        await queues.enqueue([{ ...newJob({ id: 'next', unique }), uniqueKey: { onDuplicate: 'refuse' } }]),
      ).toEqual(['queued'])
      await workers.cleanUp(['default', 'children'])
      expect(await statusOf(test.storage, 'old', 'child')).toEqual([undefined, 'queued'])
    })

    it.each([0, 1])('lets who waits for a job have its result, with a limit of %i', async (limit) => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await configure(test.storage, { keepFinished: limit, keepFailed: limit })
      const waiter = await jobs.waiter()
      for (const [outcome, type, results] of [
        [RETURNED, 'successful', 'hash'],
        [RETURNED, 'successful', 'stream'],
        [{ ...RETURNED, value: `"${'x'.repeat(5000)}"` }, 'successful', 'hash'],
        [RAISED, 'failed', 'hash'],
      ] as const) {
        const id = `awaited-${type}-${results}-${'value' in outcome ? outcome.value.length : 0}`
        const expected = jobs.expectEnd(id)
        await queues.enqueue([newJob({ id, results }, { hasNewId: true, waiter })])
        const waiting = expected.wait(LEASE_MS, true)
        await queues.enqueue([newJob({ id: `${id}-next` })])
        const claimed = (await workers.claim(claimRequest())).jobs
        expect(await end(test.storage, claimed, outcome)).toEqual(['applied', 'applied'])
        expect(await waiting).toMatchObject({ result: { type } })
        expected.stop()
      }
    })

    it('leaves jobs that have expired out of the count', async () => {
      await using test = await open()
      const { jobs } = test.storage
      await configure(test.storage, { keepFinished: 2 })
      await runAll(test.storage, ['kept'], RETURNED, LONG)
      await runAll(test.storage, ['gone'], RETURNED, { resultTtlS: 1 })
      await eventually(async () => !(await jobs.exists('gone')))
      // Redis removes a hash up to a second before the entry in the registry counts as expired.
      await eventually(async () => (await test.storage.queues.counts(['default']))[0]?.finished === 1)
      await runAll(test.storage, ['next'], RETURNED, LONG)
      expect(await statusOf(test.storage, 'kept', 'next')).toEqual(['finished', 'finished'])
    })
  })
}
