import type { GroupStore } from '@rq/job'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'
import { unlessOtherType } from './other-type.ts'
import { tidyGroup } from './tidy-group.ts'

export class RedisGroupStore implements GroupStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async jobIds(name: string): Promise<string[]> {
    return [...(await tidyGroup(this.#connections, this.#keys, name))].sort()
  }

  async names(): Promise<string[]> {
    const names = await this.#connections.call((client) => client.smembers(this.#keys.groups))
    const members = await Promise.all(names.map((name) => unlessOtherType(this.jobIds(name))))
    return names.filter((_, index) => (members[index]?.length ?? 0) > 0).sort()
  }
}
