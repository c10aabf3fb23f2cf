import type { Lease } from '@rq/job'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'
import { sortedSetPages } from './pages.ts'

/** How many leases one step renews or gives back, so that no step blocks Redis for long. */
export const LEASE_PAGE = 250

/**
 * Find the leases whose execution ids begin with one of `bases`, all of the same length: those of some calls. Reads the
 * leases of the queues in steps. In the order of each claim.
 */
export async function leasesOfCalls(
  connections: Connections,
  keys: Keys,
  queues: Iterable<string>,
  bases: readonly string[],
): Promise<Lease[]> {
  const wanted = new Set(bases)
  const length = bases[0]?.length ?? 0
  const found = new Map<string, Lease>()
  for (const queue of queues) {
    for await (const page of sortedSetPages(connections, keys.registry(queue, 'started'))) {
      for (const member of page) {
        const colon = member.indexOf(':')
        const executionId = member.slice(colon + 1)
        if (colon < 0 || !wanted.has(executionId.slice(0, length))) continue
        found.set(`${queue} ${member}`, { queue, jobId: member.slice(0, colon), executionId })
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.executionId < b.executionId ? -1 : 1))
}

/** How the scripts take leases: three words for each. */
export function leaseWords(leases: readonly Lease[]): string[] {
  return leases.flatMap(({ queue, jobId, executionId }) => [queue, jobId, executionId])
}
