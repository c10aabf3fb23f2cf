#!lua flags=allow-oom
--- Queue jobs that a Python worker found ready and left behind (RQ's ready registry).
-- @key ready zset rq:ready:<q>
-- @arg prefix string
-- @arg queue  string
-- @arg stamp  string ISO time
-- @arg most   int
-- @reply {int} number of entries removed
-- @include lib/ready

local prefix, queue, stamp, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

return drainReady(prefix, queue, '+inf', most, stamp)
