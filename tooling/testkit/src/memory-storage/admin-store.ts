import { SECOND_MS } from '@rq/core'
import type { AdminStore, WorkerCommand } from '@rq/job'
import type { MemoryData } from './memory-data.ts'

export class MemoryAdminStore implements AdminStore {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async suspend(durationS = Number.POSITIVE_INFINITY): Promise<void> {
    this.#data.suspend(durationS * SECOND_MS)
  }

  async resume(): Promise<void> {
    this.#data.resume()
  }

  async isSuspended(): Promise<boolean> {
    return this.#data.isSuspended
  }

  readonly isUnprotected = false

  /** Empty: it has no settings. */
  async warnings(): Promise<readonly string[]> {
    return []
  }

  async sendCommand(workerName: string, command: WorkerCommand): Promise<void> {
    this.#data.commands.publish(workerName, command)
  }
}
