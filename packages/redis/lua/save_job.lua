#!lua
--- Write a job's record and put the job nowhere. Its status stays; a new job is `created`.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @arg fields... value
-- @reply {'done'}
-- @include lib/expiring

local jobKey = KEYS[1]
local prefix, id = ARGV[1], ARGV[2]

-- A claim starts what it finds in a queue.
if redis.call('HSETNX', jobKey, 'status', 'created') == 1 then removeLeftOver(prefix, id) end
redis.call('HSET', jobKey, unpack(ARGV, 3))
return 'done'
