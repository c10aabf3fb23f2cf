import { redisFixture } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { RedisStorage, storageSource } from '../src/index.ts'

const OTHER_REPLIES = [
  { enableAutoPipelining: true },
  { enableOfflineQueue: false },
  { stringNumbers: true },
  { replyMapping: 'resp3', protocol: 3 },
] as const

/** The options of the fixture's connection. */
function optionsOf(client: Redis): RedisOptions {
  const { host, port, username, password } = client.options
  return { host: String(host), port: Number(port), username: String(username), password: String(password) }
}

describe('options of ioredis that change replies or their order', () => {
  it.each(OTHER_REPLIES)('have no effect where rq makes the client: %o', async (own) => {
    await using redis = await redisFixture()
    const connection = { ...optionsOf(redis.client), ...own, autoResubscribe: false }
    await using storage = new RedisStorage({ connection, prefix: redis.prefix })
    // The first call is sent before there is a connection.
    expect(await storage.queues.enqueue([newJob({ id: 'a' })])).toEqual(['queued'])
    expect(await Promise.all([storage.jobs.fetch(['a']), storage.queues.count('default')])).toMatchObject([
      [{ id: 'a' }],
      1,
    ])
  })

  it.each<RedisOptions>(OTHER_REPLIES)('are refused by name in a client that is given: %o', (own) => {
    const client = new Redis({ ...own, lazyConnect: true } as object)
    const cluster = new Cluster([{}], { redisOptions: own as object, lazyConnect: true })
    for (const connection of [client, cluster]) {
      expect(() => new RedisStorage({ connection })).toThrow(
        expect.objectContaining({
          code: 'RQ_CONFIG',
          message: expect.stringContaining(`option ${Object.keys(own)[0]}: ${Object.values(own)[0]}`),
        }),
      )
    }
  })
})

it('misspelt options are refused by name', () => {
  for (const [connection, code, message] of [
    [{ hots: 'h' }, 'RQ_INVALID_OPTION', /option name of the connection: got "hots", expected 'host'/],
    [{ host: 'h', passwrod: 'secret' }, 'RQ_INVALID_OPTION', /got "passwrod", expected 'password'\.$/],
  ] as const) {
    expect(() => new RedisStorage({ connection: connection as object })).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    )
  }
})

it('options of other clients, which would lead to localhost, are refused by name', () => {
  for (const [connection, instead] of [
    [{ url: 'redis://h' }, 'the URL itself'],
    [{ socket: { host: 'h' } }, 'host and port'],
    [{ database: 2 }, 'db'],
  ] as const) {
    const [name] = Object.keys(connection)
    expect(() => new RedisStorage({ connection: connection as object })).toThrow(
      expect.objectContaining({ code: 'RQ_CONFIG', message: expect.stringMatching(`no option ${name}.*${instead}`) }),
    )
  }
})

describe('options that name no host', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('use the place of the environment, as no options at all do', () => {
    vi.stubEnv('RQ_REDIS_URL', 'redis://h:7000/2')
    expect(new RedisStorage({ connection: {} }).where).toBe('redis://h:7000/2')
    expect(new RedisStorage({ connection: { db: 3, connectTimeout: 100 } }).where).toBe('redis://h:7000/3')
    expect(storageSource({ connection: { db: 3 } })?.options.connection).toEqual({ host: 'h', port: 7000, db: 3 })
    expect(new RedisStorage({ connection: { port: 1 } }).where).toBe('redis://localhost:1/0')
  })

  it.each([undefined, '', null])('are refused where the host is %j, as of a variable that is not set', (host) => {
    expect(() => new RedisStorage({ connection: { host: host as string, port: 6379 } })).toThrow(
      expect.objectContaining({ code: 'RQ_CONFIG', message: expect.stringContaining('The option host') }),
    )
  })
})
