import type { Claimed, Storage } from '@rq/job'
import { describe, expect, it } from 'vitest'
import { eventually } from '../eventually.ts'
import { claimRequest, end, newJob, newWorker, RETURNED } from './job-steps.ts'
import type { OpenStorage } from './storage-under-test.ts'

const LIMIT = { key: 'limit', concurrency: 1 }
const QUEUE = 'default'

/** How a program lets go of a job that runs. */
const LETTING_GO: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
  canceled: ({ jobs }) => jobs.cancel({ jobId: 'runs', enqueueDependents: true, removeFromDependencies: false }),
  replaced: ({ queues }) => queues.enqueue([newJob({ id: 'runs', origin: 'elsewhere', createdAtMs: 1 })]),
  'replaced by a job of the limit': ({ queues }) =>
    queues.enqueue([newJob({ id: 'runs', origin: 'elsewhere', rateLimit: LIMIT, createdAtMs: 1 })]),
  deleted: ({ jobs }) => jobs.delete({ jobId: 'runs', deleteDependents: false }),
  'canceled, then enqueued': async (storage) => {
    await LETTING_GO.canceled?.(storage)
    await LETTING_GO.replaced?.(storage)
  },
  'canceled, then deleted': async (storage) => {
    await LETTING_GO.canceled?.(storage)
    await LETTING_GO.deleted?.(storage)
  },
}

const leaseOf = ({ executionId, job }: Claimed) => ({ queue: job.origin, jobId: job.id, executionId })

function worker(name: string, queues: readonly string[]) {
  return newWorker({ name, queues })
}

/** Who holds and who waits for the slots of a rate limit. */
export function describeRateLimits(name: string, open: OpenStorage): void {
  describe(`${name}: rate limits`, () => {
    describe.each(Object.entries(LETTING_GO))('the slot of a running job that is %s', (_, letGo) => {
      /** `runs` holds the only slot and runs, `next` waits for it; then `runs` is let go of. */
      async function running(storage: Storage, leaseMs = 15_000): Promise<Claimed> {
        await storage.queues.enqueue([newJob({ id: 'runs', rateLimit: LIMIT })])
        const [claimed] = (await storage.workers.claim(claimRequest({ leaseMs }))).jobs
        if (claimed === undefined) throw new Error('Nothing was claimed.')
        await storage.queues.enqueue([newJob({ id: 'next', rateLimit: LIMIT })])
        await letGo(storage)
        await letGo(storage)
        return claimed
      }
      const isWaiting = async ({ jobs, workers }: Storage) => {
        await workers.cleanUp([QUEUE])
        expect(await jobs.status('next')).toBe('rate_limited')
        expect((await jobs.explain('next'))?.slotHolders).toEqual(['runs'])
      }
      const isAdmitted = async ({ jobs, queues }: Storage) => {
        expect(await jobs.status('next')).toBe('queued')
        expect(await queues.jobIds(QUEUE, 0, -1)).toEqual(['next'])
        expect((await jobs.explain('next'))?.slotHolders).toEqual(['next'])
      }

      it('is free when the run has ended', async () => {
        await using test = await open()
        const claimed = await running(test.storage)
        await isWaiting(test.storage)
        await end(test.storage, [claimed], RETURNED)
        await isAdmitted(test.storage)
      })

      it('is free when the job is given back', async () => {
        await using test = await open()
        const claimed = await running(test.storage)
        expect(await test.storage.workers.giveBack([leaseOf(claimed)])).toEqual(['lost'])
        await isAdmitted(test.storage)
      })

      it('stays as long as heartbeats renew the lease of its run', async () => {
        await using test = await open()
        const claimed = await running(test.storage, 2000)
        const leases = [leaseOf(claimed)]
        const beat = { worker: worker('w', [QUEUE]), leases, leaseMs: 60_000, state: 'busy' as const }
        await test.storage.workers.heartbeat(beat)
        await test.storage.workers.heartbeat(beat)
        await isWaiting(test.storage)
        await end(test.storage, [claimed], RETURNED)
        await isAdmitted(test.storage)
      })

      it('is free when its lease has ended', async () => {
        await using test = await open()
        await running(test.storage, 30)
        await eventually(async () => {
          const request = { queue: QUEUE, workerName: 'w', leaseMs: 15_000, most: 10, from: 0 }
          expect((await test.storage.workers.recover(request)).jobs).toEqual([])
          await isAdmitted(test.storage)
        })
      })
    })

    it('go to jobs of queues that are served', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      const ids = (queue: string) => queues.jobIds(queue, 0, -1)
      const limited = (id: string, origin: string) => newJob({ id, origin, rateLimit: LIMIT })
      await workers.register(worker('served', ['served', 'paused']), 60_000)
      await queues.enqueue([limited('p1', 'paused'), limited('p2', 'paused'), limited('u1', 'unserved')])
      await queues.enqueue([limited('s1', 'served')])
      expect([await ids('paused'), await ids('served')]).toEqual([['p1'], []])

      await queues.pause('paused')
      expect([await ids('paused'), await ids('served')]).toEqual([[], ['s1']])
      expect(await jobs.status('p1')).toBe('rate_limited')
      await queues.enqueue([limited('s2', 'served')])
      const next = async (queue: string) => (await workers.claim(claimRequest({ queues: [queue] }))).jobs
      expect(await end(test.storage, await next('served'), RETURNED)).toEqual(['applied'])
      expect(await ids('served')).toEqual(['s2'])
      expect(await end(test.storage, await next('served'), RETURNED)).toEqual(['applied'])

      // No other job waits for it: the first job of the paused queue has the slot, for when it goes on.
      expect(await ids('paused')).toEqual(['p1'])
      await queues.enqueue([limited('s3', 'served')])
      expect([await ids('paused'), await ids('served')]).toEqual([[], ['s3']])
      await queues.resume('paused')
      await end(test.storage, await next('served'), RETURNED)
      await end(test.storage, await next('paused'), RETURNED)
      await end(test.storage, await next('paused'), RETURNED)
      expect(await ids('unserved')).toEqual(['u1'])
      await queues.enqueue([limited('s4', 'served')])
      expect([await ids('unserved'), await ids('served')]).toEqual([[], ['s4']])
    })

    it('are not taken from a job that runs', async () => {
      await using test = await open()
      const { jobs, queues, workers } = test.storage
      await workers.register(worker('w', ['served']), 60_000)
      await queues.enqueue([newJob({ id: 'runs', origin: 'unserved', rateLimit: LIMIT })])
      await workers.claim(claimRequest({ queues: ['unserved'] }))
      await queues.enqueue([newJob({ id: 'waits', origin: 'served', rateLimit: LIMIT })])
      expect([await jobs.status('runs'), await jobs.status('waits')]).toEqual(['started', 'rate_limited'])
    })
  })
}
