import type { QueueConfiguration } from '@rq/job'
import { stampNow } from '../codec/time.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** How many jobs one step deletes, so that no step blocks Redis for long. */
const DELETED_AT_ONCE = 100
/** How many entries of a registry one step compares with the order in which its jobs ended. */
const COMPARED_AT_ONCE = 250

/** The fields of `rq:configuration:<q>`. */
const FIELDS: Readonly<Record<keyof QueueConfiguration, string>> = {
  keepFinished: 'keep_finished',
  keepFailed: 'keep_failed',
}

/** Change the limits of a queue in one step; returns them all. Those that are absent stay. */
export async function configureQueue(
  connections: Connections,
  keys: Keys,
  queue: string,
  changes: Partial<QueueConfiguration>,
): Promise<QueueConfiguration> {
  const words = Object.entries(FIELDS).flatMap(([option, field]) => {
    const limit = changes[option as keyof QueueConfiguration]
    return limit === undefined ? [] : [field, String(limit ?? '')]
  })
  const args = [keys.prefix, queue, ...words] as const
  const [finished, failed] = await connections.run(scripts.configure, [keys.configuration(queue)], [...args])
  return { keepFinished: limitOf(finished), keepFailed: limitOf(failed) }
}

/** The limits of a queue. */
export async function configurationOf(
  connections: Connections,
  keys: Keys,
  queue: string,
): Promise<QueueConfiguration> {
  const { keepFailed, keepFinished } = FIELDS
  const [finished, failed] = await connections.call((client) =>
    client.hmget(keys.configuration(queue), keepFinished, keepFailed),
  )
  return { keepFinished: limitOf(finished), keepFailed: limitOf(failed) }
}

/** Delete all ended jobs that are more than a queue keeps, in bounded steps. */
export async function keepNewest(connections: Connections, keys: Keys, queue: string): Promise<void> {
  for (const kind of ['finished', 'failed'] as const) {
    const registry = keys.registry(queue, kind)
    const order = keys.endOrder(queue, kind)
    if (!(await orderEnded())) continue
    let left = 1
    while (left > 0) {
      const args = [keys.prefix, queue, kind, DELETED_AT_ONCE, stampNow()] as const
      left = await connections.run(scripts.deleteOldest, [registry], [...args])
    }

    /** Returns false if there is no limit, and so no order. */
    async function orderEnded(): Promise<boolean> {
      const counts = await connections.call((client) => Promise.all([client.zcard(registry), client.zcard(order)]))
      // From the end, so that entries that go meanwhile move none past the comparison.
      for (let page = Math.floor(Math.max(...counts) / COMPARED_AT_ONCE); page >= 0; page--) {
        const first = page * COMPARED_AT_ONCE
        const args = [keys.prefix, queue, kind, first, first + COMPARED_AT_ONCE - 1] as const
        if ((await connections.run(scripts.orderEnded, [registry], [...args])) === 'unlimited') return false
      }
      return true
    }
  }
}

/** Another program may have written what is no limit: it limits nothing. */
function limitOf(word: string | null | undefined): number | null {
  const limit = Number(word ?? Number.NaN)
  return limit >= 0 ? limit : null
}
