#!lua
--- Register a cron scheduler, unless another living instance has its name.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @key record     hash rq:cron_scheduler:<s>
-- @arg name     string
-- @arg instance string
-- @arg leaseMs  int without a heartbeat for this long one of ours counts as dead
-- @arg staleMs  int without a heartbeat for this long one of another program counts as dead
-- @arg ttlS     int of the record
-- @arg fields... value of the record
-- @reply {[answer: 'registered' | 'taken', lastBeat: string, leftMs: int]}
--   of the instance that has the name: what each of its heartbeats changes, or empty; and how long it counts as alive
-- @include lib/cron_scheduler

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, instance, leaseMs, staleMs, ttlS = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

-- The same instance may register again: its first reply was lost.
local _, nowMs = clock()
local other = otherScheduler(schedulersKey, recordKey, name, instance, nowMs, leaseMs, staleMs)
if other then return { 'taken', other.lastBeat or '', other.leftMs } end
writeScheduler(schedulersKey, recordKey, name, instance, nowMs, ttlS, { unpack(ARGV, 6) })
return { 'registered', '', 0 }
