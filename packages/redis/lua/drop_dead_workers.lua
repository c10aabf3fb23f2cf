#!lua flags=allow-oom
--- Drop workers whose record is gone from a set of workers: they died without unregistering.
-- @key workers set rq:workers
-- @arg members... string keys of workers to look at
-- @reply {int} number of workers dropped
local workersKey = KEYS[1]

local dropped = 0
for _, key in ipairs(ARGV) do
  if redis.call('EXISTS', key) == 0 then dropped = dropped + redis.call('SREM', workersKey, key) end
end
return dropped
