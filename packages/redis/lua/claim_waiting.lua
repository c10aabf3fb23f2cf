#!lua flags=allow-oom
--- Claim a job for a worker that waits. This is sent right behind a command that blocks until the queue has a job, so
-- it may run much later: it takes nothing for a worker that has left meanwhile, nor from a queue that the worker has
-- paused meanwhile, and finds the time of the start itself.
-- @key suspended string rq:suspended exists while workers are suspended
-- @arg prefix  string
-- @arg aheadMs int how far the worker's clock is ahead of Redis's, as far as it knows
-- @arg want    int
-- @arg worker  string
-- @arg instance string
-- @arg leaseMs int
-- @arg largest int bytes that a value of a job may have, see lib/claimed
-- @arg executionBase string random; execution ids begin with it
-- @arg shown string state that the worker's record shows, or empty, see lib/worker_state
-- @arg queue   string name
-- @reply {[claimed: bytes, isMore: int]}
--   the word suspended or again (see lib/claim), or what lib/claimed packs; 1 = the queue has more jobs
-- @include lib/attempt
-- @include lib/claim
-- @include lib/paused
-- @include lib/time
-- @include lib/time_text
-- @include lib/worker_state

local suspendedKey = KEYS[1]
local prefix, aheadMs, want, worker, instance = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local leaseMs, largest, executionBase, shown = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9]
local queueAt = 10

local record = attempt('HMGET', prefix .. 'worker:' .. worker, 'instance', 'death', 'paused') or {}
if record[1] ~= instance or record[2] or isPaused(record[3], ARGV[queueAt]) then return { pack({}), 0 } end
if redis.call('EXISTS', suspendedKey) == 1 then
  showState(prefix, worker, shown, 'suspended')
  return { 'suspended', 0 }
end
local _, nowMs = clock()
local stamp = timeText(nowMs + aheadMs)
local claimed = claim(prefix, queueAt, queueAt, want, worker, leaseMs, stamp, executionBase, largest)
showState(prefix, worker, shown, claimed)
if claimed.err then return claimed end
local isMore = #claimed > 0 and (attempt('LLEN', prefix .. 'queue:' .. ARGV[queueAt]) or 0) > 0
return { pack(claimed), isMore and 1 or 0 }
