#!lua flags=allow-oom
--- Claim up to `want` queued jobs for a worker and lease them, unless workers are suspended.
-- @key suspended string rq:suspended exists while workers are suspended
-- @arg prefix  string
-- @arg stamp   string ISO time of the start
-- @arg want    int
-- @arg worker  string
-- @arg leaseMs int
-- @arg largest int bytes that a value of a job may have, see lib/claimed
-- @arg executionBase string random; execution ids begin with it
-- @arg shown string state that the worker's record shows, or empty, see lib/worker_state
-- @arg queues... string names, in order of service
-- @reply {bytes} the word suspended or again (see lib/claim), or what lib/claimed packs
-- @include lib/claim
-- @include lib/worker_state

local suspendedKey = KEYS[1]
local prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local leaseMs, largest, executionBase, shown = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]

if redis.call('EXISTS', suspendedKey) == 1 then
  showState(prefix, worker, shown, 'suspended')
  return 'suspended'
end
local claimed = claim(prefix, 9, #ARGV, want, worker, leaseMs, stamp, executionBase, largest)
showState(prefix, worker, shown, claimed)
return claimed.err and claimed or pack(claimed)
