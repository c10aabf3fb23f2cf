import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { invalidOption, type Logger } from '@rq/core'
import type { WorkerRecord } from '@rq/job'
import { portableConnection, RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import {
  Worker as BaseWorker,
  type WorkerOptions as BaseWorkerOptions,
  type WorkOptions as BaseWorkOptions,
  type QueueLike,
  type StorageSource,
  type WorkerService,
} from '@rq/worker'
import { type Connected, type ConnectionOptions, sharedStorage, splitConnection } from './connection.ts'
import { Queue } from './queue.ts'

export interface WorkOptions extends Omit<BaseWorkOptions, 'withScheduler'> {
  /** True: move scheduled jobs of these queues into them while it works. Or a service of your own. Default false. */
  withScheduler?: boolean | WorkerService
}

export type WorkerOptions = Omit<Connected<BaseWorkerOptions>, 'horseStorage' | 'leaseStorage'>

/** Which workers: all of a Redis, or those of a queue. */
export interface WorkerQuery extends ConnectionOptions {
  readonly queue?: Queue
}

/**
 * Takes jobs from queues on Redis and has them run. Without a `connection` it uses that of the first queue that is given
 * as an object. It connects when it begins to work, and drops its connections when it ends.
 */
export class Worker extends BaseWorker {
  readonly #logger: Logger | undefined
  readonly #redis: RedisStorage

  /** @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG`. Connects to nothing. */
  constructor(queues: QueueLike | readonly QueueLike[], options: WorkerOptions = {}) {
    const [connection, rest] = splitConnection(withConnectionOf(queues, options))
    const storage = new RedisStorage({ ...connection, role: 'worker' })
    const source = horseSource(connection)
    super(queues, {
      ...rest,
      storage,
      ...(source !== undefined && { horseStorage: source, leaseStorage: patient(source) }),
    })
    this.#redis = storage
    this.#logger = options.logger
  }

  override async work(options: WorkOptions = {}): Promise<boolean> {
    const { withScheduler, ...rest } = options
    const scheduler = withScheduler === true ? this.#newScheduler() : withScheduler
    this.#redis.reopen()
    try {
      return await super.work({ ...rest, ...(scheduler && { withScheduler: scheduler }) })
    } finally {
      // What the worker did not wait for, such as its maintenance, must not connect again.
      if (!this.isWorking) await this.#redis.close()
    }
  }

  #newScheduler(): Scheduler {
    return new Scheduler(this.queueNames, { storage: this.#redis, ...(this.#logger && { logger: this.#logger }) })
  }

  /** The living workers, by name. @throws RqError `RQ_INVALID_OPTION` unless `connection` or `queue` is given. */
  static async all(query: WorkerQuery): Promise<WorkerRecord[]> {
    const { storage, queue } = whereOf(query)
    return storage.workers.workers(queue)
  }

  /** How many workers live. @throws as {@link Worker.all}. */
  static async count(query: WorkerQuery): Promise<number> {
    const { storage, queue } = whereOf(query)
    return storage.workers.workerCount(queue)
  }
}

/** A worker whose jobs run in its own event loop, `concurrency` at once. */
export class SimpleWorker extends Worker {
  constructor(queues: QueueLike | readonly QueueLike[], options: Omit<WorkerOptions, 'horse'> = {}) {
    super(queues, { ...options, horse: 'inline' })
  }
}

export function withConnectionOf<O extends ConnectionOptions>(queues: QueueLike | readonly QueueLike[], options: O): O {
  if (options.connection !== undefined) return options
  const queue = [queues].flat().find((one) => one instanceof Queue)
  return queue === undefined ? options : { ...queue.connectionOptions, ...options }
}

function whereOf(query: WorkerQuery): { storage: RedisStorage; queue: string | undefined } {
  if (typeof query !== 'object' || (query.connection === undefined && query.queue === undefined)) {
    throw invalidOption('connection', undefined, 'a connection or a queue')
  }
  const { queue, ...connection } = query
  return { storage: sharedStorage({ ...queue?.connectionOptions, ...connection }), queue: queue?.name }
}

/** The same for a worker, which waits for a Redis that is away. */
export function patient(source: StorageSource): StorageSource {
  return { ...source, options: { ...(source.options as object), role: 'worker' } }
}

/** How horses (and, as workers, the members of a pool) reach the same Redis. */
export function horseSource({ connection, prefix }: ConnectionOptions): StorageSource | undefined {
  const portable = portableConnection(connection)
  if (portable === undefined) return undefined
  // Runs from source use what was built: a horse has no loader for TypeScript.
  const file = createRequire(import.meta.url)
    .resolve('@rq/redis')
    .replace(/src([\\/])index\.ts$/, 'dist$1index.js')
  const module = pathToFileURL(file).href
  return { module, export: 'horseStorage', options: { connection: portable, ...(prefix !== undefined && { prefix }) } }
}
