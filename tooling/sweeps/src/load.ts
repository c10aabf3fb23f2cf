import { setTimeout as delay } from 'node:timers/promises'
import { RqError } from '@rq/core'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'

export interface LoadOptions {
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  /** The file in which jobs note their runs. */
  readonly file: string
}

/** Between the jobs of one moment and the next. */
const PAUSE_MS = 10

/** A producer that enqueues small jobs one by one, and remembers outside of Redis which of them were acknowledged. */
export class Load implements AsyncDisposable {
  readonly acknowledged: string[] = []
  /**
   * Codes of the errors that it got. After each one it enqueued another job: the refused one may be stored all the
   * same, and would run twice.
   */
  readonly refusals: string[] = []
  readonly #file: string
  readonly #storage: RedisStorage
  readonly #queues: readonly Queue[]
  #serial = 0
  #stopping = false
  #running: Promise<void> | undefined

  constructor({ url, prefix, queues, file }: LoadOptions) {
    this.#file = file
    const storage = new RedisStorage({ connection: url, prefix })
    this.#storage = storage
    this.#queues = queues.map((name) => new Queue(name, { storage }))
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Resolves when the last job was acknowledged. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#storage.close()
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await Promise.all(this.#queues.map((queue) => this.#enqueue(queue)))
      await delay(PAUSE_MS)
    }
  }

  async #enqueue(queue: Queue): Promise<void> {
    for (;;) {
      this.#serial += 1
      const id = `job${this.#serial}`
      try {
        await queue.enqueue('./jobs#work', [this.#file, id], { jobId: id })
        this.acknowledged.push(id)
        return
      } catch (error) {
        // People correct refused credentials, and then the same call works.
        if (!(error instanceof RqError) || !(error.retryable || error.code === 'RQ_REDIS_AUTH')) throw error
        this.refusals.push(error.code)
        await delay(20)
      }
    }
  }
}
