import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { Meter } from '../meter.ts'
import type { Measured, ServerAddress } from '../step.ts'
import type { FloorName } from './floors.ts'
import { PlainRedis } from './plain-redis.ts'

const ONE_BY_ONE = 20_000
const IN_BATCHES = 100_000
const BATCH = 200
const LIST = 1000
const DATA = '["./noop#noop",null,[1],{}]'
const ECHO = fileURLToPath(new URL('../../functions/line-echo.js', import.meta.url))

const WRITE = `
local ids = {}
for at = 1, #ARGV, 2 do
  ids[#ids + 1] = ARGV[at]
  redis.call('HSET', 'job:' .. ARGV[at], 'status', 'queued', 'created_at', '2026-01-01T00:00:00.000000Z',
    'data', ARGV[at + 1], 'origin', 'q', 'last_heartbeat', '', 'timeout', '180')
end
return redis.call('RPUSH', 'queue', unpack(ids))`

/** Settles the jobs of the arguments, then claims as many as KEYS[1] says: ids and data. */
const LOOP = `
local ended, leases = {}, {}
for at = 1, #ARGV, 2 do
  redis.call('HSET', 'job:' .. ARGV[at], 'status', 'finished', 'ended_at', '2026-01-01T00:00:00.000000Z',
    'result', ARGV[at + 1])
  redis.call('EXPIRE', 'job:' .. ARGV[at], 500)
  ended[#ended + 1] = 1
  ended[#ended + 1] = ARGV[at]
  leases[#leases + 1] = ARGV[at]
end
if #ended > 0 then
  redis.call('ZADD', 'finished', unpack(ended))
  redis.call('ZREM', 'leases', unpack(leases))
end
local ids = redis.call('LPOP', 'queue', KEYS[1])
if not ids then return {} end
local reply, taken = {}, {}
for n = 1, #ids do
  reply[2 * n - 1] = ids[n]
  reply[2 * n] = redis.call('HGET', 'job:' .. ids[n], 'data')
  taken[2 * n - 1] = 1
  taken[2 * n] = ids[n]
end
redis.call('ZADD', 'leases', unpack(taken))
return reply`

/** What a floor costs per job. */
export async function runFloor(name: string, server: ServerAddress): Promise<Measured> {
  return FLOOR_RUNS[name as FloorName](server)
}

const FLOOR_RUNS: Readonly<Record<FloorName, (server: ServerAddress) => Promise<Measured>>> = {
  'ping-socket': (server) => withPlain(server, async (redis) => awaited(server, () => redis.call('PING'))),
  async 'ping-client'(server) {
    const redis = new Redis(server.url)
    try {
      return await awaited(server, () => redis.ping())
    } finally {
      redis.disconnect()
    }
  },
  'empty-script': (server) =>
    withPlain(server, async (redis) => {
      const sha = await redis.load('return 1')
      return awaited(server, () => redis.call('EVALSHA', sha, 0))
    }),
  'echo-script': (server) =>
    withPlain(server, async (redis) => {
      const sha = await redis.load('return ARGV')
      return metered(server, IN_BATCHES, async () => {
        for (let n = 0; n < IN_BATCHES; n += BATCH) await redis.call('EVALSHA', sha, 0, ...jobs(n, BATCH))
      })
    }),
  'write-script': (server) => withPlain(server, (redis) => metered(server, IN_BATCHES, () => write(redis, IN_BATCHES))),
  'plain-loop': (server) =>
    withPlain(server, async (redis) => {
      await write(redis, IN_BATCHES)
      const sha = await redis.load(LOOP)
      return metered(server, IN_BATCHES, () => loop(redis, sha))
    }),
  async pipes(server) {
    const children = [1, 2].map(() => spawn(process.execPath, [ECHO], { stdio: ['pipe', 'pipe', 'inherit'] }))
    await Promise.all(children.map((child) => echo(child, BATCH)))
    const measured = await metered(server, IN_BATCHES, async () => {
      await Promise.all(children.map((child) => echo(child, IN_BATCHES / children.length)))
    })
    for (const child of children) child.kill()
    return measured
  },
}

async function withPlain(server: ServerAddress, run: (redis: PlainRedis) => Promise<Measured>): Promise<Measured> {
  const redis = await PlainRedis.open(server.url)
  try {
    return await run(redis)
  } finally {
    redis.close()
  }
}

async function awaited(server: ServerAddress, call: () => Promise<unknown>): Promise<Measured> {
  for (let n = 0; n < ONE_BY_ONE / 10; n++) await call()
  return metered(server, ONE_BY_ONE, async () => {
    for (let n = 0; n < ONE_BY_ONE; n++) await call()
  })
}

async function metered(server: ServerAddress, count: number, run: () => Promise<void>): Promise<Measured> {
  const meter = new Meter(server)
  await meter.start()
  await run()
  const { figures, others, seconds } = await meter.stop(count)
  return { figures: { rate: count / seconds, ...figures }, others }
}

/** The ids and data of so many jobs. */
function jobs(first: number, count: number): string[] {
  return Array.from({ length: count * 2 }, (_, n) => (n % 2 === 0 ? `${first + n / 2}`.padStart(26, '0') : DATA))
}

async function write(redis: PlainRedis, count: number): Promise<void> {
  const sha = await redis.load(WRITE)
  for (let n = 0; n < count; n += LIST) await redis.call('EVALSHA', sha, 0, ...jobs(n, LIST))
}

/** Two calls under way, as in a worker: one batch is read and run while Redis works on the other. */
async function loop(redis: PlainRedis, sha: string): Promise<void> {
  const half = async () => {
    let ended: string[] = []
    for (;;) {
      const claimed = (await redis.call('EVALSHA', sha, 1, BATCH, ...ended)) as string[]
      if (claimed.length === 0) return
      ended = claimed.map((text, n) => (n % 2 === 0 ? text : noop((JSON.parse(text) as [string, null, [number]])[2])))
    }
  }
  await Promise.all([half(), half()])
}

function noop([payload]: [number]): string {
  return String(payload)
}

/** Hands over lines, up to a batch ahead, until all are answered with two lines each. */
async function echo(child: ChildProcess, count: number): Promise<void> {
  const { stdin, stdout } = child
  if (stdin === null || stdout === null) throw new Error('No pipes.')
  let sent = 0
  let lines = 0
  const send = (upTo: number) => {
    const until = Math.min(count, upTo)
    if (until > sent) stdin.write(`${DATA}\n`.repeat(until - sent))
    sent = Math.max(sent, until)
  }
  stdout.setEncoding('latin1')
  send(BATCH)
  while (lines < 2 * count) {
    const [text] = (await once(stdout, 'data')) as [string]
    lines += text.split('\n').length - 1
    if (sent - lines / 2 < BATCH / 2) send(Math.floor(lines / 2) + BATCH)
  }
}
