import { eventually, type OwnRedis, ownClient, startRedis } from '@rq/testkit'
import { Queue } from 'rq'
import { expect, test } from 'vitest'
import { MemoryHost } from './memory-host.ts'

const MANY = 300
const names = Array.from({ length: MANY }, (_, n) => `q${String(n).padStart(3, '0')}`)

/** What a command of the command line has a server do. */
interface Traffic {
  readonly out: string
  /** Commands that it sends, but for those of a new connection. */
  readonly sent: number
  /** Commands that scripts run for it, on average for a queue. */
  readonly inScripts: number
}

/** A server of its own: others count what other tests send as well. */
class ManyQueues implements AsyncDisposable {
  readonly #server: OwnRedis
  readonly #queues: readonly Queue[]

  private constructor(server: OwnRedis) {
    this.#server = server
    this.#queues = names.map((name) => new Queue(name, { connection: server.url }))
  }

  static async open(): Promise<ManyQueues> {
    const many = new ManyQueues(await startRedis())
    for (const queue of many.#queues) await queue.enqueue('jobs.echo', [], { jobId: queue.name })
    return many
  }

  async run(...args: string[]): Promise<Traffic> {
    using admin = ownClient(this.#server.url)
    // A connection that a static function keeps, and scripts that the server knows.
    await this.#run(args)
    await admin.config('RESETSTAT')
    const out = await this.#run(args)
    const stats = await admin.info('commandstats')
    const calls = (name: string) => Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(stats)?.[1] ?? 0)
    const inScripts = calls('llen') + calls('zcard') + calls('zcount') + calls('mget') + calls('time')
    const direct = ['smembers', 'evalsha', 'exists', 'lrange', 'zrange', 'zrevrange'].map(calls)
    // The script that counts looks at the head of each queue.
    const sent = direct.reduce((sum, one) => sum + one, 0) - MANY
    return { out, sent, inScripts: inScripts / MANY }
  }

  async connections(): Promise<number> {
    using admin = ownClient(this.#server.url)
    return Number(/^connected_clients:(\d+)/m.exec(await admin.info('clients'))?.[1]) - 1
  }

  async #run(args: readonly string[]): Promise<string> {
    const host = new MemoryHost({ env: { RQ_REDIS_URL: this.#server.url } })
    const code = await host.run(...args)
    if (code !== 0) throw new Error(host.err)
    return host.out
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.close()))
    await this.#server[Symbol.asyncDispose]()
  }
}

test('info counts many queues over one connection, a hundred in each call', async () => {
  await using many = await ManyQueues.open()
  const { out, sent, inScripts } = await many.run('info', '--json')
  expect(JSON.parse(out).totals).toEqual({ queues: MANY, jobs: MANY, workers: 0 })
  // The queues, the workers, whether they are suspended, and three calls for the queues.
  expect(sent).toBe(6)
  expect(inScripts).toBeLessThan(8)
  // All producers of this process, the command line among them.
  await eventually(async () => (await many.connections()) === 1)
})

test('jobs looks only where there are jobs, and no further than its limit', async () => {
  await using many = await ManyQueues.open()
  const { out, sent } = await many.run('jobs', '--limit', '5', '--json')
  const { total, jobs } = JSON.parse(out)
  expect({ total, ids: jobs.map(({ id }: { id: string }) => id) }).toEqual({ total: MANY, ids: names.slice(0, 5) })
  // The queues, three calls to count, and two for each queue that has one of the jobs.
  expect(sent).toBe(14)
})

test('Queue.counts refuses what is no list of names', async () => {
  const where = { connection: 'redis://127.0.0.1:1' }
  for (const names of ['a,b', [1], [null]]) {
    await expect(Queue.counts(names as never, where)).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
  }
  await expect(Queue.counts([], { ...where, kinds: [] } as never)).rejects.toMatchObject({ code: 'RQ_INVALID_OPTION' })
})
