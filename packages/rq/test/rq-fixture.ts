import { type RedisFixture, redisFixture } from '@rq/testkit'
import { Queue, SimpleWorker, type WorkerOptions, type WorkOptions } from '../src/index.ts'
import { noted } from './functions.ts'

/** The servers of tests, which webhooks may not call by default. */
export const LOCAL_WEBHOOKS = { allow: ['127.0.0.1'] }

export interface RqFixture extends AsyncDisposable {
  readonly redis: RedisFixture
  /** The options that say where Redis is: `{ connection, prefix }`. */
  readonly where: { readonly connection: string; readonly prefix: string }
  /** Options for functions that close nothing (`Job.fetch`): the test's own client. */
  readonly shared: { readonly connection: RedisFixture['client']; readonly prefix: string }
  readonly queue: Queue
  /** Open a queue, which is closed with the fixture. */
  open(name: string, options?: ConstructorParameters<typeof Queue>[1]): Queue
  /**
   * Run the jobs of these queues (default: `default`) in this process until they are empty, by default without a
   * scheduler.
   * @returns whether there were any.
   */
  work(queues?: readonly string[], options?: WorkOptions & Omit<WorkerOptions, 'prefix'>): Promise<boolean>
  /** The full key of a name without prefix, to write or read state directly. */
  key(name: string): string
  /** All keys without the prefix, except for the records that workers leave for a minute. */
  keys(): Promise<string[]>
  /** End the leases of a queue, as if their worker had died. */
  endLeases(queue?: string): Promise<void>
}

/**
 * A queue on a key prefix of its own, and workers for it. As with every `redisFixture`, a test fails if it leaves a
 * state that violates an invariant; `tolerate` excludes the violations that the test causes on purpose.
 *
 * `work` uses a `SimpleWorker`, since horses of other kinds cannot load the functions of `functions.ts`: they have no
 * loader for TypeScript. A test that needs a process or thread writes its functions into a project of its own
 * (`makeProject`).
 */
export async function rqFixture(tolerate?: RegExp): Promise<RqFixture> {
  const redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
  const where = { connection: redis.url, prefix: redis.prefix }
  const opened: Queue[] = []
  const open: RqFixture['open'] = (name, options) => {
    const queue = new Queue(name, { ...where, ...options })
    opened.push(queue)
    return queue
  }
  const key = (name: string) => `${redis.prefix}${name}`
  noted.length = 0
  return {
    redis,
    where,
    shared: { connection: redis.client, prefix: redis.prefix },
    queue: open('default'),
    open,
    key,
    async work(queues = ['default'], options = {}) {
      const { burst = true, maxJobs, maxIdleTime, dequeueStrategy, withScheduler = false, ...workerOptions } = options
      const worker = new SimpleWorker([...queues], {
        ...where,
        leaseMs: 5000,
        webhooks: LOCAL_WEBHOOKS,
        ...workerOptions,
      })
      return worker.work({
        burst,
        ...(maxJobs !== undefined && { maxJobs }),
        ...(maxIdleTime !== undefined && { maxIdleTime }),
        ...(dequeueStrategy !== undefined && { dequeueStrategy }),
        withScheduler,
      })
    },
    async keys() {
      const keys = (await redis.keys()).map((name) => name.slice(redis.prefix.length))
      return keys.filter((name) => !name.startsWith('worker:'))
    },
    async endLeases(queue = 'default') {
      const wip = key(`wip:${queue}`)
      const members = await redis.client.zrange(wip, 0, '-1')
      for (const member of members) await redis.client.zadd(wip, '1', member)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((queue) => queue.close()))
      await redis[Symbol.asyncDispose]()
    },
  }
}
