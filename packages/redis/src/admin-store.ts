import type { AdminStore, WorkerCommand } from '@rq/job'
import { writeCommand } from './command-codec.ts'
import type { Connections } from './connections.ts'
import type { Keys } from './keys.ts'

export class RedisAdminStore implements AdminStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  async suspend(durationS?: number): Promise<void> {
    const key = this.#keys.suspended
    await this.#connections.call((client) =>
      durationS === undefined ? client.set(key, '1') : client.set(key, '1', 'EX', durationS),
    )
  }

  async resume(): Promise<void> {
    await this.#connections.call((client) => client.del(this.#keys.suspended))
  }

  async isSuspended(): Promise<boolean> {
    return (await this.#connections.call((client) => client.exists(this.#keys.suspended))) === 1
  }

  async sendCommand(workerName: string, command: WorkerCommand): Promise<void> {
    await this.#connections.call((client) => client.publish(this.#keys.commands(workerName), writeCommand(command)))
  }
}
