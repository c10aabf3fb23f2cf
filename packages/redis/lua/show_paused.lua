#!lua flags=allow-oom
--- Write into a worker's record which of its queues are paused, unless the record is gone or that of another instance.
-- @key worker hash rq:worker:<w>
-- @arg instance string
-- @arg paused   string names of queues, joined by commas; empty: none
-- @reply {flag} 1 if the record was the worker's
-- @include lib/attempt

local workerKey = KEYS[1]
local instance, paused = ARGV[1], ARGV[2]

if attempt('HGET', workerKey, 'instance') ~= instance then return 0 end
if paused == '' then
  redis.call('HDEL', workerKey, 'paused')
else
  redis.call('HSET', workerKey, 'paused', paused)
end
return 1
