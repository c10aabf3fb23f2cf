import { setTimeout as delay } from 'node:timers/promises'
import { RqError } from '@rq/core'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'

export interface LoadOptions {
  readonly url: string
  readonly prefix: string
  readonly queues: readonly string[]
  /** Notes of the jobs' runs. */
  readonly file: string
}

/** A producer that enqueues one small job after the other, and remembers outside of Redis which ones were acknowledged. */
export class Load implements AsyncDisposable {
  readonly acknowledged: string[] = []
  /** Codes of the errors that it met. Each job that met one was enqueued again under the same id. */
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
      await delay(2)
    }
  }

  async #enqueue(queue: Queue): Promise<void> {
    this.#serial += 1
    const id = `job${this.#serial}`
    for (;;) {
      try {
        await queue.enqueue('./jobs#work', [this.#file, id], { jobId: id })
        this.acknowledged.push(id)
        return
      } catch (error) {
        // Refused credentials are put right by people, and then the same call is the right one again.
        if (!(error instanceof RqError) || !(error.retryable || error.code === 'RQ_REDIS_AUTH')) throw error
        this.refusals.push(error.code)
        await delay(20)
      }
    }
  }
}
