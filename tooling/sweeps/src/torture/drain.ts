import { setTimeout as delay } from 'node:timers/promises'
import type { Redis } from 'ioredis'

export interface DrainOptions {
  readonly client: Redis
  readonly prefix: string
  readonly queues: readonly string[]
  /** Give up when the number of jobs left has not fallen for this long. */
  readonly patienceMs: number
}

const LOOK_MS = 100

/**
 * Wait until no job waits, runs or is due. Deferred jobs may wait for a parked one.
 * @returns how many jobs are left, by key, if their number stopped falling.
 */
export async function drain(options: DrainOptions): Promise<string[]> {
  const { patienceMs } = options
  let fewest = Number.POSITIVE_INFINITY
  let fewerAtMs = performance.now()
  for (;;) {
    const left = await countsLeft(options)
    const count = left.reduce((sum, [, jobs]) => sum + jobs, 0)
    if (count === 0) return []
    if (count < fewest) {
      fewest = count
      fewerAtMs = performance.now()
    }
    if (performance.now() - fewerAtMs > patienceMs) return left.map(([key, jobs]) => `${jobs} jobs are left in ${key}`)
    await delay(LOOK_MS)
  }
}

async function countsLeft({ client, prefix, queues }: DrainOptions): Promise<[key: string, jobs: number][]> {
  const limits = await client.smembers(`${prefix}rl-keys`)
  const sets = [
    ...queues.flatMap((queue) => [`wip:${queue}`, `scheduled:${queue}`]),
    ...limits.map((key) => `rl:${key}:rate_limited`),
  ]
  const counts = await Promise.all([
    ...queues.map(
      async (queue): Promise<[string, number]> => [`queue:${queue}`, await client.llen(`${prefix}queue:${queue}`)],
    ),
    ...sets.map(async (key): Promise<[string, number]> => [key, await client.zcard(`${prefix}${key}`)]),
  ])
  return counts.filter(([, jobs]) => jobs > 0)
}
