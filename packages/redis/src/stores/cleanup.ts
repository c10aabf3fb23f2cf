import { pause, SECOND_MS } from '@rq/core'
import type { CleanUpOptions, RegistryKind } from '@rq/job'
import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { dropLeftOver } from './left-over.ts'
import { keepNewest } from './newest.ts'
import { Steps } from './other-type.ts'
import { setPages } from './pages.ts'
import { tidyGroup } from './tidy-group.ts'

/** How many entries one step checks, so that no step blocks Redis for long. */
const PAGE = 1000
/** How many deferred jobs one step checks: each of them reads some of the jobs that it waits for. */
const DEFERRED_PAGE = 250

/** A Python program may write the entry of a scheduled job first, and the job in its next command. */
const GRACE_MS = 2 * SECOND_MS

/**
 * Clean up after jobs that are gone (expired, evicted, or deleted by another program) and workers that died: entries of
 * registries and queues, slots of rate limits, members of groups, entries of workers. Releases deferred jobs that
 * waited for them, and queues jobs that a Python worker left in RQ's ready registry. Deletes ended jobs that are more
 * than a queue keeps. Each step is small and atomic.
 * @throws at the end, when a step could not be made since a key is of another type.
 */
export async function cleanUp(
  connections: Connections,
  keys: Keys,
  queues: readonly string[],
  { shared = true, signal }: CleanUpOptions = {},
): Promise<void> {
  const scheduled = new Map<string, readonly string[]>()
  const steps = new Steps()
  for (const queue of queues) {
    await steps.make(() => drainReady(connections, keys, queue))
    for (const kind of ['finished', 'failed', 'deferred', 'canceled'] as const) {
      const key = keys.registry(queue, kind)
      const orphans = await steps.make(() => findOrphans(connections, keys, key))
      if (orphans !== undefined) await dropOrphans(connections, keys, queue, kind, orphans)
    }
    await steps.make(() => keepNewest(connections, keys, queue))
    await steps.make(() => releaseUnheld(connections, keys, queue))
    const key = keys.registry(queue, 'scheduled')
    const orphans = (await steps.make(() => findOrphans(connections, keys, key))) ?? []
    if (orphans.length > 0) scheduled.set(queue, orphans)
    await steps.make(() =>
      connections.run(scripts.forgetMended, [keys.broken(queue), keys.refused(queue)], [keys.prefix]),
    )
    await steps.make(() => dropDeadWorkers(connections, keys.queueWorkers(queue)))
    await steps.make(() => dropUniqueKeys(connections, keys, queue))
  }
  if (shared) await cleanUpShared(connections, keys, steps)
  if (scheduled.size > 0) await pause(GRACE_MS, signal)
  if (signal?.aborted !== true) {
    for (const [queue, orphans] of scheduled)
      await steps.make(() => dropOrphans(connections, keys, queue, 'scheduled', orphans))
  }
  steps.end()
}

/** What belongs to no queue. */
async function cleanUpShared(connections: Connections, keys: Keys, steps: Steps): Promise<void> {
  await steps.make(() => dropDeadWorkers(connections, keys.workers))
  await steps.make(() => fillSlots(connections, keys, steps))
  await steps.make(async () => {
    for await (const groups of setPages(connections, keys.groups))
      for (const group of groups) await steps.make(() => tidyGroup(connections, keys, group))
  })
  await steps.make(() => dropLeftOver(connections, keys))
}

async function dropDeadSlots(connections: Connections, keys: Keys, limit: string): Promise<void> {
  const holders = await connections.call((client) => client.zcard(keys.slotHolders(limit)))
  // From the end, so that slots that are freed move none past the check.
  for (let first = Math.floor(holders / PAGE) * PAGE; first >= 0; first -= PAGE) {
    const args = [keys.prefix, limit, stampNow(), first, first + PAGE - 1] as const
    await connections.run(scripts.dropDeadSlots, [keys.rateLimits], [...args])
  }
}

/** Take the slots of rate limits from jobs that cannot use them, and give them to those that can. */
export async function fillSlots(connections: Connections, keys: Keys, steps = new Steps()): Promise<void> {
  for await (const limits of setPages(connections, keys.rateLimits))
    for (const limit of limits) await steps.make(() => dropDeadSlots(connections, keys, limit))
}

async function drainReady(connections: Connections, keys: Keys, queue: string): Promise<void> {
  const key = keys.ready(queue)
  for (let drained = PAGE; drained === PAGE; ) {
    drained = await connections.run(scripts.drainReady, [key], [keys.prefix, queue, stampNow(), PAGE])
  }
}

async function releaseUnheld(connections: Connections, keys: Keys, queue: string): Promise<void> {
  const key = keys.registry(queue, 'deferred')
  for (let first = 0; ; ) {
    const args = [keys.prefix, stampNow(), first, first + DEFERRED_PAGE - 1] as const
    const [seen, released] = await connections.run(scripts.releaseUnheld, [key], [...args])
    if (seen < DEFERRED_PAGE) return
    first += seen - released
  }
}

/** Ids of entries of a registry whose job is gone. */
async function findOrphans(connections: Connections, keys: Keys, key: string): Promise<readonly string[]> {
  const found: string[] = []
  const count = await connections.call((client) => client.zcard(key))
  // From the end, so that entries that are dropped meanwhile move none past the search.
  for (let first = Math.floor(count / PAGE) * PAGE; first >= 0; first -= PAGE) {
    found.push(...(await connections.run(scripts.findOrphans, [key], [keys.prefix, first, first + PAGE - 1])))
  }
  return found
}

/** Drop those of the entries whose job is still gone, or broken. */
async function dropOrphans(
  connections: Connections,
  keys: Keys,
  queue: string,
  kind: RegistryKind,
  ids: readonly string[],
): Promise<void> {
  const key = keys.registry(queue, kind)
  for (let at = 0; at < ids.length; at += PAGE) {
    await connections.run(scripts.dropOrphans, [key], [keys.prefix, queue, ...ids.slice(at, at + PAGE)])
  }
}

/** Drop the unique keys of a queue that no job holds. */
export async function dropUniqueKeys(connections: Connections, keys: Keys, queue: string): Promise<void> {
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const args: [prefix: string, queue: string, cursor: string, most: number] = [keys.prefix, queue, cursor, PAGE]
    const next = await connections.run(scripts.dropUniqueKeys, [keys.unique(queue)], args)
    cursor = next === '0' ? undefined : next
  }
}

async function dropDeadWorkers(connections: Connections, key: string): Promise<void> {
  for await (const page of setPages(connections, key)) await connections.run(scripts.dropDeadWorkers, [key], [...page])
}
