import type { Redis } from 'ioredis'

/** A key at one moment. `ttlMs` -1 = it does not expire. */
export type SnapshotKey = { readonly ttlMs: number } & (
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'list' | 'set'; readonly value: readonly string[] }
  | { readonly type: 'zset'; readonly value: ReadonlyMap<string, number> }
  | { readonly type: 'hash'; readonly value: ReadonlyMap<string, string> }
  | { readonly type: 'stream'; readonly value: readonly ReadonlyMap<string, string>[] }
)

/** All keys under a prefix; their names are without the prefix. */
export interface RedisSnapshot {
  /** Redis's time, epoch seconds. */
  readonly nowS: number
  readonly keys: ReadonlyMap<string, SnapshotKey>
}

const READ = `
local time = redis.call('TIME')
local found = { time[1] .. '.' .. string.format('%06d', time[2]) }
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local type = redis.call('TYPE', key).ok
  local value = {}
  if type == 'string' then value = redis.call('GET', key)
  elseif type == 'list' then value = redis.call('LRANGE', key, 0, -1)
  elseif type == 'set' then value = redis.call('SMEMBERS', key)
  elseif type == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  elseif type == 'hash' then value = redis.call('HGETALL', key)
  elseif type == 'stream' then
    for n, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do value[n] = entry[2] end
  end
  found[#found + 1] = { key, type, redis.call('PTTL', key), value }
end
return found`

type Reply = [nowS: string, ...keys: [key: string, type: SnapshotKey['type'], ttlMs: number, value: unknown][]]

/** Read all keys under a prefix in one atomic step, so that no write comes in between. */
export async function snapshotRedis(client: Redis, prefix: string): Promise<RedisSnapshot> {
  const [nowS, ...rows] = (await client.eval(READ, 0, prefix)) as Reply
  const keys = rows.map(
    ([key, type, ttlMs, value]) => [key.slice(prefix.length), { type, ttlMs, value: shape(type, value) }] as const,
  )
  return { nowS: Number(nowS), keys: new Map(keys as (readonly [string, SnapshotKey])[]) }
}

function shape(type: SnapshotKey['type'], value: unknown): unknown {
  if (type === 'hash') return new Map(pairs(value as string[]))
  if (type === 'stream') return (value as string[][]).map((fields) => new Map(pairs(fields)))
  if (type === 'zset') return new Map(pairs(value as string[]).map(([member, score]) => [member, numberOf(score)]))
  return value
}

function numberOf(score: string): number {
  return score.endsWith('inf') ? Number.POSITIVE_INFINITY * (score.startsWith('-') ? -1 : 1) : Number(score)
}

function pairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, n) => [flat[2 * n] ?? '', flat[2 * n + 1] ?? ''])
}
