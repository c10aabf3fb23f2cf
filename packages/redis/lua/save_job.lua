#!lua
--- Write a job's record without putting it anywhere. Its status stays; a new job is `created`.
-- @key job hash
-- @arg fields... string
-- @reply 'done'

local jobKey = KEYS[1]
redis.call('HSETNX', jobKey, 'status', 'created')
redis.call('HSET', jobKey, unpack(ARGV))
return 'done'
