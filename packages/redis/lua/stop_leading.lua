#!lua flags=allow-oom
--- Stop leading queues, and notify the schedulers that stand by. Locks of others stay.
-- @key scheduler hash rq:scheduler:<s>
-- @arg prefix string
-- @arg name   string of the scheduler
-- @arg queues... string names
-- @reply {int} 1 if the scheduler had a record
-- @include lib/attempt

local schedulerKey = KEYS[1]
local prefix, name = ARGV[1], ARGV[2]

for at = 3, #ARGV do
  local lock = prefix .. 'scheduler-lock:' .. ARGV[at]
  if attempt('GET', lock) == name then
    redis.call('DEL', lock)
    redis.call('PUBLISH', prefix .. 'notify:scheduler', ARGV[at])
  end
end
return redis.call('DEL', schedulerKey)
