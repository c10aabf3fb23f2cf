#!lua flags=allow-oom
--- Drop entries of a registry whose job is gone.
-- @key registry zset rq:failed:<q>
-- @arg prefix string
-- @arg ids... string entries to look at
-- @reply {int} number of entries dropped
local registryKey = KEYS[1]
local prefix = ARGV[1]

local dropped = 0
for at = 2, #ARGV do
  if redis.call('EXISTS', prefix .. 'job:' .. ARGV[at]) == 0 then
    dropped = dropped + redis.call('ZREM', registryKey, ARGV[at])
  end
end
return dropped
