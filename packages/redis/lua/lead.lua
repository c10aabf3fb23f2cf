#!lua flags=allow-oom
--- Lead the queues that no scheduler leads, and keep leading those led already: the locks live for one lease from now.
-- @key scheduler hash rq:scheduler:<s> written while it leads a queue
-- @arg prefix     string
-- @arg name       string of the scheduler
-- @arg leaseMs    int
-- @arg stamp      string ISO time
-- @arg recordTtlS int
-- @arg queueCount int
-- @arg rest... value queue names, then fields of the record
-- @reply {[led: string[], freeInMs: int]} the queues that it leads; ms until the first lock of another one ends,
--   at most leaseMs, which is also the answer when it leads all
-- @include lib/attempt

local schedulerKey = KEYS[1]
local prefix, name, leaseMs, stamp = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local recordTtlS, queueCount = ARGV[5], tonumber(ARGV[6])

local led, freeInMs = {}, tonumber(leaseMs)
for at = 7, 6 + queueCount do
  local lock = prefix .. 'scheduler-lock:' .. ARGV[at]
  -- A key of another type holds no name, so it is replaced.
  local holder = attempt('GET', lock)
  if not holder or holder == name then
    redis.call('SET', lock, name, 'PX', leaseMs)
    led[#led + 1] = ARGV[at]
  else
    local leftMs = redis.call('PTTL', lock)
    if leftMs >= 0 and leftMs < freeInMs then freeInMs = leftMs end
  end
end
if #led > 0 then
  local isWritten = attempt('HSET', schedulerKey, 'last_heartbeat', stamp, unpack(ARGV, 7 + queueCount))
  if not isWritten then
    redis.call('DEL', schedulerKey)
    redis.call('HSET', schedulerKey, 'last_heartbeat', stamp, unpack(ARGV, 7 + queueCount))
  end
  redis.call('EXPIRE', schedulerKey, recordTtlS)
end
return { led, freeInMs }
