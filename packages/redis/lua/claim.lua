#!lua flags=allow-oom
--- Claim up to `want` queued jobs for a worker and lease them, unless workers are suspended.
-- @key suspended string rq:suspended exists while workers are suspended
-- @arg prefix  string
-- @arg stamp   string ISO time of the start
-- @arg want    int
-- @arg worker  string
-- @arg leaseMs int
-- @arg executionBase string random; execution ids begin with it
-- @arg queues... string names, in order of service
-- @reply {bytes} the word suspended or again (see lib/claim), or what lib/claimed packs
-- @include lib/claim

local suspendedKey = KEYS[1]
local prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local leaseMs, executionBase = tonumber(ARGV[5]), ARGV[6]

if redis.call('EXISTS', suspendedKey) == 1 then return 'suspended' end
return pack(claim(prefix, 7, #ARGV, want, worker, leaseMs, stamp, executionBase))
