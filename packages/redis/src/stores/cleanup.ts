import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** Entries looked at in one step, so that no step blocks Redis for long. */
const PAGE = 1000

/**
 * Clean up after jobs that vanished on their own (their time was over, or another program deleted them): entries of
 * registries that nobody else sweeps, slots of rate limits, members of groups; and after workers that died. Also queues jobs that a Python worker left
 * in RQ's ready registry. Each step is atomic and small.
 */
export async function cleanUp(connections: Connections, keys: Keys, queues: readonly string[]): Promise<void> {
  for (const queue of queues) {
    await drainReady(connections, keys, queue)
    for (const kind of ['deferred', 'canceled'] as const)
      await cleanupRegistry(connections, keys, keys.registry(queue, kind))
    await cleanupWorkers(connections, keys.queueWorkers(queue))
  }
  await cleanupWorkers(connections, keys.workers)
  for (const limit of await connections.call((client) => client.smembers(keys.rateLimits))) {
    await connections.run(scripts.cleanupRateLimit, [keys.rateLimits], [keys.prefix, limit, stampNow()])
  }
  for (const group of await connections.call((client) => client.smembers(keys.groups))) {
    await connections.run(scripts.groupJobs, [keys.group(group)], [keys.prefix, group])
  }
}

async function drainReady(connections: Connections, keys: Keys, queue: string): Promise<void> {
  const key = keys.ready(queue)
  for (let drained = PAGE; drained === PAGE; ) {
    drained = Number(await connections.run(scripts.drainReady, [key], [keys.prefix, queue, stampNow(), PAGE]))
  }
}

async function cleanupRegistry(connections: Connections, keys: Keys, key: string): Promise<void> {
  const count = await connections.call((client) => client.zcard(key))
  // From the end, so that what is dropped does not move what is still to be looked at.
  for (let first = Math.floor(count / PAGE) * PAGE; first >= 0; first -= PAGE) {
    await connections.run(scripts.cleanupRegistry, [key], [keys.prefix, first, first + PAGE - 1])
  }
}

async function cleanupWorkers(connections: Connections, key: string): Promise<void> {
  const members = await connections.call((client) => client.smembers(key))
  for (let at = 0; at < members.length; at += PAGE) {
    await connections.run(scripts.cleanupWorkers, [key], members.slice(at, at + PAGE))
  }
}
