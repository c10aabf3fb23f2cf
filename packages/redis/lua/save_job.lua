#!lua
--- Write a job's record and put the job nowhere. Its status stays; a new job is `created`.
-- @key job hash rq:job:<id>
-- @arg fields... value
-- @reply {'done'}

local jobKey = KEYS[1]
redis.call('HSETNX', jobKey, 'status', 'created')
redis.call('HSET', jobKey, unpack(ARGV))
return 'done'
