import { checkOptionNames, invalidOption, type LoggerLike, type OptionNames } from '@rq/core'
import { REDIS_MODULE, RedisStorage, storageSource } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import {
  type PoolStartOptions as BasePoolStartOptions,
  WorkerPool as BaseWorkerPool,
  type WorkerPoolOptions as BaseWorkerPoolOptions,
  checkImports,
  checkJobsModule,
  checkPoolWorkers,
  checkStart,
  type DequeueStrategy,
  POOL_START_OPTION_NAMES,
  POOL_WORKER_OPTION_NAMES,
  type PoolWorkerOptions,
  poolWorkers,
  queueNames,
  type WorkerQueues,
  type WorkerService,
} from '@rq/worker'
import { type ConnectionOptions, checkNames, splitConnection } from './connection.ts'
import { withConnectionOf } from './queue.ts'

export interface WorkerPoolOptions
  extends PoolWorkerOptions,
    ConnectionOptions,
    Pick<BaseWorkerPoolOptions, 'numWorkers' | 'name' | 'logger'> {
  /** Default: queues are served in the order given. */
  dequeueStrategy?: DequeueStrategy
}

export interface PoolStartOptions extends Omit<BasePoolStartOptions, 'withScheduler'> {
  /** True: also move scheduled jobs of these queues into them. Or a service of your own. Default true, as in RQ. */
  withScheduler?: boolean | WorkerService
}

const NAMES: OptionNames<WorkerPoolOptions> = {
  ...POOL_WORKER_OPTION_NAMES,
  numWorkers: true,
  name: true,
  logger: true,
  dequeueStrategy: true,
  connection: true,
  prefix: true,
}

/**
 * Several workers on Redis, each in a process of its own, which are replaced when they die:
 * `await new WorkerPool('default', { numWorkers: 4 }).start()`.
 */
export class WorkerPool extends BaseWorkerPool {
  readonly #queues: readonly string[]
  readonly #connection: ConnectionOptions
  readonly #logger: LoggerLike | undefined
  readonly #worker: PoolWorkerOptions

  /** @throws RqError `RQ_INVALID_OPTION`, also for a connection or options that cannot be sent to another process. */
  constructor(queues: WorkerQueues, options: WorkerPoolOptions = {}) {
    const [connection, rest] = splitConnection(withConnectionOf(queues, checkNames(options, NAMES, 'WorkerPool')))
    const { numWorkers, name, logger, dequeueStrategy, ...worker } = rest
    const module = worker.horsePath === undefined ? undefined : REDIS_MODULE
    const storage = storageSource({ ...connection, role: 'worker' }, module)
    const horseStorage = storageSource(connection, module)
    if (storage === undefined || horseStorage === undefined) {
      throw invalidOption('connection', connection.connection, 'a URL or plain options, which other processes can use')
    }
    const start = poolWorkers({
      queues: checkPoolWorkers(queues, worker),
      storage,
      horseStorage,
      worker,
      work: dequeueStrategy === undefined ? {} : { dequeueStrategy },
    })
    super({
      start,
      ...(numWorkers !== undefined && { numWorkers }),
      ...(name !== undefined && { name }),
      ...(logger !== undefined && { logger }),
    })
    this.#queues = queueNames(queues)
    this.#worker = worker
    this.#connection = connection
    this.#logger = logger
  }

  override async start(given: PoolStartOptions = {}): Promise<void> {
    const { withScheduler = true, ...options } = checkOptionNames(given, POOL_START_OPTION_NAMES, 'pool.start')
    const { allow = [], exceptionHandlers = [], importPaths = [], imports = [], jobs, scripts = false } = this.#worker
    const handlers = exceptionHandlers.filter((handler) => typeof handler === 'string')
    // Each worker checks this too, but would be replaced without end.
    const functions = { ...(importPaths.length > 0 && { importPaths }), allow, scripts: scripts || [] }
    await checkImports(imports)
    if (typeof jobs === 'string') await checkJobsModule(jobs, imports)
    await checkStart({ ...functions, handlers, mayImport: false })
    if (withScheduler !== true) return super.start({ ...options, ...(withScheduler && { withScheduler }) })
    await using storage = new RedisStorage({ ...this.#connection, role: 'worker' })
    const scheduler = new Scheduler(this.#queues, { storage, ...(this.#logger && { logger: this.#logger }) })
    await super.start({ ...options, withScheduler: scheduler })
  }
}
