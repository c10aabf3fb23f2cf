import type { StorageOptions } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import {
  CronScheduler as BaseCronScheduler,
  type CronSchedulerOptions as BaseCronSchedulerOptions,
  Scheduler as BaseScheduler,
  type SchedulerOptions as BaseSchedulerOptions,
  CRON_SCHEDULER_OPTION_NAMES,
  type CronSchedulerInfo,
  type CronSchedulersOptions,
  SCHEDULER_OPTION_NAMES,
  type SchedulerInfo,
  type SchedulerQueue,
} from '@rq/scheduler'
import { type Connected, checkNames, connectedNames, sharedStorage, splitConnection } from './connection.ts'

export interface SchedulerOptions extends Connected<BaseSchedulerOptions> {}
export interface CronSchedulerOptions extends Connected<BaseCronSchedulerOptions> {}

const NAMES = connectedNames(SCHEDULER_OPTION_NAMES)
const CRON_NAMES = connectedNames(CRON_SCHEDULER_OPTION_NAMES)
const WHERE_NAMES = { connection: true, prefix: true, serializer: true } as const

/** Moves scheduled jobs into their queues on Redis. It connects when it starts, and disconnects when it stops. */
export class Scheduler extends BaseScheduler {
  readonly #redis: RedisStorage

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG`. */
  constructor(queues: SchedulerQueue | readonly SchedulerQueue[], options: SchedulerOptions = {}) {
    const [connection, rest] = splitConnection(checkNames(options, NAMES, 'Scheduler'))
    const storage = new RedisStorage({ ...connection, role: 'worker' })
    super(queues, { ...rest, storage })
    this.#redis = storage
  }

  override async stop(): Promise<void> {
    await super.stop()
    this.#redis.disconnect()
  }

  /** The record of a scheduler that leads a queue, Python's too. @throws RqError `RQ_NO_SUCH_SCHEDULER`. */
  static override fetch(name: string, options: Connected<StorageOptions> = {}): Promise<SchedulerInfo> {
    return BaseScheduler.fetch(name, { storage: sharedStorage(checkNames(options, WHERE_NAMES, 'Scheduler.fetch')) })
  }
}

/** Enqueues jobs on Redis by interval or cron expression. It connects when it starts, and disconnects when it stops. */
export class CronScheduler extends BaseCronScheduler {
  readonly #redis: RedisStorage

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG`. */
  constructor(options: CronSchedulerOptions = {}) {
    const [connection, rest] = splitConnection(checkNames(options, CRON_NAMES, 'CronScheduler'))
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
    const { staleAfter } = checkNames(options, { ...WHERE_NAMES, staleAfter: true }, 'CronScheduler.all')
    return BaseCronScheduler.all({ storage: sharedStorage(options), ...(staleAfter !== undefined && { staleAfter }) })
  }

  /** The record of a cron scheduler. @throws RqError `RQ_NO_SUCH_SCHEDULER`. */
  static override fetch(name: string, options: Connected<StorageOptions> = {}): Promise<CronSchedulerInfo> {
    return BaseCronScheduler.fetch(name, {
      storage: sharedStorage(checkNames(options, WHERE_NAMES, 'CronScheduler.fetch')),
    })
  }
}
