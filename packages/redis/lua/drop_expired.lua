#!lua flags=allow-oom
--- Drop entries of a registry that have expired, a page of them.
-- @key registry zset rq:finished:<q> with expiry times as scores; a negative one never expires
-- @arg most int
-- @reply {int} number of entries dropped; `most`: there may be more

local registryKey = KEYS[1]
local most = tonumber(ARGV[1])

local expired = math.min(most, redis.call('ZCOUNT', registryKey, 0, redis.call('TIME')[1]))
if expired == 0 then return 0 end
local first = redis.call('ZCOUNT', registryKey, '-inf', '(0')
return redis.call('ZREMRANGEBYRANK', registryKey, first, first + expired - 1)
