import type { Connections } from '../connection/connections.ts'

/** About how many members one step reads, so that no step blocks Redis for long. */
const PAGE = 1000

/**
 * Read a set in steps. A member that is there all the time is on one of the pages, or on several; one that is added or
 * removed meanwhile may be.
 */
export async function* setPages(connections: Connections, key: string): AsyncGenerator<readonly string[], void> {
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const from: string = cursor
    const [next, page] = await connections.call((client) => client.sscan(key, from, 'COUNT', PAGE))
    yield page
    cursor = next === '0' ? undefined : next
  }
}

/** Read the members of a sorted set in the same way. */
export async function* sortedSetPages(connections: Connections, key: string): AsyncGenerator<readonly string[], void> {
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const from: string = cursor
    const [next, page] = await connections.call((client) => client.zscan(key, from, 'COUNT', PAGE))
    // Members and scores in turn.
    yield page.filter((_, index) => index % 2 === 0)
    cursor = next === '0' ? undefined : next
  }
}
