import { deferred, type Logger } from '@rq/core'
import { Queue } from '@rq/queue'
import { RedisStorage } from '@rq/redis'
import { eventually, ownClient, patience, startRedis } from '@rq/testkit'
import { Worker } from '@rq/worker'
import type { Redis } from 'ioredis'
import { describe, expect, test, vi } from 'vitest'

/** Make the server refuse new clients. Connected ones stay connected. */
async function close(admin: Redis): Promise<void> {
  await admin.config('SET', 'maxclients', '1')
}

async function open(admin: Redis): Promise<void> {
  await admin.config('SET', 'maxclients', '100')
}

function listening(warned: (text: string) => void): Logger {
  const logger: Logger = { debug() {}, info() {}, warn: warned, error() {}, child: () => logger }
  return logger
}

describe('with a server that has as many clients as it allows', () => {
  test('a producer fails at once, and succeeds when there is room', async () => {
    await using redis = await startRedis()
    using admin = ownClient(redis.url)
    await using storage = new RedisStorage({ connection: redis.url })
    const queue = new Queue('default', { storage })
    await close(admin)
    await expect(queue.enqueue('jobs.add')).rejects.toMatchObject({
      code: 'RQ_REDIS_UNREACHABLE',
      retryable: true,
      message: expect.stringContaining('accepts no more connections: its maxclients is reached'),
    })
    // Three tries. Its connection goes on trying, in longer and longer intervals.
    expect(await rejected(admin)).toBeLessThan(6)
    await open(admin)
    await eventually(async () => expect(await queue.enqueue('jobs.add')).toHaveProperty('origin', 'default'))
  })

  test('a worker waits, also for connections that it had', async () => {
    await using redis = await startRedis()
    using admin = ownClient(redis.url)
    await using mine = new RedisStorage({ connection: redis.url })
    await using its = new RedisStorage({ connection: redis.url, role: 'worker' })
    const queue = new Queue('default', { storage: mine })
    const first = await queue.enqueue('add', [1, 2])
    const warned = deferred<string>()
    const functions = { add: (x: number, y: number) => x + y }
    const logger = listening((text) => warned.resolve(text))
    const worker = new Worker('default', { storage: its, horse: 'inline', functions, logger })
    await close(admin)
    const working = worker.work()
    expect(await warned.promise).toBe(
      'Listening for commands (stop, kill-horse, pause, resume, shutdown) failed; it will be retried',
    )
    expect(worker.isWorking).toBe(true)
    await open(admin)
    expect(await first.result({ timeout: patience(60) })).toBe(3)

    const before = await rejected(admin)
    await close(admin)
    for (const type of ['NORMAL', 'PUBSUB'] as const) await admin.call('CLIENT', 'KILL', 'TYPE', type)
    await eventually(async () => expect(await rejected(admin)).toBeGreaterThan(before + 4))
    await open(admin)
    const last = await eventually(async () => queue.enqueue('add', [3, 4]))
    expect(await last.result({ timeout: patience(60) })).toBe(7)
    await worker.stop()
    await working
  })
})

async function rejected(admin: Redis): Promise<number> {
  return Number(/^rejected_connections:(\d+)/m.exec(await admin.info('stats'))?.[1])
}

/** What a worker warns of that finds no jobs. */
async function warningsOfABurst(storage: RedisStorage): Promise<string[]> {
  const warned: string[] = []
  const asked = vi.spyOn(storage.admin, 'warnings')
  const logger = listening((text) => warned.push(text))
  await new Worker('default', { storage, horse: 'inline', logger }).work({ burst: true })
  // Nothing else waits for the answer, and the worker may leave before it comes.
  await eventually(() => expect(asked).toHaveResolved())
  return warned
}

describe('a maxmemory-policy', () => {
  test.each([
    ['allkeys-lru', ['is allkeys-lru: when its memory is full, it deletes keys and loses jobs. Set it to noeviction.']],
    ['noeviction', []],
  ])('%s: a worker says what it means for jobs', async (policy, warnings) => {
    await using redis = await startRedis({ args: ['--maxmemory-policy', policy] })
    await using storage = new RedisStorage({ connection: redis.url, role: 'worker' })
    const warned = await warningsOfABurst(storage)
    expect(warned).toEqual(warnings.map((text) => expect.stringContaining(text)))
  })

  test('that may not be asked for is not spoken of', async () => {
    await using redis = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] })
    using admin = ownClient(redis.url)
    await admin.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info', '-config')
    await using storage = new RedisStorage({ connection: `redis://app:secret@127.0.0.1:${redis.port}`, role: 'worker' })
    expect(await warningsOfABurst(storage)).toEqual([])
    expect(JSON.stringify(await admin.acl('LOG'))).toContain('info')
  })
})
