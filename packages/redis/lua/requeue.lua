#!lua
--- Put a failed or stopped job back into its queue.
-- @key job hash rq:job:<id>
-- @arg prefix  string
-- @arg id      string
-- @arg stamp   string ISO time
-- @arg atFront flag
-- @arg queue   string whose failed registry has the job; if the job is gone, its entry there is dropped. Or empty
-- @reply {'done' | 'missing' | 'refused'} refused: not in the failed registry
-- @include lib/attempt
-- @include lib/place
-- @include lib/schedule
-- @include lib/unique_key

local jobKey = KEYS[1]
local prefix, id, stamp, atFront, registryQueue = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5]

local job = redis.call('HMGET', jobKey, 'origin', 'rate_limit_key', 'rate_limit_concurrency', 'ttl',
  'unique_key')
if redis.call('EXISTS', jobKey) == 0 then
  if registryQueue ~= '' then redis.call('ZREM', prefix .. 'failed:' .. registryQueue, id) end
  return 'missing'
end
if not job[1] or not redis.call('ZSCORE', prefix .. 'failed:' .. job[1], id) then return 'refused' end

-- First into its place: if the key of that is of another type, the job stays failed.
place(prefix, id, job[1], atFront, job[2] and job[3] and job[2], job[3], stamp)
redis.call('ZREM', prefix .. 'failed:' .. job[1], id)
redis.call('PERSIST', jobKey)
redis.call('PERSIST', jobKey .. ':dependents')
redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
redis.call('HDEL', jobKey, 'execution_id', 'abandoned_count', 'returned_ms', 'return_for_ms', 'exc_info', 'result')
redis.call('HSET', jobKey, 'started_at', '', 'ended_at', '')
attempt('SADD', prefix .. 'queues', prefix .. 'queue:' .. job[1])
if job[5] then
  -- It runs in any case; others of its key wait for it, unless one of them holds the key by now.
  local _, nowMs = clock()
  if not findHolder(prefix, job[1], job[5], nowMs) then takeKey(prefix, job[1], job[5], id, nowMs) end
end
if tonumber(job[4]) then expireAfter(prefix, id, job[4], job[1], job[2]) end
return 'done'
