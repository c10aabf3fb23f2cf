import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

/** About how many members one step checks, so that no step blocks Redis for long. */
const PAGE = 1000

/**
 * Drop the members of a group whose job is gone, in steps, and the group with its last member.
 * @returns the ids of the others; of those that join or leave meanwhile, perhaps
 */
export async function tidyGroup(connections: Connections, keys: Keys, name: string): Promise<ReadonlySet<string>> {
  const key = keys.group(name)
  const members = new Set<string>()
  let cursor = '0'
  do {
    const [next, page] = await connections.call((client) => client.sscan(key, cursor, 'COUNT', PAGE))
    for (const id of await connections.run(scripts.tidyGroup, [key], [keys.prefix, name, ...page])) members.add(id)
    cursor = next
  } while (cursor !== '0')
  return members
}
