import type { StorageOptions } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import {
  CronScheduler as BaseCronScheduler,
  type CronSchedulerOptions as BaseCronSchedulerOptions,
  Scheduler as BaseScheduler,
  type SchedulerOptions as BaseSchedulerOptions,
  type CronSchedulerInfo,
  type CronSchedulersOptions,
  type SchedulerQueue,
} from '@rq/scheduler'
import { type Connected, sharedStorage, splitConnection } from './connection.ts'

export type SchedulerOptions = Connected<BaseSchedulerOptions>
export type CronSchedulerOptions = Connected<BaseCronSchedulerOptions>

/** Moves scheduled jobs into their queues on Redis. It connects when it starts, and disconnects when it stops. */
export class Scheduler extends BaseScheduler {
  readonly #redis: RedisStorage

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG`. */
  constructor(queues: SchedulerQueue | readonly SchedulerQueue[], options: SchedulerOptions = {}) {
    const [connection, rest] = splitConnection(options)
    const storage = new RedisStorage({ ...connection, role: 'worker' })
    super(queues, { ...rest, storage })
    this.#redis = storage
  }

  override async stop(): Promise<void> {
    await super.stop()
    this.#redis.disconnect()
  }
}

/** Enqueues jobs on Redis by interval or cron expression. It connects when it starts, and disconnects when it stops. */
export class CronScheduler extends BaseCronScheduler {
  readonly #redis: RedisStorage

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG`. */
  constructor(options: CronSchedulerOptions = {}) {
    const [connection, rest] = splitConnection(options)
    const storage = new RedisStorage({ ...connection, role: 'worker' })
    super({ ...rest, storage })
    this.#redis = storage
  }

  override async stop(): Promise<void> {
    await super.stop()
    this.#redis.disconnect()
  }

  /** The live cron schedulers. @throws RqError `RQ_INVALID_OPTION`. */
  static override all(options: Connected<CronSchedulersOptions> = {}): Promise<CronSchedulerInfo[]> {
    const { staleAfter } = options
    return BaseCronScheduler.all({ storage: sharedStorage(options), ...(staleAfter !== undefined && { staleAfter }) })
  }

  /** The record of a cron scheduler. @throws RqError `RQ_NO_SUCH_SCHEDULER`. */
  static override fetch(name: string, options: Connected<StorageOptions> = {}): Promise<CronSchedulerInfo> {
    return BaseCronScheduler.fetch(name, { storage: sharedStorage(options) })
  }
}
