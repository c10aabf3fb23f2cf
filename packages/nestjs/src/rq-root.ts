import type { OnApplicationShutdown } from '@nestjs/common'
import { Queue } from 'rq'
import { checkModuleOptions, type RqModuleOptions, type RqQueueOptions } from './module-options.ts'

/** What `RqModule.forRoot()` provides to the whole application: its options and its queues. */
export class RqRoot implements OnApplicationShutdown {
  readonly options: RqModuleOptions
  readonly #queues: Queue[] = []

  /** Does not connect. @throws RqError `RQ_INVALID_OPTION`. */
  constructor(options: RqModuleOptions) {
    this.options = checkModuleOptions(options ?? {})
  }

  /** Open a queue. All queues with the same connection share one. @throws RqError `RQ_INVALID_OPTION`. */
  openQueue({ name, ...own }: RqQueueOptions): Queue {
    const { worker: _, ...shared } = this.options
    const queue = new Queue(name, { ...shared, ...own })
    this.#queues.push(queue)
    return queue
  }

  hasQueue(name: string): boolean {
    return this.#queues.some((queue) => queue.name === name)
  }

  /** The last step of the end of an application, so that providers may still enqueue when they are destroyed. */
  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.#queues.splice(0).map((queue) => queue.close()))
  }
}
