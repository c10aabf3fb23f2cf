import type { Redis } from 'ioredis'
import type { Place } from './outcome.ts'
import type { Scenario } from './scenario.ts'

/** Fields that RQ's `Job.save()` does not write: ours, and the result. */
const NOT_SAVED = [
  ...['execution_id', 'results', 'result', 'waiters', 'abandoned_count', 'run_again', 'unique', 'repeats_done'],
] as const

/**
 * Copies of the jobs of a scenario, as a Python program has read them. RQ's `Job.save()` writes all of a copy, its
 * status included, over what the job has become.
 */
export class OlderCopies {
  readonly #client: Redis
  readonly #place: Place
  readonly #scenario: Scenario
  readonly #queues: readonly string[]
  readonly #copies = new Map<string, Record<string, string>>()

  constructor(client: Redis, place: Place, scenario: Scenario, queues: readonly string[]) {
    this.#client = client
    this.#place = place
    this.#scenario = scenario
    this.#queues = queues
  }

  /** Read all jobs. */
  async take(): Promise<void> {
    for (const { id } of this.#scenario.jobs) {
      const fields = await this.#client.hgetall(this.#keyOf(id))
      for (const name of NOT_SAVED) delete fields[name]
      if (fields.data === undefined) this.#copies.delete(id)
      else this.#copies.set(id, fields)
    }
  }

  /** Save the copies of the jobs that have not ended. */
  async save(): Promise<void> {
    for (const [id, fields] of this.#copies) {
      if (await this.#hasEnded(id)) continue
      await this.#client.hset(this.#keyOf(id), fields)
    }
  }

  async #hasEnded(id: string): Promise<boolean> {
    if ((await this.#client.exists(this.#keyOf(id))) === 0) return true
    for (const queue of this.#queues) {
      for (const kind of ['finished', 'failed']) {
        if ((await this.#client.zscore(`${this.#place.prefix}${kind}:${queue}`, id)) !== null) return true
      }
    }
    return false
  }

  #keyOf(id: string): string {
    return `${this.#place.prefix}job:${id}`
  }
}
