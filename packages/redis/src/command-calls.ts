/**
 * A whole call of every command that rq sends, itself or in scripts, but for those that need a channel. The name is
 * what stands before a slash; `%k` is a key. When Redis 7.0 is asked for the right to a call that lacks words, it reads
 * behind its end and crashes: so each is complete, and `command-calls.redis` asks a server whether it is.
 */
export const COMMAND_CALLS: readonly string[] = [
  ...['blmove/%k %k LEFT RIGHT 1', 'client caching/yes', 'client id', 'client info', 'client tracking/on'],
  ...['client unblock/1', 'del/%k'],
  ...['eval/return 1 %k', `evalsha/${'0'.repeat(40)} 1 %k`, 'exec', 'exists/%k', 'expire/%k 1', 'get/%k', 'hdel/%k f'],
  ...['hexists/%k f', 'hget/%k f', 'hgetall/%k', 'hincrby/%k f 1', 'hincrbyfloat/%k f 1', 'hlen/%k', 'hmget/%k f'],
  ...['hrandfield/%k', 'hscan/%k 0', 'hset/%k f v', 'hsetnx/%k f v', 'hstrlen/%k f', 'info', 'llen/%k', 'lpop/%k'],
  ...['lpos/%k m', 'lpush/%k m', 'lrange/%k 0 1', 'lrem/%k 1 m', 'lset/%k 0 m', 'memory usage/%k', 'mget/%k', 'multi'],
  ...['persist/%k', 'pexpire/%k 1', 'ping', 'pttl/%k', 'rename/%k %k', 'rpush/%k m', 'sadd/%k m', 'scard/%k'],
  ...['set/%k v', 'sismember/%k m', 'smembers/%k', 'spop/%k', 'srandmember/%k', 'srem/%k m', 'sscan/%k 0'],
  ...['sunionstore/%k %k', 'time', 'type/%k', 'unlink/%k', 'xadd/%k * f v', 'xread/STREAMS %k 0', 'xrevrange/%k + -'],
  ...['zadd/%k 1 m', 'zcard/%k', 'zcount/%k 0 1', 'zrange/%k 0 1', 'zrangebyscore/%k 0 1', 'zrank/%k m', 'zrem/%k m'],
  ...['zremrangebyrank/%k 0 1', 'zremrangebyscore/%k 0 1', 'zrevrange/%k 0 1', 'zrevrangebyscore/%k 1 0'],
  ...['zscan/%k 0', 'zscore/%k m'],
]
