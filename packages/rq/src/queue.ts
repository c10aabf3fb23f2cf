import {
  Queue as BaseQueue,
  type QueueOptions as BaseQueueOptions,
  type NamedQueueCounts,
  QUEUE_OPTION_NAMES,
} from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import {
  type Connected,
  type ConnectionOptions,
  checkNames,
  connectedNames,
  sharedStorage,
  splitConnection,
} from './connection.ts'

export interface QueueOptions extends Connected<BaseQueueOptions> {}

/** The names of {@link QueueOptions}. */
export const QUEUE_NAMES = connectedNames(QUEUE_OPTION_NAMES)

/**
 * A queue on Redis. It connects at its first use. All queues of a process with the same `connection` share one
 * connection, and one more to listen; `close()` of the last one closes them.
 */
export class Queue extends BaseQueue {
  readonly #connection: ConnectionOptions

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG` for an invalid URL. */
  constructor(name?: string, options: QueueOptions = {}) {
    const [connection, rest] = splitConnection(checkNames(options, QUEUE_NAMES, 'Queue'))
    super(name, { ...rest, storage: new RedisStorage(connection), ownsStorage: true })
    this.#connection = connection
  }

  /**
   * Its connection and prefix, which a worker of this queue uses by default. A getter, so that a password is not
   * printed.
   */
  get connectionOptions(): ConnectionOptions {
    return this.#connection
  }

  /** All queues that were ever enqueued to, whatever their names: see the option `anyName`. */
  static override async all(options: QueueOptions = {}): Promise<Queue[]> {
    const names = await sharedStorage(checkNames(options, QUEUE_NAMES, 'Queue.all')).queues.queueNames()
    return names.map((name) => new Queue(name, { ...options, anyName: true }))
  }

  /**
   * How many jobs each of these queues has in each place, in their order, and how long the next one has waited: a call
   * to Redis for each 100 queues. Expired jobs are not counted, and not removed. A queue that does not exist has none.
   * @param names default: all queues that were ever enqueued to, sorted by name.
   * @throws RqError `RQ_INVALID_OPTION`.
   */
  static override async counts(names?: readonly string[], options: QueueOptions = {}): Promise<NamedQueueCounts[]> {
    const { serializer } = checkNames(options, QUEUE_NAMES, 'Queue.counts')
    return BaseQueue.counts(names, { storage: sharedStorage(options), ...(serializer !== undefined && { serializer }) })
  }
}

/** The options of a worker, with the connection of the first `Queue` among its queues if they have none. */
export function withConnectionOf<O extends ConnectionOptions>(queues: unknown, options: O): O {
  if (options.connection !== undefined) return options
  const queue = [queues].flat().find((one) => one instanceof Queue)
  return queue === undefined ? options : { ...queue.connectionOptions, ...options }
}
