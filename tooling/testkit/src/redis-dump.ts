import type { Redis } from 'ioredis'

/** A string; a Buffer where the bytes are not UTF-8. */
export type RedisText = string | Buffer

export type RedisValue =
  | { type: 'string'; ttl: number; value: RedisText }
  | { type: 'list'; ttl: number; value: RedisText[] }
  | { type: 'set'; ttl: number; value: RedisText[] }
  | { type: 'zset'; ttl: number; value: Record<string, number> }
  | { type: 'hash'; ttl: number; value: Record<string, RedisText> }
  | { type: 'stream'; ttl: number; value: { id: string; fields: Record<string, RedisText> }[] }

/**
 * All keys of a test with their type, value and time to live in seconds, rounded up (-1 = none). The test's prefix is
 * replaced by `rq:`, in the names of keys and at the start of every string, so that a test can compare the state with
 * one written by hand. Sets are sorted.
 */
export type RedisDump = Record<string, RedisValue>

export async function dumpRedis(client: Redis, prefix: string): Promise<RedisDump> {
  const keys = (await client.keys(`${prefix}*`)).sort()
  const text = (bytes: Buffer): RedisText => readText(bytes, prefix)
  const entries = keys.map(async (key) => {
    const [type, ttlMs] = await Promise.all([client.type(key), client.pttl(key)])
    const ttl = ttlMs < 0 ? ttlMs : Math.ceil(ttlMs / 1000)
    return [String(text(Buffer.from(key))), { type, ttl, value: await readValue(client, key, type, text) }] as const
  })
  return Object.fromEntries(await Promise.all(entries)) as RedisDump
}

async function readValue(
  client: Redis,
  key: string,
  type: string,
  text: (bytes: Buffer) => RedisText,
): Promise<unknown> {
  switch (type) {
    case 'string':
      return text((await client.getBuffer(key)) ?? Buffer.alloc(0))
    case 'list':
      return (await client.lrangeBuffer(key, 0, -1)).map(text)
    case 'set':
      return (await client.smembersBuffer(key)).map(text).sort()
    case 'zset':
      return scores((await client.zrangeBuffer(key, '0', '-1', 'WITHSCORES')) as Buffer[], text)
    case 'hash':
      return record(Object.entries(await client.hgetallBuffer(key)).flat(), text)
    case 'stream': {
      const entries = await client.xrangeBuffer(key, '-', '+')
      return entries.map(([id, fields]) => ({ id: String(id), fields: record(fields, text) }))
    }
    default:
      throw new Error(`${key} is a ${type}, a type that rq never writes.`)
  }
}

function scores(flat: Buffer[], text: (bytes: Buffer) => RedisText): Record<string, number> {
  return Object.fromEntries(pairs(flat).map(([member, score]) => [text(member), Number(score)]))
}

function record(flat: readonly (Buffer | string)[], text: (bytes: Buffer) => RedisText): Record<string, RedisText> {
  return Object.fromEntries(pairs(flat).map(([name, value]) => [text(Buffer.from(name)), text(Buffer.from(value))]))
}

function pairs<T>(flat: readonly T[]): [T, T][] {
  const found: [T, T][] = []
  for (let i = 0; i + 1 < flat.length; i += 2) found.push([flat[i] as T, flat[i + 1] as T])
  return found
}

function readText(bytes: Buffer, prefix: string): RedisText {
  const text = bytes.toString('utf8')
  if (!Buffer.from(text, 'utf8').equals(bytes)) return bytes
  return text.startsWith(prefix) ? `rq:${text.slice(prefix.length)}` : text
}
