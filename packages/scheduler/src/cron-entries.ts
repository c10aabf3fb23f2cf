import { type CronContext, CronEntry } from './cron-entry.ts'
import { CronJob } from './cron-job.ts'
import type { CronDefinition } from './cron-options.ts'

/**
 * The cron jobs that are in force in one scheduler, in order of registration: its own, and those of its config module.
 */
export class CronEntries {
  readonly #context: CronContext
  readonly #jobs = new WeakMap<CronEntry, CronJob>()
  #all: readonly CronEntry[] = []
  #fromConfig: readonly CronEntry[] = []

  constructor(context: CronContext) {
    this.#context = context
  }

  get all(): readonly CronEntry[] {
    return this.#all
  }

  add(definition: CronDefinition): CronEntry {
    const entry = new CronEntry(definition, this.#context)
    this.#all = [...this.#all, entry]
    return entry
  }

  remove(entry: CronEntry): void {
    this.#all = this.#all.filter((one) => one !== entry)
  }

  /** The public face of an entry: always the same object. */
  jobOf(entry: CronEntry): CronJob {
    const job = this.#jobs.get(entry) ?? new CronJob(entry, this.#context)
    this.#jobs.set(entry, job)
    return job
  }

  /** Find the functions. @throws as `CronEntry.prepare`. */
  async prepare(entries: readonly CronEntry[] = this.#all): Promise<void> {
    await Promise.all(entries.map((entry) => entry.prepare()))
  }

  /**
   * Find the functions, and read from the store where each cron job stands. Cron jobs of the same name have slots of
   * their own, in order of registration.
   * @throws as `CronEntry.open`.
   */
  async open(entries: readonly CronEntry[] = this.#all): Promise<void> {
    await this.prepare(entries)
    await Promise.all(
      entries.map((entry) => {
        const sameName = this.#all.filter((other) => other.name === entry.name)
        return entry.open(sameName.indexOf(entry) + 1)
      }),
    )
  }

  /**
   * Put the cron jobs of a config module in place of those of the config before, and open them all if `isStarted` by
   * then.
   * @throws as {@link open}; then nothing has changed.
   */
  async replaceConfig(definitions: readonly CronDefinition[], isStarted: () => boolean): Promise<void> {
    const fresh = definitions.map((definition) => new CronEntry(definition, this.#context))
    await this.prepare(fresh)
    const before = this.#all
    this.#all = [...before.filter((entry) => !this.#fromConfig.includes(entry)), ...fresh]
    try {
      if (isStarted()) await this.open()
    } catch (error) {
      this.#all = before
      throw error
    }
    this.#fromConfig = fresh
  }
}
