import { settle } from '@rq/job'
import { type RedisFixture, redisFixture } from '@rq/testkit'
import { claimRequest, newJob, newWorker, RETURNED, rescue } from '@rq/testkit/storage-conformance'
import { describe, expect, it } from 'vitest'
import { RedisStorage } from '../src/index.ts'

const QUEUES = ['a', 'b']
const LATER_MS = 10 * 60_000
const WORKER = newWorker({ queues: QUEUES, ttlS: 600 })
const SCHEDULER = { name: '1', queues: QUEUES, pid: 1, hostname: 'h', createdAtMs: 0 }

/** Jobs of all kinds, on two queues. */
async function prepare({ queues, workers }: RedisStorage): Promise<string[]> {
  const rateLimit = { key: 'k', concurrency: 1 }
  const jobs = QUEUES.flatMap((origin) => [
    newJob({ id: `${origin}-plain1`, origin }),
    newJob({ id: `${origin}-plain2`, origin }),
    newJob({ id: `${origin}-parent`, origin, groupId: 'g', resultTtlS: 60 }),
    newJob({ id: `${origin}-child1`, origin, dependencyIds: [`${origin}-parent`, 'a-plain1'] }),
    newJob({ id: `${origin}-child2`, origin, dependencyIds: [`${origin}-parent`] }),
    newJob({ id: `${origin}-limited1`, origin, rateLimit }),
    newJob({ id: `${origin}-limited2`, origin, rateLimit }),
    newJob({ id: `${origin}-ttl`, origin, ttlS: 600 }),
    newJob({ id: `${origin}-later1`, origin }, { delayMs: LATER_MS }),
    newJob({ id: `${origin}-later2`, origin }, { delayMs: LATER_MS }),
  ])
  await workers.register(WORKER, 60_000)
  await queues.enqueue(jobs)
  return jobs.map(({ record }) => record.id)
}

interface Place {
  readonly storage: RedisStorage
  readonly client: RedisFixture['client']
  readonly prefix: string
}

/** All that waits for a time is due. */
async function passTime({ client, prefix }: Place): Promise<void> {
  for (const queue of QUEUES) {
    for (const kind of ['scheduled', 'wip']) {
      const key = `${prefix}${kind}:${queue}`
      if ((await client.type(key)) !== 'zset') continue
      for (const member of await client.zrange(key, 0, '-1')) await client.zadd(key, '1', member)
    }
  }
}

/** What a worker with a scheduler does, once. Errors are for the next time. */
async function turn(place: Place): Promise<void> {
  const { schedules, workers } = place.storage
  await passTime(place)
  const attempt = async <T>(step: () => Promise<T>) => step().catch(() => undefined)
  await attempt(() => schedules.lead(SCHEDULER, 60_000))
  for (const queue of QUEUES) await attempt(() => schedules.promoteDue(queue, '1', 100))
  const reply = await attempt(() => workers.claim(claimRequest({ queues: QUEUES, want: 100 })))
  const claimed = [...(reply?.jobs ?? [])]
  for (const queue of QUEUES)
    claimed.push(...((await attempt(() => rescue(workers, { queue, workerName: 'worker', most: 100 }))) ?? []))
  for (const { executionId, job } of claimed)
    await attempt(() => workers.settle('worker', [settle(job, executionId, RETURNED)]))
  for (let more: boolean | undefined = true; more === true; ) more = await attempt(() => workers.releaseDependents())
  await attempt(() => workers.cleanUp(QUEUES))
}

/** Runs turns until nothing changes any more. Returns the ids of jobs that have not finished. */
async function unfinished(place: Place, ids: readonly string[]): Promise<string[]> {
  for (let n = 0; n < 6; n++) {
    await turn(place)
    const statuses = await Promise.all(ids.map((id) => place.client.hget(`${place.prefix}job:${id}`, 'status')))
    const left = ids.filter((_, index) => statuses[index] !== 'finished')
    if (left.length === 0 || n === 5) return left
  }
  return []
}

async function withPlace<T>(run: (place: Place) => Promise<T>): Promise<T> {
  await using redis = await redisFixture()
  await using storage = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  const { client, prefix } = redis
  try {
    return await run({ storage, client, prefix })
  } finally {
    const left = await client.keys(`${prefix}*`)
    if (left.length > 0) await client.unlink(...left)
  }
}

const names = async ({ client, prefix }: Place) =>
  (await client.keys(`${prefix}*`)).map((key) => key.slice(prefix.length)).sort()

/** Jobs that may go with a key: the job itself. */
function mayGo(name: string): (id: string) => boolean {
  const [, id] = /^(?:job::?|results:)([^:]+)/.exec(name) ?? []
  return (one) => one === id
}

describe('a key of another type, for a while', async () => {
  const all = await withPlace(async (place) => {
    await prepare(place.storage)
    const before = await names(place)
    await turn(place)
    // Leases are there in the middle of a turn only.
    const found = [...before, ...(await names(place)), ...QUEUES.map((queue) => `wip:${queue}`)]
    return [...new Set(found)].filter((name) => !/^(scheduler|worker|maintenance)/.test(name))
  })

  it.each(all)('in the place of %s loses no job', (name) =>
    withPlace(async (place) => {
      const { client, prefix, storage } = place
      const ids = await prepare(storage)
      const key = `${prefix}${name}`
      const kept = await client.dumpBuffer(key)
      const isSet = (await client.type(key)) === 'set'
      await client.del(key)
      if (isSet) await client.set(key, 'x')
      else await client.sadd(key, 'x')
      await turn(place)
      await client.del(key)
      if (kept !== null) await client.restore(key, 0, kept)
      expect((await unfinished(place, ids)).filter((id) => !mayGo(name)(id))).toEqual([])
    }),
  )
})
