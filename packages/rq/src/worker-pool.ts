import { invalidOption } from '@rq/core'
import {
  WorkerPool as BaseWorkerPool,
  type WorkerPoolOptions as BaseWorkerPoolOptions,
  checkMember,
  type DequeueStrategy,
  type MemberOptions,
  type QueueLike,
  workerMembers,
} from '@rq/worker'
import { type ConnectionOptions, splitConnection } from './connection.ts'
import { horseSource, withConnectionOf } from './worker.ts'

export interface WorkerPoolOptions
  extends MemberOptions,
    ConnectionOptions,
    Pick<BaseWorkerPoolOptions, 'numWorkers' | 'name' | 'logger'> {
  /** Default: queues are served in the order given. */
  dequeueStrategy?: DequeueStrategy
}

/** Several workers on Redis, each a process of its own, replaced when they die: `await new WorkerPool('default', { numWorkers: 4 }).start()`. */
export class WorkerPool extends BaseWorkerPool {
  /** @throws RqError `RQ_INVALID_OPTION`, also for a connection or options that cannot be told to another process. */
  constructor(queues: QueueLike | readonly QueueLike[], options: WorkerPoolOptions = {}) {
    const [connection, rest] = splitConnection(withConnectionOf(queues, options))
    const { numWorkers, name, logger, dequeueStrategy, ...worker } = rest
    const source = horseSource(connection)
    if (source === undefined) {
      throw invalidOption('connection', connection.connection, 'a URL or plain options, which other processes can use')
    }
    const start = workerMembers({
      queues: checkMember(queues, worker),
      storage: { ...source, options: { ...(source.options as object), role: 'worker' } },
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
  }
}
