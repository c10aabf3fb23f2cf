import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { setPages } from './pages.ts'
import { tidyGroup } from './tidy-group.ts'

/** How many entries one step checks, so that no step blocks Redis for long. */
const PAGE = 1000

/**
 * Clean up after jobs that are gone (expired, or deleted by another program) and workers that died: entries of
 * registries that nothing else removes, slots of rate limits, members of groups, entries of workers. Also queues jobs
 * that a Python worker left in RQ's ready registry. Each step is small and atomic.
 */
export async function cleanUp(connections: Connections, keys: Keys, queues: readonly string[]): Promise<void> {
  for (const queue of queues) {
    await drainReady(connections, keys, queue)
    for (const kind of ['deferred', 'canceled'] as const)
      await dropOrphans(connections, keys, keys.registry(queue, kind))
    await dropDeadWorkers(connections, keys.queueWorkers(queue))
  }
  await dropDeadWorkers(connections, keys.workers)
  await fillSlots(connections, keys)
  for await (const groups of setPages(connections, keys.groups))
    for (const group of groups) await tidyGroup(connections, keys, group)
}

async function dropDeadSlots(connections: Connections, keys: Keys, limit: string): Promise<void> {
  const holders = await connections.call((client) => client.zcard(keys.slotHolders(limit)))
  // From the end, as below.
  for (let first = Math.floor(holders / PAGE) * PAGE; first >= 0; first -= PAGE) {
    const args = [keys.prefix, limit, stampNow(), first, first + PAGE - 1] as const
    await connections.run(scripts.dropDeadSlots, [keys.rateLimits], [...args])
  }
}

/** Take the slots of rate limits from jobs that cannot use them, and give them to those that can. */
export async function fillSlots(connections: Connections, keys: Keys): Promise<void> {
  for await (const limits of setPages(connections, keys.rateLimits))
    for (const limit of limits) await dropDeadSlots(connections, keys, limit)
}

async function drainReady(connections: Connections, keys: Keys, queue: string): Promise<void> {
  const key = keys.ready(queue)
  for (let drained = PAGE; drained === PAGE; ) {
    drained = await connections.run(scripts.drainReady, [key], [keys.prefix, queue, stampNow(), PAGE])
  }
}

async function dropOrphans(connections: Connections, keys: Keys, key: string): Promise<void> {
  const count = await connections.call((client) => client.zcard(key))
  // From the end, so that dropped entries do not move those that are still to be checked.
  for (let first = Math.floor(count / PAGE) * PAGE; first >= 0; first -= PAGE) {
    await connections.run(scripts.dropOrphans, [key], [keys.prefix, first, first + PAGE - 1])
  }
}

async function dropDeadWorkers(connections: Connections, key: string): Promise<void> {
  for await (const page of setPages(connections, key)) await connections.run(scripts.dropDeadWorkers, [key], [...page])
}
