import { settle } from '@rq/job'
import { RedisStorage } from '@rq/redis'
import { faultProxy, type RedisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker, RAISED, RETURNED, rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import * as scripts from '../../redis/src/connection/scripts.generated.ts'
import { Group, Job, Queue, RateLimit } from '../src/index.ts'
import { add, divByZero, nothing } from './functions.ts'
import { type RqFixture, rqFixture } from './rq-fixture.ts'

interface Site {
  /** Past the proxy: makes the state that a step begins with. */
  readonly at: RqFixture
  /** Through the proxy, as is all that is counted. */
  readonly queue: Queue
  readonly storage: RedisStorage
  readonly where: { readonly connection: RedisFixture['client']; readonly prefix: string }
}

/** Makes a state, and returns what is to be counted. */
type Step = (site: Site) => Promise<() => Promise<unknown>> | (() => Promise<unknown>)

const MANY = 200
const limited = { rateLimit: new RateLimit({ key: 'k', concurrency: 1 }) }

const many = () => Array.from({ length: MANY }, () => Queue.prepareData(nothing))

async function claimed({ at, storage }: Site) {
  await at.queue.enqueueMany(many())
  return (await storage.workers.claim(claimRequest({ want: MANY }))).jobs
}

async function leasesOf(site: Site) {
  return (await claimed(site)).map(({ executionId, job }) => ({ queue: job.origin, jobId: job.id, executionId }))
}

/** A job with `MANY` that wait for it, in a queue of their own. */
async function parentOf({ at }: Site) {
  const parent = await at.queue.enqueue(nothing)
  const datas = Array.from({ length: MANY }, () => Queue.prepareData(nothing, [], { dependsOn: parent }))
  await at.open('children').enqueueMany(datas)
  return parent.id
}

const STEPS: Readonly<Record<string, readonly [sent: readonly string[], step: Step]>> = {
  'enqueue, with every option': [
    ['enqueue'],
    async ({ at, queue }) => {
      const parent = await at.queue.enqueue(nothing)
      const options = { dependsOn: parent, ttl: 60, meta: { a: 1 }, onSuccess: nothing, ...limited }
      return () => queue.enqueue(add, [1, 2], options)
    },
  ],
  'a unique enqueue': [
    ['enqueue'],
    ({ queue }) =>
      () =>
        queue.enqueue(nothing, [], { jobId: 'a', unique: true }),
  ],
  [`${MANY} concurrent enqueues`]: [
    ['enqueue'],
    ({ queue }) =>
      () =>
        Promise.all(Array.from({ length: MANY }, (_, n) => queue.enqueue(add, [n, n]))),
  ],
  'enqueueMany in a group': [
    ['enqueue'],
    ({ queue, where }) => {
      const group = Group.create({ ...where, name: 'g' })
      return () => group.enqueueMany(queue, many())
    },
  ],
  enqueueIn: [
    ['enqueue'],
    ({ queue }) =>
      () =>
        queue.enqueueIn(60, nothing),
  ],
  'enqueueJob of a job that has failed': [
    ['enqueue'],
    async ({ at, queue }) => {
      const job = await at.queue.enqueue(divByZero)
      await at.work()
      return () => queue.enqueueJob(job)
    },
  ],
  'a job in this process': [
    ['enqueue', 'settle'],
    ({ where }) => {
      const inProcess = new Queue('sync', { ...where, isAsync: false })
      return () => inProcess.enqueue(add, [1, 2])
    },
  ],
  claim: [
    ['claim'],
    async ({ at, storage }) => {
      await at.queue.enqueueMany(many())
      return () => storage.workers.claim(claimRequest({ queues: ['other', 'default'], want: MANY }))
    },
  ],
  [`the ends of ${MANY} jobs, and the next claim`]: [
    ['settle'],
    async (site) => {
      const jobs = await claimed(site)
      await site.at.queue.enqueue(nothing)
      const settlements = jobs.map(({ executionId, job }, n) => settle(job, executionId, n % 2 ? RETURNED : RAISED))
      return () => site.storage.workers.settle('worker', settlements, claimRequest())
    },
  ],
  'the end of a job that others wait for, in a rate limit, in a group': [
    ['settle'],
    async (site) => {
      const { at, storage } = site
      const group = Group.create({ ...at.shared, name: 'g' })
      const [parent] = await group.enqueueMany(at.queue, [Queue.prepareData(nothing, [], { ...limited, resultTtl: 0 })])
      await at.queue.enqueueMany(Array.from({ length: 3 }, () => Queue.prepareData(nothing, [], limited)))
      await at.open('children').enqueue(nothing, [], { dependsOn: parent, ...limited })
      const { jobs } = await storage.workers.claim(claimRequest())
      const settlements = jobs.map(({ executionId, job }) => settle(job, executionId, RETURNED))
      return () => storage.workers.settle('worker', settlements)
    },
  ],
  heartbeat: [
    ['heartbeat'],
    async (site) => {
      const leases = await leasesOf(site)
      const worker = newWorker({ ttlS: 60 })
      return () => site.storage.workers.heartbeat({ worker, state: 'busy', leases, leaseMs: 15_000 })
    },
  ],
  'giving jobs back': [
    ['give_back'],
    async (site) => {
      const leases = await leasesOf(site)
      return () => site.storage.workers.giveBack(leases)
    },
  ],
  'taking over abandoned jobs': [
    ['recover'],
    async (site) => {
      await claimed(site)
      await site.at.endLeases()
      return () => rescue(site.storage.workers, { most: MANY })
    },
  ],
  'canceling, with dependents': [
    ['cancel'],
    async (site) => {
      const job = await Job.fetch(await parentOf(site), site.where)
      return () => job.cancel({ enqueueDependents: true, removeFromDependencies: true })
    },
  ],
  'deleting, with dependents': [
    ['delete_job'],
    async (site) => {
      const job = await Job.fetch(await parentOf(site), site.where)
      return () => job.delete({ deleteDependents: true })
    },
  ],
  requeue: [
    ['requeue'],
    async ({ at, where }) => {
      const { id } = await at.queue.enqueue(divByZero)
      await at.work()
      const job = await Job.fetch(id, where)
      return () => job.requeue()
    },
  ],
  'letting a scheduled job go': [
    ['promote'],
    async ({ at, queue }) => {
      const job = await at.queue.enqueueIn(60, nothing)
      return () => queue.scheduledJobRegistry.requeue(job)
    },
  ],
  'giving a scheduled job another time': [
    ['reschedule'],
    async ({ at, where }) => {
      const job = await Job.fetch((await at.queue.enqueueIn(60, nothing)).id, where)
      return () => job.reschedule('2100-01-01T00:00:00Z')
    },
  ],
  [`moving ${MANY} scheduled jobs when they are due`]: [
    ['promote_due'],
    async ({ at, storage }) => {
      const names = Array.from({ length: MANY }, (_, n) => `s${n}`)
      const dueMs = 4_000_000_000_000
      await storage.queues.enqueue(names.map((id) => newJob({ id }, { dueMs })))
      for (const id of names) await at.redis.client.zadd(at.key('scheduled:default'), '1', id)
      await at.redis.client.set(at.key('scheduler-lock:default'), 's')
      return () => storage.schedules.promoteDue('default', 's', MANY)
    },
  ],
  saveMeta: [
    ['update_job'],
    async ({ at, where }) => {
      const job = await Job.fetch((await at.queue.enqueue(nothing)).id, where)
      return () => job.saveMeta()
    },
  ],
  [`fetching ${MANY} jobs`]: [
    ['fetch'],
    async ({ at, where }) => {
      const jobs = await at.queue.enqueueMany(many())
      return () =>
        Job.fetchMany(
          jobs.map(({ id }) => id),
          where,
        )
    },
  ],
  explain: [
    ['explain'],
    async ({ at, where }) => {
      const parent = await at.queue.enqueue(nothing)
      const job = await Job.fetch((await at.queue.enqueue(nothing, [], { dependsOn: parent })).id, where)
      return () => job.explain()
    },
  ],
}

describe('what goes to Redis', () => {
  it.each(Object.entries(STEPS))('for %s', async (_, [sent, step]) => {
    await using at = await rqFixture()
    await using proxy = await faultProxy(at.redis.url)
    // A server that does not know a script is asked twice, once.
    for (const { lua } of Object.values(scripts)) await at.redis.client.script('LOAD', lua)
    const client = at.redis.client.duplicate({ port: proxy.port })
    try {
      const where = { connection: client, prefix: at.redis.prefix }
      const queue = new Queue('default', where)
      const act = await step({ at, queue, storage: new RedisStorage(where), where })
      const before = proxy.commands.length
      await act()
      expect(proxy.commands.slice(before)).toEqual(sent)
    } finally {
      client.disconnect()
    }
  })
})
