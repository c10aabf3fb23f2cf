import { checkOptionNames, invalidOption, type LoggerLike, type OptionNames } from '@rq/core'
import type { WorkerRecord } from '@rq/job'
import { REDIS_MODULE, RedisStorage, storageSource } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import {
  Worker as BaseWorker,
  type WorkerOptions as BaseWorkerOptions,
  type WorkOptions as BaseWorkOptions,
  inlineQueues,
  WORK_OPTION_NAMES,
  WORKER_OPTION_NAMES,
  type WorkerQueues,
  type WorkerService,
} from '@rq/worker'
import {
  type Connected,
  type ConnectionOptions,
  checkNames,
  connectedNames,
  sharedStorage,
  splitConnection,
} from './connection.ts'
import { type Queue, withConnectionOf } from './queue.ts'

export interface WorkOptions extends Omit<BaseWorkOptions, 'withScheduler'> {
  /**
   * True: also move scheduled jobs, delayed retries and repeats of these queues into them when they are due. Or a
   * service of your own. Default true. Of many workers one does it for each queue, Python's too; the others stand by.
   */
  withScheduler?: boolean | WorkerService
}

export interface WorkerOptions extends Omit<Connected<BaseWorkerOptions>, 'horseStorage' | 'leaseStorage'> {}

/** Selects workers: all of a Redis, or those of a queue. */
export interface WorkerQuery extends ConnectionOptions {
  readonly queue?: Queue
}

const { horseStorage: _, leaseStorage: __, ...NAMES } = connectedNames(WORKER_OPTION_NAMES)
const { horse: ___, ...SIMPLE_NAMES } = NAMES
const QUERY_NAMES: OptionNames<WorkerQuery> = { queue: true, connection: true, prefix: true }

/**
 * Claims jobs from queues on Redis and runs them: from a list, whose first queues come first, or from an object of
 * queues, each with a concurrency or options of its own. Without a `connection` it uses that of the first `Queue` of
 * the list. It connects when it starts to work, and disconnects when it ends.
 */
export class Worker extends BaseWorker {
  readonly #logger: LoggerLike | undefined
  readonly #redis: RedisStorage

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG`. */
  constructor(queues: WorkerQueues, options: WorkerOptions = {}) {
    const [connection, rest] = splitConnection(withConnectionOf(queues, checkNames(options, NAMES, 'Worker')))
    const storage = new RedisStorage({ ...connection, role: 'worker' })
    const module = rest.horsePath === undefined ? undefined : REDIS_MODULE
    const horseStorage = storageSource(connection, module)
    const leaseStorage = storageSource({ ...connection, role: 'worker' }, module)
    super(queues, {
      ...rest,
      storage,
      ...(horseStorage !== undefined && { horseStorage }),
      ...(leaseStorage !== undefined && { leaseStorage }),
    })
    this.#redis = storage
    this.#logger = options.logger
  }

  override async work(options: WorkOptions = {}): Promise<boolean> {
    const { withScheduler = true, ...rest } = checkOptionNames(options, WORK_OPTION_NAMES, 'worker.work')
    const scheduler = withScheduler === true ? this.#newScheduler() : withScheduler
    this.#redis.reopen()
    try {
      return await super.work({ ...rest, ...(scheduler && { withScheduler: scheduler }) })
    } finally {
      // Work that the worker did not wait for, such as its maintenance, must not connect again.
      if (!this.isWorking) await this.#redis.close()
    }
  }

  #newScheduler(): Scheduler {
    return new Scheduler(this.queueNames, { storage: this.#redis, ...(this.#logger && { logger: this.#logger }) })
  }

  /** The live workers, by name. @throws RqError `RQ_INVALID_OPTION` unless `connection` or `queue` is given. */
  static async all(query: WorkerQuery): Promise<WorkerRecord[]> {
    const { storage, queue } = whereOf(query)
    return storage.workers.workers(queue)
  }

  /** The number of live workers. @throws as {@link Worker.all}. */
  static async count(query: WorkerQuery): Promise<number> {
    const { storage, queue } = whereOf(query)
    return storage.workers.workerCount(queue)
  }
}

/** A worker whose jobs run in its own event loop, `concurrency` at once. */
export class SimpleWorker extends Worker {
  constructor(queues: WorkerQueues, options: Omit<WorkerOptions, 'horse'> = {}) {
    super(inlineQueues(queues), { ...checkNames(options, SIMPLE_NAMES, 'SimpleWorker'), horse: 'inline' })
  }
}

function whereOf(query: WorkerQuery): { storage: RedisStorage; queue: string | undefined } {
  if (typeof query !== 'object' || (query.connection === undefined && query.queue === undefined)) {
    throw invalidOption('connection', undefined, 'a connection or a queue')
  }
  const { queue, ...connection } = checkNames(query, QUERY_NAMES, 'Worker.all')
  return { storage: sharedStorage({ ...queue?.connectionOptions, ...connection }), queue: queue?.name }
}
