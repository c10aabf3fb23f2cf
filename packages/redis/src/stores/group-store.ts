import type { GroupStore } from '@rq/job'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'

export class RedisGroupStore implements GroupStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async jobIds(name: string): Promise<string[]> {
    const ids = await this.#connections.run(scripts.groupJobs, [this.#keys.group(name)], [this.#keys.prefix, name])
    return ids.sort()
  }

  async names(): Promise<string[]> {
    const names = await this.#connections.call((client) => client.smembers(this.#keys.groups))
    const alive = await Promise.all(names.map(async (name) => (await this.jobIds(name)).length > 0))
    return names.filter((_, index) => alive[index]).sort()
  }
}
