import type { GroupStore } from '@rq/job'
import type { MemoryData } from './memory-data.ts'

export class MemoryGroupStore implements GroupStore {
  readonly #data: MemoryData

  constructor(data: MemoryData) {
    this.#data = data
  }

  async jobIds(name: string): Promise<string[]> {
    return this.#livingIds(name)
  }

  async names(): Promise<string[]> {
    return [...this.#data.groups.keys()].filter((name) => this.#livingIds(name).length > 0).sort()
  }

  /** Members whose job is gone, or not of the group, are dropped, and the group with its last member. */
  #livingIds(name: string): string[] {
    const members = this.#data.groups.get(name)
    if (members === undefined) return []
    for (const id of members) if (this.#data.record(id)?.groupId !== name) members.delete(id)
    if (members.size === 0) this.#data.groups.delete(name)
    return [...members].sort()
  }
}
