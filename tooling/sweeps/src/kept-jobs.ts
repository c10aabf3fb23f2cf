import type { QueueConfiguration } from '@rq/job'
import type { RedisStorage } from '@rq/redis'
import { claimRequest, end, newJob, RAISED, RETURNED } from '@rq/testkit/storage-conformance'
import type { Redis } from 'ioredis'
import type { Scenario } from './scenario.ts'

/** A queue with limits on how many ended jobs it keeps. */
interface LimitedQueue {
  readonly prefix: string
  readonly queue: string
  readonly limits: QueueConfiguration
}

const KINDS = [
  { kind: 'finished', option: 'keepFinished', outcome: RETURNED },
  { kind: 'failed', option: 'keepFailed', outcome: RAISED },
] as const

/** How many jobs of each kind another worker has ended before. More than the limits of the scenarios. */
const ENDED_BEFORE = 4

/** The jobs that {@link limitWithOldJobs} leaves. */
function oldJobs(kind: string): string[] {
  return Array.from({ length: ENDED_BEFORE }, (_, n) => `old-${kind}-${n}`)
}

/** Set the limits of a queue. */
export async function limit(storage: RedisStorage, { limits, queue }: LimitedQueue): Promise<void> {
  await storage.queues.configure(queue, limits)
}

/** Set the limits of a queue, in which a worker that does not know of them then ends too many jobs. */
export async function limitWithOldJobs(storage: RedisStorage, limited: LimitedQueue): Promise<void> {
  await limit(storage, limited)
  for (const { kind, outcome } of KINDS) {
    await storage.queues.enqueue(oldJobs(kind).map((id) => newJob({ id, origin: limited.queue })))
    const request = claimRequest({ queues: [limited.queue], want: ENDED_BEFORE })
    await end(storage, (await storage.workers.claim(request)).jobs, outcome)
  }
}

/** What a registry has and has no more. */
interface Kept {
  readonly kind: string
  readonly most: number
  readonly ids: readonly string[]
  readonly gone: readonly string[]
}

/**
 * What is wrong with the ended jobs that a queue keeps. At any time: jobs have been deleted although those that are
 * left are fewer than the limit. Without old jobs, or when it `isTidy`: more than the limit are kept. `isTidy`, when
 * there was maintenance and all jobs have ended: keys are left over, too.
 */
export async function limitFaults(
  client: Redis,
  limited: LimitedQueue,
  { jobs }: Scenario,
  { hasOldJobs = false, isTidy = false } = {},
): Promise<string[]> {
  const { limits, prefix, queue } = limited
  const kept = await Promise.all(
    KINDS.map(async ({ kind, option }): Promise<Kept> => {
      const ended = jobs.filter((job) => [job.end].flat().includes(kind)).map(({ id }) => id)
      const all = [...(hasOldJobs ? oldJobs(kind) : []), ...ended]
      const exist = await Promise.all(all.map((id) => client.exists(`${prefix}job:${id}`)))
      const ids = await client.zrange(`${prefix}${kind}:${queue}`, 0, '-1')
      return { kind, most: limits[option] ?? Infinity, ids, gone: all.filter((_, n) => exist[n] === 0) }
    }),
  )
  const found = kept.flatMap(({ gone, ids, kind, most }) => {
    const wrong = (ids.length < most && gone.length > 0) || (ids.length > most && (isTidy || !hasOldJobs))
    return wrong ? [`${queue} keeps ${ids.length} ${kind} jobs, not ${most}, and ${gone.length} are gone`] : []
  })
  return isTidy ? [...found, ...(await leftOver(client, limited, kept))] : found
}

/** Old jobs that are kept instead of newer ones, and keys of jobs that are kept nowhere. */
async function leftOver(client: Redis, { prefix, queue }: LimitedQueue, kept: readonly Kept[]): Promise<string[]> {
  const found = kept.flatMap(({ ids, kind }) => ids.filter((id) => oldJobs(kind).includes(id)))
  const ids = new Set(kept.flatMap((one) => one.ids))
  for (const key of await client.keys(`${prefix}*`)) {
    const [, id] = /^(?:job|results|messages):([^:]+)/.exec(key.slice(prefix.length)) ?? []
    if (id !== undefined && !ids.has(id)) found.push(key.slice(prefix.length))
  }
  for (const { kind } of kept) {
    const order = await client.zrange(`${prefix}${kind}-order:${queue}`, 0, '-1')
    found.push(...order.filter((id) => !ids.has(id)).map((id) => `${id} in ${kind}-order`))
  }
  return found.map((what) => `${what} is left over`)
}
