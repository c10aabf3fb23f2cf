import { type RedisFixture, redisFixture } from '@rq/testkit'
import { Queue, SimpleWorker, type WorkerOptions, type WorkOptions } from '../src/index.ts'
import { noted } from './functions.ts'

export interface House extends AsyncDisposable {
  readonly redis: RedisFixture
  /** What everything of rq takes: `{ connection, prefix }`. */
  readonly where: { readonly connection: string; readonly prefix: string }
  /** For functions that have nothing to close (`Job.fetch`): the test's own client. */
  readonly shared: { readonly connection: RedisFixture['client']; readonly prefix: string }
  readonly queue: Queue
  /** A queue that is closed with the house. */
  open(name: string, options?: ConstructorParameters<typeof Queue>[1]): Queue
  /** Work off what waits in these queues (default: `default`), in this process. Returns whether there was any. */
  work(
    queues?: readonly string[],
    options?: WorkOptions & Omit<WorkerOptions, 'connection' | 'prefix'>,
  ): Promise<boolean>
  /** Write the state that a test begins with, or read one: the key without its prefix. */
  key(name: string): string
  /** All keys without the prefix, but for the records that workers leave for a minute. */
  keys(): Promise<string[]>
  /** Let the leases of a queue end, as if their worker had died. */
  endLeases(queue?: string): Promise<void>
}

/**
 * A queue of its own, and workers for it. As with every `redisFixture`, the state that it leaves must be one that can be;
 * `tolerate` takes out lines of `findViolations` that the test brought about on purpose.
 */
export async function house(tolerate?: RegExp): Promise<House> {
  const redis = await redisFixture(tolerate === undefined ? {} : { tolerate })
  const where = { connection: redis.url, prefix: redis.prefix }
  const opened: Queue[] = []
  const open: House['open'] = (name, options) => {
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
      const { burst = true, maxJobs, maxIdleTime, dequeueStrategy, withScheduler, ...workerOptions } = options
      const worker = new SimpleWorker([...queues], { ...where, leaseMs: 5000, ...workerOptions })
      return worker.work({
        burst,
        ...(maxJobs !== undefined && { maxJobs }),
        ...(maxIdleTime !== undefined && { maxIdleTime }),
        ...(dequeueStrategy !== undefined && { dequeueStrategy }),
        ...(withScheduler !== undefined && { withScheduler }),
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
