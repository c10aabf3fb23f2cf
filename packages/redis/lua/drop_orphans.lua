#!lua flags=allow-oom
--- Drop entries of a registry whose job is gone. Those whose key is of another type are set aside.
-- @key registry zset rq:failed:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg ids... string entries to look at
-- @reply {int} number of entries dropped
-- @include lib/broken
local registryKey = KEYS[1]
local prefix, queue = ARGV[1], ARGV[2]

local dropped = 0
for at = 3, #ARGV do
  local id = ARGV[at]
  local kind = redis.call('TYPE', prefix .. 'job:' .. id).ok
  if kind ~= 'hash' then dropped = dropped + redis.call('ZREM', registryKey, id) end
  if kind ~= 'hash' and kind ~= 'none' then noteBroken(prefix, queue, id) end
end
return dropped
