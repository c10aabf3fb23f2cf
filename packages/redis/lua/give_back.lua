#!lua flags=allow-oom
--- Put claimed jobs that were never begun back at the head of their queues, in the order given; no attempt is spent.
-- @key queues set of queue keys; only says where the keys are
-- @arg prefix string
-- @arg leases... string per job: queue, job id, execution id
-- @reply int how many were put back
-- @include lib/push
-- @include lib/schedule

local prefix = ARGV[1]
local returned = 0
for at = #ARGV - 2, 2, -3 do
  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local key = prefix .. 'job:' .. id
  redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution)
  local held = redis.call('HMGET', key, 'execution_id', 'status', 'ttl')
  if held[1] == execution and held[2] == 'started' then
    redis.call('HSET', key, 'status', 'queued')
    redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')
    push(prefix, queue, id, true)
    if tonumber(held[3]) then expireAfter(prefix, id, held[3]) end
    returned = returned + 1
  end
end
return returned
