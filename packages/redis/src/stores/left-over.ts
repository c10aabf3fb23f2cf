import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { compact } from './compact.ts'

/** How many jobs one step looks at, so that no step blocks Redis for long. */
const PAGE = 1000

/** Remove the ids of jobs that have expired from the queues in which they waited (ADR 25). */
export async function dropLeftOver(connections: Connections, keys: Keys): Promise<void> {
  const { ids, queues } = await findLeftOver(connections, keys)
  for (const queue of queues) await compact(connections, keys, queue)
  for (let at = 0; at < ids.length; at += PAGE) {
    await connections.run(scripts.dropLeftOver, [keys.expiring], [keys.prefix, ...ids.slice(at, at + PAGE)])
  }
}

/** Ids of jobs whose time is over, and queues that may hold those of them that are gone. */
async function findLeftOver(connections: Connections, keys: Keys) {
  const ids = new Set<string>()
  const queues = new Set<string>()
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const args: [prefix: string, cursor: string, most: number] = [keys.prefix, cursor, PAGE]
    const [next, some, past] = await connections.run(scripts.findLeftOver, [keys.expiring], args)
    for (const queue of some) queues.add(queue)
    for (const id of past) ids.add(id)
    cursor = next === '0' ? undefined : next
  }
  return { ids: [...ids], queues }
}
