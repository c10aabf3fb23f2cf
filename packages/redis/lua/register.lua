#!lua flags=allow-oom
--- Write a worker's record and list it, unless another instance has the name. The name of an instance that has sent no
-- heartbeat for the length of its lease is free. Other programs' workers write no `alive_until`: theirs is free when
-- the record is gone.
-- @key workers set rq:workers
-- @arg prefix     string
-- @arg name       string
-- @arg instance   string
-- @arg ttlS       int
-- @arg leaseMs    int
-- @arg queueCount int
-- @arg rest... value queue names, then fields of the record
-- @reply {[answer: 'registered' | 'taken', aliveUntil: string, leftMs: int, configured: string[]]}
--   of the instance that has the name: until when it counts as alive, which each of its heartbeats changes, or empty;
--   and how long that is; the worker's queues that are configured
-- @include lib/worker_name
-- @include lib/configured

local workersKey = KEYS[1]
local prefix, name, instance, ttlS, leaseMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local queueCount = tonumber(ARGV[6])
local firstQueue, lastQueue = 7, 6 + queueCount
local key = prefix .. 'worker:' .. name

-- The same instance may register again: its first reply was lost, or its record outlived a restart of Redis.
local _, nowMs = clock()
local other = otherInstance(key, instance, nowMs)
if other then
  local leftMs = other.untilMs and other.untilMs - nowMs or redis.call('PTTL', key)
  return { 'taken', other.aliveUntil or '', leftMs, {} }
end
redis.call('DEL', key)
redis.call('HSET', key, 'alive_until', score(nowMs + leaseMs), unpack(ARGV, lastQueue + 1))
redis.call('EXPIRE', key, ttlS)
attempt('SADD', workersKey, key)
for at = firstQueue, lastQueue do attempt('SADD', prefix .. 'workers:' .. ARGV[at], key) end
return { 'registered', '', 0, configuredQueues(prefix, firstQueue, lastQueue) }
