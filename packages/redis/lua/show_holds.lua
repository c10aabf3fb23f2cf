#!lua flags=allow-oom
--- Write into a worker's record which of its queues it claims nothing from, unless the record is gone or that of
-- another instance.
-- @key worker hash rq:worker:<w>
-- @arg instance string
-- @arg paused   string names of queues, joined by commas; empty: none
-- @arg held     string those that canClaim holds back, each as reason:since:name, joined by commas; empty: none
-- @reply {flag} 1 if the record was the worker's
-- @include lib/attempt

local workerKey = KEYS[1]
local instance, paused, held = ARGV[1], ARGV[2], ARGV[3]

local function show(field, value)
  if value == '' then
    redis.call('HDEL', workerKey, field)
  else
    redis.call('HSET', workerKey, field, value)
  end
end

if attempt('HGET', workerKey, 'instance') ~= instance then return 0 end
show('paused', paused)
show('held', held)
return 1
