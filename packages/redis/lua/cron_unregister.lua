#!lua flags=allow-oom
--- Take a cron scheduler off the list. Its record can be read a little longer.
-- @key schedulers zset of names by last heartbeat
-- @key record hash
-- @arg name string
-- @arg ttlS int of the record from now
-- @reply int 1 if it was listed

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, ttlS = ARGV[1], ARGV[2]

redis.call('EXPIRE', recordKey, ttlS)
return redis.call('ZREM', schedulersKey, name)
