import type { Logger } from '@rq/core'
import { CronConfig } from './cron-config.ts'
import type { PendingCron } from './cron-registry.ts'

export interface CronConfigLoaderOptions {
  /**
   * Puts what a config module registers into force, in place of the config before. A rejection means that nothing
   * changed.
   */
  readonly apply: (pending: readonly PendingCron[]) => Promise<void>
  readonly logger: Logger
}

/** Loads the config module of a cron scheduler, and again when its file changes. */
export class CronConfigLoader {
  readonly #options: CronConfigLoaderOptions
  #config: CronConfig | undefined
  #isWatchWanted = false
  /** One load at a time: what `cron.register` collects belongs to the process. */
  #loading: Promise<unknown> = Promise.resolve()

  constructor(options: CronConfigLoaderOptions) {
    this.#options = options
  }

  /** Path of the config in force, as it was given; empty when there is none. */
  get path(): string {
    return this.#config?.path ?? ''
  }

  /**
   * Load a config in place of the one before. With `watch`, load it again when its file changes, from now on.
   * @throws RqError `RQ_CONFIG`, and what `apply` rejects with.
   */
  async load(path: string, watch: boolean): Promise<void> {
    const config = new CronConfig(path)
    await this.#load(config)
    this.#config?.unwatch()
    this.#config = config
    this.#isWatchWanted = watch
    this.watch()
  }

  /** Watch the config again after {@link unwatch}, if it was loaded with `watch`. */
  watch(): void {
    const config = this.#config
    if (config !== undefined && this.#isWatchWanted) config.watch(() => void this.#reload(config))
  }

  unwatch(): void {
    this.#config?.unwatch()
  }

  /** Returns how many cron jobs it registers. */
  #load(config: CronConfig): Promise<number> {
    const loading = this.#loading.then(async () => {
      const pending = await config.load()
      await this.#options.apply(pending)
      return pending.length
    })
    this.#loading = loading.catch(() => {})
    return loading
  }

  async #reload(config: CronConfig): Promise<void> {
    const { logger } = this.#options
    try {
      const count = await this.#load(config)
      logger.info(`Reloaded ${config.path}: ${count} cron jobs`)
    } catch (error) {
      logger.error(`${config.path} has changed but cannot be loaded; its previous version stays in force`, {
        error: String(error),
      })
    }
  }
}
