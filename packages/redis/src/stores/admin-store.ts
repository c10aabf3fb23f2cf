import type { AdminStore, WorkerCommand } from '@rq/job'
import { writeCommand } from '../codec/command-codec.ts'
import type { Connections } from '../connection/connections.ts'
import type { Keys } from '../keys.ts'

export class RedisAdminStore implements AdminStore {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  get isUnprotected(): boolean {
    return this.#connections.isUnprotected
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

  async warnings(): Promise<readonly string[]> {
    const memory = await this.#connections.call((client) => client.info('memory')).catch(() => '')
    const [, policy = 'noeviction'] = /^maxmemory_policy:(\S+)/m.exec(memory) ?? []
    if (policy === 'noeviction') return []
    return [
      `The maxmemory-policy of Redis at ${this.#connections.where} is ${policy}: when its memory is full, it deletes keys and loses jobs. Set it to noeviction.`,
    ]
  }

  async sendCommand(workerName: string, command: WorkerCommand): Promise<void> {
    await this.#connections.call((client) => client.publish(this.#keys.commands(workerName), writeCommand(command)))
  }
}
