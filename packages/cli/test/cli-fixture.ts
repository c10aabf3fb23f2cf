import { makeProject, type RedisFixture, redisFixture, type TempDir } from '@rq/testkit'
import { type Job, Queue, SimpleWorker, type WorkerOptions } from 'rq'
import { MemoryHost, type MemoryHostOptions } from './memory-host.ts'

/** The working directory of most tests. */
export const FILES = {
  'jobs.mjs': `
export const echo = (...values) => values
export const add = (x, y) => Number(x) + Number(y)
export const fails = () => { throw new RangeError('out of \\u001b[2Jrange') }
export const nothing = () => {}
`,
  'data.json': '{"from": ["file"]}',
}

interface CliFixtureOptions {
  /** The files of the working directory. */
  readonly files?: Readonly<Record<string, string>>
  /** Faults of the keys that the test makes itself, which rq would not write. */
  readonly tolerate?: RegExp
}

/** A command line with a folder and a key prefix of its own, and rq on the same keys. */
export class CliFixture implements AsyncDisposable {
  readonly redis: RedisFixture
  /** The working directory. */
  readonly project: TempDir
  readonly #queues = new Map<string, Queue>()

  private constructor(redis: RedisFixture, project: TempDir) {
    this.redis = redis
    this.project = project
  }

  static async open({ files = FILES, tolerate }: CliFixtureOptions = {}): Promise<CliFixture> {
    const project = await makeProject(files)
    return new CliFixture(await redisFixture(tolerate === undefined ? {} : { tolerate }), project)
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
    return new MemoryHost({ folder: this.project.dir, ...options, env })
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

  /** A worker in this process, with the functions of the folder, and `functions` by name. */
  worker(
    names: string | readonly string[] = 'default',
    name?: string,
    options: Pick<WorkerOptions, 'canClaim' | 'functions'> = {},
  ): SimpleWorker {
    return new SimpleWorker(names, {
      ...this.where,
      importPaths: [this.project.dir],
      functions: {},
      ...options,
      ...(name !== undefined && { name }),
    })
  }

  /** Run all queued jobs in this process. */
  async burst(...queues: string[]): Promise<void> {
    await this.worker(queues.length === 0 ? 'default' : queues).work({ burst: true })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close()
    await this.redis[Symbol.asyncDispose]()
    await this.project[Symbol.asyncDispose]()
  }
}
