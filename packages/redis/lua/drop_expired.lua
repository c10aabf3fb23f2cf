#!lua flags=allow-oom
--- Drop the entries of a registry whose time is over.
-- @key registry zset with expiry times as scores
-- @reply int how many were dropped

local registryKey = KEYS[1]
return redis.call('ZREMRANGEBYSCORE', registryKey, 0, redis.call('TIME')[1])
