/** What each role of docs/acl.md needs; a test compares the two. Subcommands stand behind a space: `client id`. */
interface RoleRights {
  readonly commands: readonly string[]
  /** Kinds of channels. */
  readonly channels: readonly string[]
}

const words = (text: string): readonly string[] => text.split(/,\s*/)

export const ROLE_RIGHTS: Readonly<Record<string, RoleRights>> = {
  producer: {
    commands:
      words(`client id, client info, client unblock, del, eval, evalsha, exec, exists, expire, get, hdel, hexists,
      hget, hgetall, hincrby, hlen, hmget, hrandfield, hscan, hset, hsetnx, hstrlen, info, llen, lpop, lpos,
      lpush, lrange, lrem, lset, memory usage, mget, multi, persist, pexpire, ping, pttl, publish, rename,
      rpush, sadd, scard, set, sismember, smembers, spop, srandmember, srem, sscan, subscribe, sunionstore,
      time, type, unlink, unsubscribe, xadd, xread, xrevrange, zadd, zcard, zcount, zrange, zrank, zrem,
      zremrangebyrank, zrevrange, zscore`),
    channels: ['notify', 'events', 'listeners', 'pubsub'],
  },
  worker: {
    commands:
      words(`blmove, client caching, client id, client info, client tracking, client unblock, del, eval, evalsha, exists, expire,
      get, hdel, hexists, hget, hgetall, hincrby, hincrbyfloat, hlen, hmget, hrandfield, hscan, hset,
      hsetnx, hstrlen, info, llen, lpop, lpos, lpush, lrange, lrem, lset, memory usage, mget, persist,
      pexpire, ping, pttl, publish, rename, rpush, sadd, scard, set, sismember, smembers, spop, srandmember,
      srem, sscan, subscribe, sunionstore, time, type, unlink, unsubscribe, xadd, xrevrange, zadd, zcard,
      zcount, zrange, zrangebyscore, zrank, zrem, zremrangebyrank, zremrangebyscore, zrevrange,
      zrevrangebyscore, zscan, zscore`),
    channels: ['notify', 'events', 'listeners', 'pubsub'],
  },
  scheduler: {
    commands: words(`del, eval, evalsha, exists, expire, get, hdel, hexists, hget, hgetall, hincrby, hlen, hmget,
      hrandfield, hset, hstrlen, info, lpos, lpush, lrem, persist, pexpire, ping, pttl, publish, rename,
      rpush, sadd, scard, set, smembers, spop, srandmember, srem, sscan, subscribe, sunionstore, time, type,
      unlink, unsubscribe, xadd, zadd, zcard, zcount, zrange, zrangebyscore, zrem, zremrangebyrank,
      zremrangebyscore, zrevrange, zscore`),
    channels: ['notify'],
  },
  dashboard: {
    commands: words(`eval, evalsha, exists, get, hexists, hget, hgetall, hlen, hmget, hstrlen, info, llen, lpos, lrange,
      memory usage, mget, ping, scard, sismember, smembers, srandmember, sscan, time, type, xrevrange,
      zcard, zcount, zrange, zrank, zrevrange, zscore`),
    channels: [],
  },
  exporter: {
    commands: words(`eval, evalsha, exists, hget, hgetall, info, llen, lrange, mget, ping, scard, smembers, sscan, time,
      zcard, zcount, zrange`),
    channels: [],
  },
}

/**
 * What each role lacks. `missing`: commands and channels (`&rq:notify:*`) that a user may not use.
 */
export function missingOf(missing: readonly string[]): Record<string, readonly string[]> {
  const lacks = ({ channels, commands }: RoleRights): readonly string[] =>
    missing.filter((right) => {
      if (right.startsWith('&')) return channels.some((kind) => right.endsWith(`${kind}:*`))
      return commands.includes(right)
    })
  return Object.fromEntries(Object.entries(ROLE_RIGHTS).map(([role, rights]) => [role, lacks(rights)]))
}
