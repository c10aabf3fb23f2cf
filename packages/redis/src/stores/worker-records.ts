import type { NamesInUse, WorkerRecord } from '@rq/job'
import { decodeNamesInUse, decodeWorker } from '../codec/worker-codec.ts'
import type { Connections } from '../connection/connections.ts'
import * as scripts from '../connection/scripts.generated.ts'
import type { Keys } from '../keys.ts'
import { unlessOtherType } from './other-type.ts'

/** Reads what workers have written of themselves, RQ's own too. */
export class WorkerRecords {
  readonly #connections: Connections
  readonly #keys: Keys

  constructor(connections: Connections, keys: Keys) {
    this.#connections = connections
    this.#keys = keys
  }

  /** Of a queue, or all; by name. */
  async list(queue: string | undefined): Promise<WorkerRecord[]> {
    const keys = await this.#connections.call((client) => client.smembers(this.#set(queue)))
    const start = this.#keys.worker('')
    const names = keys.filter((key) => key.startsWith(start)).map((key) => key.slice(start.length))
    const records = await Promise.all(names.map((name) => unlessOtherType(this.#read(name))))
    return records.filter((record) => record !== undefined).sort((a, b) => a.name.localeCompare(b.name))
  }

  /** Of one worker; undefined if there is none. */
  async find(name: string): Promise<WorkerRecord | undefined> {
    const isListed = await this.#connections.call((client) =>
      client.sismember(this.#keys.workers, this.#keys.worker(name)),
    )
    return isListed === 1 ? await unlessOtherType(this.#read(name)) : undefined
  }

  count(queue: string | undefined): Promise<number> {
    return this.#connections.call((client) => client.scard(this.#set(queue)))
  }

  /** See `WorkerStore.namesInUse`. */
  async namesInUse(queue: string): Promise<NamesInUse> {
    const keys = this.#keys
    return decodeNamesInUse(
      await this.#connections.run(scripts.namesInUse, [keys.queueWorkers(queue)], [keys.prefix, queue]),
    )
  }

  #set(queue: string | undefined): string {
    return queue === undefined ? this.#keys.workers : this.#keys.queueWorkers(queue)
  }

  /** Python workers of RQ 3 do not write which job they run: it is in the set of their executions. */
  async #read(name: string): Promise<WorkerRecord | undefined> {
    const key = this.#keys.worker(name)
    const record = decodeWorker(name, await this.#connections.call((client) => client.hgetall(key)))
    if (record?.state !== 'busy' || record.currentJobId !== undefined) return record
    const members = await this.#connections.call((client) => client.smembers(this.#keys.workerExecutions(name)))
    for (const member of members.sort()) {
      // A member stays when its execution has expired.
      const exists = await this.#connections.call((client) => client.exists(this.#keys.execution(member)))
      if (exists === 1) return { ...record, currentJobId: member.slice(0, member.indexOf(':')) }
    }
    return record
  }
}
