import { randomHex } from '@rq/core'
import { Redis } from 'ioredis'
import { atTestEnd } from './at-test-end.ts'
import { eventually } from './eventually.ts'
import { findViolations } from './invariants.ts'
import { dumpRedis, type RedisDump } from './redis-dump.ts'

export interface RedisFixtureOptions {
  /** A server from `startRedis()`. Default: the one of the whole run, shared with all other test files. */
  url?: string
  /**
   * Lines of `findViolations` that the test causes on purpose. Default: none. False: the keys are not those of rq, and
   * are not checked.
   */
  tolerate?: RegExp | false
}

export interface RedisFixture extends AsyncDisposable {
  /** Where the code under test connects to. */
  readonly url: string
  /** The `prefix` option for the code under test: `t1a2b3c4d:`. */
  readonly prefix: string
  /** A client for the test itself. */
  readonly client: Redis
  /** Opens one more client, which the test closes. */
  connect(): Redis
  /** Returns all keys under the prefix, sorted. */
  keys(): Promise<string[]>
  /** Returns the whole state under the prefix. */
  dump(): Promise<RedisDump>
}

/** How long a connection may take to close. */
const CLOSING_MS = 3000

/** Commands that reach beyond the prefix, or affect the server as a whole. */
const FORBIDDEN =
  '-flushall -flushdb -swapdb -shutdown -debug -monitor -acl -module -replicaof -slaveof -failover -save -bgsave ' +
  '-bgrewriteaof -config|set -config|rewrite -config|resetstat -client|pause -client|unpause -script|flush -function|flush'

/**
 * Reserve a key prefix in the run's Redis for this test: `await using redis = await redisFixture()`. On the shared
 * server its URL has a user who can reach only keys and channels under `prefix`, so a key outside of it is an error in
 * the test that writes it.
 *
 * Disposal checks the state that the test leaves, and deletes the keys.
 * @throws at disposal when `findViolations` finds something, or a connection that the test opened through `url` or
 *   `connect()` is still open.
 */
export async function redisFixture(options: RedisFixtureOptions = {}): Promise<RedisFixture> {
  const name = `t${randomHex().slice(0, 12)}`
  const prefix = `${name}:`
  const admin = new Redis(options.url ?? sharedUrl())
  const url = options.url ?? (await addUser(admin, name, prefix))
  const client = new Redis(url)
  const tearDown = async (): Promise<void> => {
    client.disconnect()
    try {
      const left = await connectionsLeft(admin, options.url === undefined ? name : undefined)
      const violations = await violationsLeft(admin, prefix, options.tolerate)
      const keys = await admin.keys(`${prefix}*`)
      if (keys.length > 0) await admin.unlink(keys)
      if (options.url === undefined) await admin.acl('DELUSER', name)
      if (left.length > 0) throw new Error(`${left.length} Redis connection(s) left open:\n${left.join('\n')}`)
      if (violations.length > 0) throw new Error(`The test left an invalid state:\n${violations.join('\n')}`)
    } finally {
      admin.disconnect()
    }
  }
  let tornDown: Promise<void> | undefined
  atTestEnd(async () => {
    if (tornDown === undefined) await tearDown()
  })
  return {
    url,
    prefix,
    client,
    connect: () => new Redis(url),
    keys: async () => (await admin.keys(`${prefix}*`)).sort(),
    dump: () => dumpRedis(admin, prefix),
    async [Symbol.asyncDispose]() {
      tornDown ??= tearDown()
      await tornDown
    },
  }
}

async function violationsLeft(admin: Redis, prefix: string, tolerate: RegExp | false = /^$/): Promise<string[]> {
  if (tolerate === false) return []
  return (await findViolations(admin, prefix)).filter((text) => !tolerate.test(text))
}

function sharedUrl(): string {
  const url = process.env.RQ_TEST_REDIS_URL
  if (url === undefined)
    throw new Error('No RQ_TEST_REDIS_URL: run this test through the vitest.config.ts of the workspace.')
  return url
}

async function addUser(admin: Redis, name: string, prefix: string): Promise<string> {
  const url = new URL(sharedUrl())
  url.username = name
  url.password = randomHex()
  await admin.acl(
    'SETUSER',
    name,
    'on',
    `>${url.password}`,
    `~${prefix}*`,
    `&${prefix}*`,
    '&__redis__:invalidate',
    '+@all',
    ...FORBIDDEN.split(' '),
  )
  return url.href
}

/** Lists the connections of a user; on a server of the test's own, all but that of `admin`. */
async function connectionsLeft(admin: Redis, user: string | undefined): Promise<string[]> {
  const own = await admin.client('ID')
  const look = async (): Promise<string[]> => {
    const lines = String(await admin.client('LIST'))
      .trim()
      .split('\n')
    return lines.filter((line) =>
      user === undefined ? !line.startsWith(`id=${own} `) : line.includes(` user=${user} `),
    )
  }
  try {
    await eventually(async () => (await look()).length === 0, { timeoutMs: CLOSING_MS })
    return []
  } catch {
    return look()
  }
}
