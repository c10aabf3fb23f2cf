#!lua
--- Register a cron scheduler, unless a live one has its name.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @key record     hash rq:cron_scheduler:<s>
-- @arg name   string
-- @arg staleS int without a heartbeat for this long a scheduler counts as dead
-- @arg ttlS   int of the record
-- @arg fields... value of the record, pid and hostname among them
-- @reply {'registered' | 'taken'}
-- @include lib/time

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, staleS, ttlS = ARGV[1], tonumber(ARGV[2]), ARGV[3]

local nowS, nowMs = clock()
local beat = redis.call('ZSCORE', schedulersKey, name)
if beat and tonumber(beat) > nowS - staleS then
  -- The same process may register again: its first reply was lost.
  local fields = {}
  for at = 4, #ARGV, 2 do fields[ARGV[at]] = ARGV[at + 1] end
  local known = redis.call('HMGET', recordKey, 'pid', 'hostname')
  if known[1] and (known[1] ~= fields.pid or known[2] ~= fields.hostname) then return 'taken' end
end
redis.call('ZADD', schedulersKey, score(nowMs), name)
redis.call('HSET', recordKey, unpack(ARGV, 4))
redis.call('EXPIRE', recordKey, ttlS)
return 'registered'
