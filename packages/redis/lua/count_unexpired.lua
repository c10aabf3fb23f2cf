#!lua flags=no-writes
--- Count the entries of a registry that have not expired.
-- @key registry zset rq:finished:<q> with expiry times as scores; a negative one never expires
-- @reply {int}

local registryKey = KEYS[1]
return redis.call('ZCARD', registryKey) - redis.call('ZCOUNT', registryKey, 0, redis.call('TIME')[1])
