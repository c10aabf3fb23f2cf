import { invalidOption, type Logger, SECOND_MS, within } from '@rq/core'
import { RedisStorage } from '@rq/redis'
import { Scheduler } from '@rq/scheduler'
import {
  type PoolStartOptions as BasePoolStartOptions,
  WorkerPool as BaseWorkerPool,
  type WorkerPoolOptions as BaseWorkerPoolOptions,
  checkMember,
  type DequeueStrategy,
  type MemberOptions,
  type QueueLike,
  workerMembers,
} from '@rq/worker'
import { type ConnectionOptions, splitConnection } from './connection.ts'
import { horseSource, patient, withConnectionOf } from './worker.ts'

export interface WorkerPoolOptions
  extends MemberOptions,
    ConnectionOptions,
    Pick<BaseWorkerPoolOptions, 'numWorkers' | 'name' | 'logger'> {
  /** Default: queues are served in the order given. */
  dequeueStrategy?: DequeueStrategy
}

export interface PoolStartOptions extends BasePoolStartOptions {
  /** Move scheduled jobs of these queues into them while the pool works. Default true, as in RQ. */
  withScheduler?: boolean
}

/** A burst waits so long for the jobs that are due to be moved. */
const FIRST_LOOK_MS = 5 * SECOND_MS

/** Several workers on Redis, each a process of its own, replaced when they die: `await new WorkerPool('default', { numWorkers: 4 }).start()`. */
export class WorkerPool extends BaseWorkerPool {
  readonly #queues: readonly string[]
  readonly #connection: ConnectionOptions
  readonly #logger: Logger | undefined
  #isStopped = false

  /** @throws RqError `RQ_INVALID_OPTION`, also for a connection or options that cannot be told to another process. */
  constructor(queues: QueueLike | readonly QueueLike[], options: WorkerPoolOptions = {}) {
    const [connection, rest] = splitConnection(withConnectionOf(queues, options))
    const { numWorkers, name, logger, dequeueStrategy, ...worker } = rest
    const source = horseSource(connection)
    if (source === undefined) {
      throw invalidOption('connection', connection.connection, 'a URL or plain options, which other processes can use')
    }
    const names = checkMember(queues, worker)
    const start = workerMembers({
      queues: names,
      storage: patient(source),
      horseStorage: source,
      worker,
      work: dequeueStrategy === undefined ? {} : { dequeueStrategy },
    })
    super({
      start,
      ...(numWorkers !== undefined && { numWorkers }),
      ...(name !== undefined && { name }),
      ...(logger !== undefined && { logger }),
    })
    this.#queues = names
    this.#connection = connection
    this.#logger = logger
  }

  override async start({ withScheduler = true, ...options }: PoolStartOptions = {}): Promise<void> {
    this.#isStopped = false
    if (!withScheduler) return super.start(options)
    await using storage = new RedisStorage({ ...this.#connection, role: 'worker' })
    const scheduler = new Scheduler(this.#queues, { storage, ...(this.#logger && { logger: this.#logger }) })
    if (options.burst === true)
      await within(
        FIRST_LOOK_MS,
        scheduler.runOnce().catch(() => {}),
      )
    await scheduler.start()
    try {
      if (!this.#isStopped) await super.start(options)
    } finally {
      await scheduler.stop()
    }
  }

  override async stop(options: { force?: boolean } = {}): Promise<void> {
    this.#isStopped = true
    await super.stop(options)
  }
}
