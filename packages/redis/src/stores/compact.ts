import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** How many ids one step checks, so that no step blocks Redis for long. */
const PAGE = 1000
/**
 * Stands in a queue for an id whose job is gone, until all of them are removed. No job has this id; a worker drops it
 * like any other without a job.
 */
const GONE = ''

/**
 * Remove ids from a queue whose job is gone. Checks in steps of 1000, from the tail: jobs that are claimed or enqueued
 * meanwhile move no id past the check. Then removes what is gone in one step, which reads the list once.
 * @returns how many were removed.
 */
export async function compact(connections: Connections, keys: Keys, queue: string): Promise<number> {
  const key = keys.queue(queue)
  let isMarked = false
  for (let last = -1; ; last -= PAGE) {
    const [seen, marked] = await connections.run(scripts.compact, [key], [keys.prefix, last - PAGE + 1, last, GONE])
    isMarked ||= marked > 0
    if (seen < PAGE) break
  }
  return isMarked ? connections.call((client) => client.lrem(key, 0, GONE)) : 0
}
