import { findViolations, type RedisFixture } from '@rq/testkit'
import { claimRequest, end, newJob, newWorker, RETURNED, rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import type { RedisStorage } from '../src/index.ts'
import { withBrokenKeys } from './with-storage.ts'

const IDS = ['a', 'b', 'c', 'd', 'broken', 'e', 'f', 'g', 'h']
const OTHERS = IDS.filter((id) => id !== 'broken')

interface Place {
  readonly storage: RedisStorage
  readonly client: RedisFixture['client']
  key(name: string): string
  /** Put a key of another type in the place of the job `broken`. */
  breakIt(): Promise<void>
}

/** What cannot be read is left out of the fixture's checks: the test says where everything has to be. */
const withPlace = (run: (place: Place) => Promise<void>) =>
  withBrokenKeys(async (storage, { client, prefix }) => {
    const key = (name: string) => `${prefix}${name}`
    const breakIt = async () => {
      await client.del(key('job:broken'))
      await client.sadd(key('job:broken'), 'x')
    }
    await run({ storage, client, key, breakIt })
  })

const enqueue = (
  { storage }: Place,
  facts: Parameters<typeof newJob>[0] = {},
  place: Parameters<typeof newJob>[1] = {},
) => storage.queues.enqueue(IDS.map((id) => newJob({ id, ...facts }, place)))
const brokenIds = async ({ storage }: Place, queue = 'default') =>
  (await storage.queues.brokenJobs(queue, 10)).map(({ id, keyType }) => [id, keyType])
const queued = ({ storage }: Place, queue = 'default') => storage.queues.jobIds(queue, 0, -1)
const claimAll = ({ storage }: Place) => storage.workers.claim(claimRequest({ want: 100 }))
const SET_ASIDE = [['broken', 'set']]

describe('one key that is no job costs no other job, and its id is set aside,', () => {
  it('in a claim', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.breakIt()
      expect((await claimAll(place)).jobs.map(({ job }) => job.id)).toEqual(OTHERS)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
    }))

  it('in a claim, when the job has lost its data', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.client.hdel(place.key('job:broken'), 'data')
      expect((await claimAll(place)).jobs.map(({ job }) => job.id)).toEqual(OTHERS)
      expect(await brokenIds(place)).toEqual([['broken', 'hash']])
    }))

  it('when their time comes', () =>
    withPlace(async (place) => {
      await enqueue(place, {}, { dueMs: Date.now() + 60_000 })
      await place.breakIt()
      await place.client.zadd(place.key('scheduled:default'), ...IDS.flatMap((id) => ['1', id]))
      const { schedules } = place.storage
      await schedules.lead({ name: 's', queues: ['default'], pid: 1, hostname: 'h', createdAtMs: 0 }, 60_000)
      expect(await schedules.promoteDue('default', 's', 100)).toMatchObject({ moved: OTHERS.length })
      expect((await queued(place)).sort()).toEqual(OTHERS)
      expect(await place.client.exists(place.key('scheduled:default'))).toBe(0)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
    }))

  it('when a dead worker is recovered', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await claimAll(place)
      await place.breakIt()
      const leases = place.key('wip:default')
      const members = await place.client.zrange(leases, 0, '-1')
      await place.client.zadd(leases, ...members.flatMap((member) => ['1', member]))
      expect((await rescue(place.storage.workers, { most: 100 })).map(({ job }) => job.id)).toEqual(OTHERS)
      expect(await place.client.zcard(leases)).toBe(OTHERS.length)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
    }))

  it('in a settlement, whose worker is told that it has lost the job', () =>
    withPlace(async (place) => {
      await enqueue(place)
      const { jobs } = await claimAll(place)
      await place.breakIt()
      const answers = await end(place.storage, jobs, RETURNED)
      expect(answers).toEqual(IDS.map((id) => (id === 'broken' ? 'lost' : 'applied')))
      expect((await place.storage.queues.registryIds('default', 'finished', 0, -1, false)).sort()).toEqual(OTHERS)
      expect(await place.client.exists(place.key('wip:default'))).toBe(0)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
    }))

  it('in a heartbeat and when jobs are given back', () =>
    withPlace(async (place) => {
      await enqueue(place)
      const { jobs } = await claimAll(place)
      await place.breakIt()
      const leases = jobs.map(({ executionId, job }) => ({ queue: 'default', jobId: job.id, executionId }))
      const worker = newWorker({ name: 'w', ttlS: 60 })
      const beat = { worker, state: 'busy' as const, leases, leaseMs: 60_000 }
      expect((await place.storage.workers.heartbeat(beat)).lost.map(({ jobId }) => jobId)).toEqual(['broken'])
      expect(await place.storage.workers.giveBack(leases)).toEqual(
        IDS.map((id) => (id === 'broken' ? 'lost' : 'returned')),
      )
      expect(await queued(place)).toEqual(OTHERS)
    }))

  it('when the job that they wait for ends', () =>
    withPlace(async (place) => {
      await place.storage.queues.enqueue([newJob({ id: 'p', origin: 'parents' })])
      await enqueue(place, { dependencyIds: ['p'] })
      await place.breakIt()
      const { jobs } = await place.storage.workers.claim(claimRequest({ queues: ['parents'] }))
      expect(await end(place.storage, jobs, RETURNED)).toEqual(['applied'])
      expect(await queued(place)).toEqual(OTHERS)
      await place.storage.workers.cleanUp(['default'])
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
      expect(await place.client.exists(place.key('deferred:default'))).toBe(0)
    }))

  it('when it is one of those that a job waits for', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.storage.queues.enqueue([newJob({ id: 'child', origin: 'children', dependencyIds: IDS })])
      await place.breakIt()
      await end(place.storage, (await claimAll(place)).jobs, RETURNED)
      expect(await queued(place, 'children')).toEqual(['child'])
    }))

  it('when slots of their rate limit come free', () =>
    withPlace(async (place) => {
      await enqueue(place, { rateLimit: { key: 'k', concurrency: 1 } })
      await place.breakIt()
      const ran: string[] = []
      for (let n = 0; n < IDS.length; n++) {
        const { jobs } = await claimAll(place)
        ran.push(...jobs.map(({ job }) => job.id))
        await end(place.storage, jobs, RETURNED)
      }
      expect(ran).toEqual(OTHERS)
    }))

  it('when a Python worker left them ready', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.client.del(place.key('queue:default'))
      for (const id of IDS) await place.client.hset(place.key(`job:${id}`), { status: 'ready_to_enqueue' })
      await place.client.zadd(place.key('ready:default'), ...IDS.flatMap((id, n) => [String(n), id]))
      await place.breakIt()
      await place.storage.workers.cleanUp(['default'])
      expect(await queued(place)).toEqual(OTHERS)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
    }))

  it('in maintenance, in any registry', () =>
    withPlace(async (place) => {
      await place.breakIt()
      const kinds = ['finished', 'failed', 'deferred', 'canceled', 'scheduled'] as const
      for (const kind of kinds) await place.client.zadd(place.key(`${kind}:default`), '4000000000', 'broken')
      await place.storage.workers.cleanUp(['default'])
      expect(await place.client.exists(...kinds.map((kind) => place.key(`${kind}:default`)))).toBe(0)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
    }))

  it('when many are read', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.breakIt()
      const read = await place.storage.jobs.fetch(IDS)
      expect(read.map((record) => record?.id)).toEqual(IDS.map((id) => (id === 'broken' ? undefined : id)))
    }))
})

describe('one key that is no job', () => {
  it('goes when its queue is emptied, with all others', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.breakIt()
      expect(await place.storage.queues.empty('default')).toBe(IDS.length)
      expect(await place.client.exists(...IDS.map((id) => place.key(`job:${id}`)))).toBe(0)
    }))

  it('refuses a list of jobs before any is written', () =>
    withPlace(async (place) => {
      await place.breakIt()
      await expect(enqueue(place)).rejects.toThrow(/job:broken is no job\. Nothing was written\./)
      expect(await queued(place)).toEqual([])
      expect(await place.client.exists(...OTHERS.map((id) => place.key(`job:${id}`)))).toBe(0)
    }))

  it('is forgotten when it is deleted or mended', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.breakIt()
      await claimAll(place)
      await place.storage.jobs.delete({ jobId: 'broken', deleteDependents: false })
      expect(await brokenIds(place)).toEqual([])
      await place.client.zadd(place.key('broken:default'), '1', 'a')
      expect(await brokenIds(place)).toEqual([])
      await place.storage.workers.cleanUp(['default'])
      expect(await place.client.exists(place.key('broken:default'))).toBe(0)
    }))
})

describe('a job whose end the store refuses', () => {
  const setAside = (place: Place, jobId: string, executionId = '') =>
    place.storage.workers.setAside({
      lease: { queue: 'default', jobId, executionId },
      workerName: 'worker',
      rateLimit: undefined,
      reason: 'no such time\nat all',
    })

  it('has no execution, lease or record of it after it was set aside, and can be deleted', () =>
    withPlace(async (place) => {
      await enqueue(place)
      const { jobs } = await claimAll(place)
      const leases = jobs.map(({ executionId, job }) => ({ queue: 'default', jobId: job.id, executionId }))
      const worker = newWorker({ name: 'worker' })
      await place.storage.workers.heartbeat({ worker, state: 'busy', leases, leaseMs: 60_000 })
      const [first, ...others] = leases
      expect(await setAside(place, 'a', first?.executionId)).toBe(true)
      const member = `a:${first?.executionId}`
      expect(await place.client.exists(place.key(`execution:${member}`), place.key('executions:a'))).toBe(0)
      expect(await place.client.sismember(place.key('worker:worker:executions'), member)).toBe(0)
      expect(await place.client.zcard(place.key('wip:default'))).toBe(others.length)
      expect(await findViolations(place.client, place.key(''))).toEqual([])
      await place.storage.jobs.delete({ jobId: 'a', deleteDependents: false })
      expect(await place.storage.queues.brokenJobs('default', 10)).toEqual([])
      await place.storage.workers.cleanUp(['default'])
      expect(await place.client.exists(place.key('broken:default'), place.key('refused:default'))).toBe(0)
    }))

  it('is set aside also when its key is of another type', () =>
    withPlace(async (place) => {
      await enqueue(place)
      const { jobs } = await claimAll(place)
      await place.breakIt()
      const broken = jobs.find(({ job }) => job.id === 'broken')
      expect(await setAside(place, 'broken', broken?.executionId)).toBe(true)
      expect(await brokenIds(place)).toEqual(SET_ASIDE)
      expect(await place.client.zcard(place.key('wip:default'))).toBe(OTHERS.length)
    }))

  it('stays where it is when it was canceled meanwhile', () =>
    withPlace(async (place) => {
      await enqueue(place)
      const { jobs } = await claimAll(place)
      await place.storage.jobs.cancel({ jobId: 'a', enqueueDependents: false, removeFromDependencies: false })
      expect(await setAside(place, 'a', jobs[0]?.executionId)).toBe(true)
      expect(await brokenIds(place)).toEqual([])
    }))

  it('is one of the last 1000 of its queue that are listed', () =>
    withPlace(async (place) => {
      const old = Array.from({ length: 1000 }, (_, n) => `old${String(n).padStart(4, '0')}`)
      await place.client.zadd(place.key('broken:default'), ...old.flatMap((id) => ['1', id]))
      await place.client.hset(place.key('refused:default'), 'old0000', 'x\nold', 'old0001', 'x\nold')
      await enqueue(place)
      const { jobs } = await claimAll(place)
      expect(await setAside(place, 'a', jobs[0]?.executionId)).toBe(true)
      expect(await place.client.zcard(place.key('broken:default'))).toBe(1000)
      expect((await place.client.hkeys(place.key('refused:default'))).sort()).toEqual(['a', 'old0001'])
      expect(await place.storage.queues.brokenJobs('default', 10)).toMatchObject([{ id: 'a' }])
    }))
})

describe('a queue whose list is of another type', () => {
  it.each([{}, { resultTtlS: 60 }])(
    'refuses jobs with %o, and those that are sent with them, and nothing is written',
    (facts) =>
      withPlace(async (place) => {
        await place.client.set(place.key('queue:wrong'), 'x')
        await place.storage.queues.enqueue([newJob({ id: 'there', origin: 'right' })])
        const list = ['1', '2'].flatMap((n) => [
          newJob({ id: `a${n}`, origin: 'right', ...facts }),
          newJob({ id: `b${n}`, origin: 'wrong', ...facts }),
        ])
        for (const jobs of [list, list.slice(1, 2)])
          await expect(place.storage.queues.enqueue(jobs)).rejects.toThrow(/WRONGTYPE/)
        expect(await queued(place, 'right')).toEqual(['there'])
        expect(await place.client.exists(...list.map(({ record }) => place.key(`job:${record.id}`)))).toBe(0)
      }),
  )

  it('keeps no worker from its other queues', () =>
    withPlace(async (place) => {
      await enqueue(place)
      await place.client.set(place.key('queue:wrong'), 'x')
      const { jobs } = await place.storage.workers.claim(claimRequest({ queues: ['wrong', 'default'], want: 100 }))
      expect(jobs.map(({ job }) => job.id)).toEqual(IDS)
    }))
})
