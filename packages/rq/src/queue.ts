import { Queue as BaseQueue, type QueueOptions as BaseQueueOptions } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { type Connected, type ConnectionOptions, sharedStorage, splitConnection } from './connection.ts'

export type QueueOptions = Connected<BaseQueueOptions>

/** A queue on Redis. Connects at its first use; `close()` closes what it opened. */
export class Queue extends BaseQueue {
  readonly #connection: ConnectionOptions

  /** @throws RqError `RQ_INVALID_OPTION`, `RQ_CONFIG` for a URL that is none. Connects to nothing. */
  constructor(name?: string, options: QueueOptions = {}) {
    const [connection, rest] = splitConnection(options)
    super(name, { ...rest, storage: new RedisStorage(connection), ownsStorage: true })
    this.#connection = connection
  }

  /** Where it is; a worker that is given this queue and no connection goes there too. No field, since it may hold a password. */
  get connectionOptions(): ConnectionOptions {
    return this.#connection
  }

  /** Every queue that was ever enqueued to. */
  static override async all(options: QueueOptions = {}): Promise<Queue[]> {
    const names = await sharedStorage(options).queues.queueNames()
    return names.map((name) => new Queue(name, options))
  }
}

/** The options of a worker. Without a connection of their own they get that of the first `Queue` among the queues. */
export function withConnectionOf<O extends ConnectionOptions>(queues: unknown, options: O): O {
  if (options.connection !== undefined) return options
  const queue = [queues].flat().find((one) => one instanceof Queue)
  return queue === undefined ? options : { ...queue.connectionOptions, ...options }
}
