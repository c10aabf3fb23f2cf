#!lua flags=allow-oom
--- Drop the entries of a registry whose job is gone.
-- @key registry zset rq:deferred:<q>
-- @arg prefix string
-- @arg first  int index
-- @arg last   int index
-- @reply {int} number of entries dropped
local registryKey = KEYS[1]
local prefix, first, last = ARGV[1], ARGV[2], ARGV[3]

local dropped = 0
for _, id in ipairs(redis.call('ZRANGE', registryKey, first, last)) do
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 0 then dropped = dropped + redis.call('ZREM', registryKey, id) end
end
return dropped
