#!lua flags=allow-oom
--- Drop workers that have died without a farewell, and whose record is gone since, from a set of workers.
-- @key workers set of worker keys
-- @arg members... string worker keys to look at
-- @reply int how many were dropped
local workersKey = KEYS[1]

local dropped = 0
for _, key in ipairs(ARGV) do
  if redis.call('EXISTS', key) == 0 then dropped = dropped + redis.call('SREM', workersKey, key) end
end
return dropped
