#!lua flags=allow-oom
--- Remove a cron scheduler from the list. Its record can be read a little longer.
-- @key schedulers zset rq:cron_schedulers names by last heartbeat
-- @key record     hash rq:cron_scheduler:<s>
-- @arg name string
-- @arg ttlS int of the record from now on
-- @reply {int} 1 if it was listed

local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, ttlS = ARGV[1], ARGV[2]

redis.call('EXPIRE', recordKey, ttlS)
return redis.call('ZREM', schedulersKey, name)
