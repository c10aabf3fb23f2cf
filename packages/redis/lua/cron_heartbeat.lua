#!lua flags=allow-oom
--- Renew the entry and the record of a cron scheduler, unless another living instance has its name by now. Write them
-- again if they are gone.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @key record     hash rq:cron_scheduler:<s>
-- @arg name     string
-- @arg instance string
-- @arg leaseMs  int without a heartbeat for this long one of ours counts as dead
-- @arg staleMs  int without a heartbeat for this long one of another program counts as dead
-- @arg ttlS     int of the record
-- @arg fields... value of the record
-- @reply {[name: 'held' | 'taken', nowMs: int]} Redis's time in ms
-- @include lib/cron_scheduler

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, instance, leaseMs, staleMs, ttlS = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

local _, nowMs = clock()
if otherScheduler(schedulersKey, recordKey, name, instance, nowMs, leaseMs, staleMs) then return { 'taken', nowMs } end
writeScheduler(schedulersKey, recordKey, name, instance, nowMs, ttlS, { unpack(ARGV, 6) })
return { 'held', nowMs }
