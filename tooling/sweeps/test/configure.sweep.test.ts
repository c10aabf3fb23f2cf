import type { QueueConfiguration } from '@rq/job'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { faultProxy, findViolations, redisFixture } from '@rq/testkit'
import { claimRequest, end, newJob, newWorker, RAISED, RETURNED } from '@rq/testkit/storage-conformance'
import { describe, expect, test } from 'vitest'

const QUEUE = 'default'
const KINDS = [
  { kind: 'finished', outcome: RETURNED },
  { kind: 'failed', outcome: RAISED },
] as const
/** When the jobs ended that were there before, and those that end meanwhile. Long ago, so that no clock is behind. */
const OLD_MS = 1_600_000_000_000
const NEW_MS = 1_600_000_100_000

const LIMITS: QueueConfiguration = { keepFinished: 2, keepFailed: 2 }
const NONE: QueueConfiguration = { keepFinished: null, keepFailed: null }

interface Change {
  readonly name: string
  readonly from: QueueConfiguration
  readonly to: QueueConfiguration
  /** How many jobs of each kind have ended before. One more ends meanwhile. */
  readonly old: number
  /** How many of each kind are there at the end. */
  readonly kept: number
  /** The worker knows that the queue has limits. What one that does not know ends is for maintenance (ADR 53). */
  readonly isKnown: boolean
}

const CHANGES: readonly Change[] = [
  { name: 'set', from: NONE, to: LIMITS, old: 3, kept: 2, isKnown: false },
  { name: 'lowered', from: { keepFinished: 3, keepFailed: 3 }, to: LIMITS, old: 3, kept: 2, isKnown: true },
  { name: 'lifted', from: { keepFinished: 3, keepFailed: 3 }, to: NONE, old: 2, kept: 3, isKnown: true },
]

/** One job of each kind for each name ends. */
async function endJobs(storage: RedisStorage, names: readonly string[], endedAtMs: number): Promise<void> {
  for (const { kind, outcome } of KINDS) {
    await storage.queues.enqueue(names.map((name) => newJob({ id: `${kind}-${name}`, origin: QUEUE })))
    const { jobs } = await storage.workers.claim(claimRequest({ queues: [QUEUE], want: names.length }))
    await end(storage, jobs, { ...outcome, startedAtMs: endedAtMs, endedAtMs })
  }
}

/** Changes the limits of a queue; before or after the n-th command of it, one more job of each kind ends. */
async function changed({ from, isKnown, old, to }: Change, n: number, moment: 'before' | 'after') {
  await using redis = await redisFixture()
  await using other = new RedisStorage({ connection: redis.url, prefix: redis.prefix })
  await other.queues.configure(QUEUE, from)
  await other.workers.register(newWorker({ name: 'worker', queues: [QUEUE] }), 60_000)
  const names = Array.from({ length: old }, (_, at) => `old-${at}`)
  await endJobs(other, names, OLD_MS)

  await using proxy = await faultProxy(redis.url)
  await using storage = new RedisStorage({ connection: proxy.url, prefix: redis.prefix })
  let isReached = false
  const hook = () => {
    isReached = true
    return endJobs(other, ['new'], NEW_MS)
  }
  proxy.onCommand = (command) => (command.n === n ? { kind: moment, hook } : undefined)
  await new Queue(QUEUE, { storage }).configure(to)
  if (!isKnown) await other.workers.cleanUp([QUEUE])

  const sorted = async (name: string) => (await redis.client.zrange(redis.prefix + name, 0, '-1')).sort()
  const kinds = KINDS.map(async ({ kind }) => {
    const ids = await sorted(`${kind}:${QUEUE}`)
    return { kind, ids, order: await sorted(`${kind}-order:${QUEUE}`) }
  })
  const jobs = await redis.client.keys(`${redis.prefix}job:*`)
  return {
    kinds: await Promise.all(kinds),
    jobs: jobs.map((key) => key.slice(`${redis.prefix}job:`.length)).sort(),
    violations: await findViolations(redis.client, redis.prefix),
    isReached,
  }
}

describe.each(['before', 'after'] as const)('jobs end %s a command that changes how many are kept', (moment) => {
  test.each(CHANGES)('the limits are $name', async (change) => {
    // The number of commands differs: a script that Redis does not have yet is sent once more.
    for (let n = 1; ; n++) {
      const { isReached, jobs, kinds, violations } = await changed(change, n, moment)
      if (!isReached) return expect(n).toBeGreaterThan(1)
      expect({ n, violations }).toEqual({ n, violations: [] })
      for (const { ids, kind, order } of kinds) {
        // The newest job is among those that are kept.
        expect({ n, ids, kept: ids.length }).toEqual({
          n,
          ids: expect.arrayContaining([`${kind}-new`]),
          kept: change.kept,
        })
        expect({ n, order }).toEqual({ n, order: change.to === NONE ? [] : ids })
      }
      expect({ n, jobs }).toEqual({ n, jobs: kinds.flatMap(({ ids }) => ids).sort() })
    }
  })
})
