import type { GroupStore } from '@rq/job'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'
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
    const alive = await Promise.all(names.map(async (name) => (await this.jobIds(name)).length > 0))
    return names.filter((_, index) => alive[index]).sort()
  }
}
