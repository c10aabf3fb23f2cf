#!lua flags=no-writes
--- Find the queues in which `recover` has something to do, so that an idle worker makes one call for all of its queues.
-- @key all set rq:queues only routes the call in a Cluster
-- @arg prefix  string
-- @arg leaseMs int
-- @arg sentMs  int as in recover
-- @arg queues... string names of queues, a thousand at most
-- @reply {[nowMs: int, stalled: flag, found: string[], configured: string[]]}
--   Redis's time in ms; 1 if Redis was paused or unreachable, and then nothing is found; the queues; those of all that
--   are configured
-- @include lib/attempt
-- @include lib/configured
-- @include lib/time

local prefix, leaseMs, sentMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local FIRST = 4

local _, nowMs = clock()
local configured = configuredQueues(prefix, FIRST, #ARGV)
if sentMs > 0 and nowMs - sentMs > leaseMs / 3 then return { nowMs, 1, {}, configured } end

--- Where Python workers leave jobs, and what `recover` remembers of those.
local function leftByPython(queue)
  return prefix .. 'queue:' .. queue .. ':intermediate', prefix .. 'stuck:' .. queue, prefix .. 'ready:' .. queue
end

local leases, left = {}, {}
for at = FIRST, #ARGV do
  leases[#leases + 1] = prefix .. 'wip:' .. ARGV[at]
  local list, stuck, ready = leftByPython(ARGV[at])
  left[#left + 1], left[#left + 2], left[#left + 3] = list, stuck, ready
end
-- All queues in one command each: most workers find none of these keys.
local hasLeases = redis.call('EXISTS', unpack(leases)) > 0
local hasLeft = redis.call('EXISTS', unpack(left)) > 0

--- Whether a lease has ended, or the key is no sorted set: `recover` says so.
local function hasEnded(key)
  local ended = attempt('ZCOUNT', key, 0, leaseScore(nowMs))
  return not ended or ended > 0
end

local found = {}
for at = FIRST, #ARGV do
  local isFound = hasLeases and hasEnded(leases[at - FIRST + 1])
  if isFound or hasLeft and redis.call('EXISTS', leftByPython(ARGV[at])) > 0 then found[#found + 1] = ARGV[at] end
end
return { nowMs, 0, found, configured }
