import type { Redis } from 'ioredis'
import type { Place } from './outcome.ts'
import type { Scenario } from './scenario.ts'

/** Fields that RQ's `Job.save()` does not write: ours, and the result. */
const NOT_SAVED = [
  ...['execution_id', 'results', 'result', 'waiters', 'abandoned_count', 'run_again', 'unique', 'repeats_done'],
  ...['returned_ms', 'return_for_ms'],
] as const

/** In one step: a worker may end the job at any moment. */
const SAVE_UNLESS_ENDED = `
if redis.call('EXISTS', KEYS[1]) == 0 then return end
for at = 2, #KEYS do
  if redis.call('ZSCORE', KEYS[at], ARGV[1]) then return end
end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
`

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
    const registries = this.#queues.flatMap((queue) => ['finished', 'failed'].map((kind) => `${kind}:${queue}`))
    for (const [id, fields] of this.#copies) {
      const keys = [this.#keyOf(id), ...registries.map((key) => `${this.#place.prefix}${key}`)]
      await this.#client.eval(SAVE_UNLESS_ENDED, keys.length, ...keys, id, ...Object.entries(fields).flat())
    }
  }

  #keyOf(id: string): string {
    return `${this.#place.prefix}job:${id}`
  }
}
