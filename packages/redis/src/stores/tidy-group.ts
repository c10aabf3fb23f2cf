import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { setPages } from './pages.ts'

/**
 * Drop the members of a group whose job is gone or, being another one of the same id, not of the group; in steps. Drop
 * the group with its last member.
 * @returns the ids of the others; of those that join or leave meanwhile, perhaps
 */
export async function tidyGroup(connections: Connections, keys: Keys, name: string): Promise<ReadonlySet<string>> {
  const key = keys.group(name)
  const members = new Set<string>()
  for await (const page of setPages(connections, key)) {
    for (const id of await connections.run(scripts.tidyGroup, [key], [keys.prefix, name, ...page])) members.add(id)
  }
  return members
}
