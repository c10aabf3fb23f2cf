import { type RedisFixture, redisFixture } from '@rq/testkit'
import { type Job, Queue, SimpleWorker } from 'rq'
import { MemoryHost, type MemoryHostOptions } from './memory-host.ts'

/** A command line with a folder and a key prefix of its own, and rq on the same keys. */
export class CliFixture implements AsyncDisposable {
  readonly redis: RedisFixture
  readonly #folder: string
  readonly #queues = new Map<string, Queue>()

  private constructor(redis: RedisFixture, folder: string) {
    this.redis = redis
    this.#folder = folder
  }

  /** `tolerate`: faults of the keys that the test makes itself, which rq would not write. */
  static async open(folder: string, tolerate?: RegExp): Promise<CliFixture> {
    return new CliFixture(await redisFixture(tolerate === undefined ? {} : { tolerate }), folder)
  }

  /**
   * Not the fixture's own user: static methods such as `Job.fetch` keep one connection for the life of the process,
   * which the fixture would report as a leak.
   */
  readonly url = process.env.RQ_TEST_REDIS_URL ?? ''

  get where() {
    return { connection: this.url, prefix: this.redis.prefix }
  }

  queue(name = 'default'): Queue {
    const queue = this.#queues.get(name) ?? new Queue(name, this.where)
    this.#queues.set(name, queue)
    return queue
  }

  host(options: MemoryHostOptions = {}): MemoryHost {
    const env = { RQ_REDIS_URL: this.url, ...options.env }
    return new MemoryHost({ folder: this.#folder, ...options, env })
  }

  async run([command = '', ...args]: readonly string[], options: MemoryHostOptions = {}) {
    const host = this.host(options)
    const code = await host.run(command, '--prefix', this.redis.prefix, ...args)
    return { code, out: host.out, err: host.err, questions: host.questions }
  }

  /** Runs `enqueue` and fetches the job. @throws Error unless it succeeds. */
  async enqueued(...args: string[]): Promise<Job> {
    const { code, out, err } = await this.run(['enqueue', ...args])
    if (err !== '' || code !== 0) throw new Error(`enqueue ended with ${code}: ${err}`)
    const id = /with job-id '(.*)'\.\n$/.exec(out)?.[1] ?? ''
    const found = await Promise.all(['default', 'low'].map((name) => this.queue(name).fetchJob(id)))
    const job = found.find((one) => one !== null)
    if (job === undefined || job === null) throw new Error(`No job in: ${out}`)
    return job
  }

  /** A worker in this process, with the functions of the folder. */
  worker(names: string | readonly string[] = 'default', name?: string): SimpleWorker {
    return new SimpleWorker(names, { ...this.where, importPaths: [this.#folder], ...(name !== undefined && { name }) })
  }

  /** Run all queued jobs in this process. */
  async burst(...queues: string[]): Promise<void> {
    await this.worker(queues.length === 0 ? 'default' : queues).work({ burst: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close()
    await this.redis[Symbol.asyncDispose]()
  }
}
