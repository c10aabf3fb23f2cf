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
   * Lines of `findViolations` that the test brings about on purpose. Default: none. False: the state is not one of rq, and not
   * looked at.
   */
  tolerate?: RegExp | false
}

export interface RedisFixture extends AsyncDisposable {
  /** Where the code under test connects to. */
  readonly url: string
  /** The `prefix` option for the code under test: `t1a2b3c4d:`. */
  readonly prefix: string
  /** A client of the test's own. */
  readonly client: Redis
  /** One more client. The test closes it. */
  connect(): Redis
  /** All keys under the prefix, sorted. */
  keys(): Promise<string[]>
  /** The whole state under the prefix. */
  dump(): Promise<RedisDump>
}

/** A connection that is being closed is given so long. */
const CLOSING_MS = 3000

/** What would reach beyond the prefix, or stop the server for everybody. */
const FORBIDDEN =
  '-flushall -flushdb -swapdb -shutdown -debug -monitor -acl -module -replicaof -slaveof -failover -save -bgsave ' +
  '-bgrewriteaof -config|set -config|rewrite -config|resetstat -client|pause -client|unpause -script|flush -function|flush'

/**
 * A place in the run's Redis that belongs to this test alone: `await using redis = await redisFixture()`. On the shared
 * server its URL is that of a user who can reach only keys and channels under `prefix`, so a key outside of it is an
 * error in the test that wrote it.
 *
 * Disposal looks at the state that the test leaves, and deletes the keys.
 * @throws at disposal when that state is none that can be (`findViolations`), or a connection is still open that this test opened
 *   through `url` or `connect()`.
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
      if (violations.length > 0) throw new Error(`The test left a state that cannot be:\n${violations.join('\n')}`)
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
    '+@all',
    ...FORBIDDEN.split(' '),
  )
  return url.href
}

/** The connections of one user, or all but `admin` on a server of the test's own. */
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
