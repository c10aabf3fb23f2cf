#!lua flags=allow-oom
--- Drop the entries of a registry that have expired.
-- @key registry zset rq:finished:<q> with expiry times as scores
-- @reply {int} number of entries dropped

local registryKey = KEYS[1]
return redis.call('ZREMRANGEBYSCORE', registryKey, 0, redis.call('TIME')[1])
