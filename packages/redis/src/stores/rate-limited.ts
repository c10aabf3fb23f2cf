import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { setPages } from './pages.ts'

/** How many rate limits one step counts at most. */
const PAGE = 100

/** Number of jobs that wait for a slot of a rate limit, by queue. Each step looks at up to 1000 of them. */
export async function countRateLimited(connections: Connections, keys: Keys): Promise<ReadonlyMap<string, number>> {
  const byQueue = new Map<string, number>()
  const seen = new Set<string>()
  for await (const names of setPages(connections, keys.rateLimits)) {
    const limits = names.filter((name) => !seen.has(name))
    for (const name of limits) seen.add(name)
    let offset = 0
    for (let at = 0; at < limits.length; ) {
      const page = limits.slice(at, at + PAGE)
      const args = [keys.prefix, offset, ...page] as const
      const [done, next, counts] = await connections.run(scripts.countRateLimited, [keys.rateLimits], [...args])
      for (let n = 0; n + 1 < counts.length; n += 2) {
        const queue = counts[n] ?? ''
        byQueue.set(queue, (byQueue.get(queue) ?? 0) + Number(counts[n + 1]))
      }
      at += done
      offset = next
    }
  }
  return byQueue
}
